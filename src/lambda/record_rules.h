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

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/name_value.h"
#include "base/text_pattern.h"
#include "lambda/telemetry_decoder.h"

namespace sleipnir {

class RecordRules {
 public:
  // Lambda itself splits lines at 256 KiB.
  static constexpr size_t kMaskedLineBytesMax = size_t{512} << 10;
  static constexpr size_t kMaskGrowthBytes = 1024;

  // `masks`: patterns, and what is put in their places. `drop_match` empty: nothing is filtered. Both outlive the
  // rules.
  RecordRules(std::span<const NameValue> masks, std::string_view drop_match);

  // Makes `decoded` one that is filtered, or masks its line, which then lives until the next call.
  void apply(Decoded& decoded);

 private:
  bool mask_text(std::string_view text, std::string& out);
  bool mask_json(std::string_view text, std::string& out);
  void append_masked(std::string& out, std::string_view with);

  const std::span<const NameValue> masks_;
  const std::string_view drop_match_;
  std::unique_ptr<std::optional<TextPattern>[]> patterns_;  // of the masks; nothing: it is none, and finds nothing
  // Bytes by which the line under way may still grow.
  size_t growth_left_ = 0;
  std::string decoded_;
  std::string value_;
  std::string masked_value_;
  std::string pass_;
  std::string line_;
};

}  // namespace sleipnir
