// RecordRules: what of a function's lines is not to leave the environment: LOKI_DROP_MATCH and LOKI_MASK.
//
// Place in the flow: TelemetryDecoder -> RecordRules -> RecordSink; there is none where neither variable is set. Owned
// by the intake, loop thread. Lines of functions and extensions only: what the platform tells holds no data of theirs.
//
// A line that is JSON stays JSON: a mask is looked for within each string, escapes decoded, and within each number,
// true, false and null, which becomes a string when something of it is masked. Any other line is looked at as it is.
// Metadata are read from the line before that. The rules go one behind the other, each over what the last one left.
//
// Memory: the line comes out at most kMaskGrowthBytes and its own length longer; replacements beyond that are left
// out, what they were to replace all the same. A line over kMaskedLineBytesMax is not looked at but replaced as a
// whole.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/text_pattern.h"
#include "lambda/telemetry_decoder.h"

namespace sleipnir {

// One element of LOKI_MASK.
struct MaskSetting {
  std::string find;
  bool is_pattern = false;
  std::string with;

  std::optional<TextPattern> compile() const {
    return is_pattern ? TextPattern::parse(find) : TextPattern::literal(find);
  }
};

class RecordRules {
 public:
  // Lambda itself splits lines at 256 KiB.
  static constexpr size_t kMaskedLineBytesMax = size_t{512} << 10;
  static constexpr size_t kMaskGrowthBytes = 1024;

  // Settings that do not compile are left out. `drop_match` outlives the rules; empty: nothing is filtered.
  RecordRules(std::span<const MaskSetting> masks, std::string_view drop_match);

  // Makes `decoded` one that is filtered, or masks its line, which then lives until the next call.
  void apply(Decoded& decoded);

 private:
  struct Mask {
    TextPattern pattern;
    std::string with;
  };

  bool mask_text(std::string_view text, std::string& out);
  bool mask_json(std::string_view text, std::string& out);
  void append_masked(std::string& out, std::string_view with);

  const std::string_view drop_match_;
  std::vector<Mask> masks_;
  // Bytes by which the line under way may still grow.
  size_t growth_left_ = 0;
  std::string decoded_;
  std::string value_;
  std::string masked_value_;
  std::string pass_;
  std::string line_;
};

}  // namespace sleipnir
