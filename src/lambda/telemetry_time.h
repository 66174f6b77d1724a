// The time of a telemetry element: RFC 3339 text -> WallTime, to the millisecond. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/same_text.h"

namespace sleipnir {

// `2026-11-20T08:00:00.530Z` by fixed positions; otherwise leniently: a fraction of any length (cut to milliseconds),
// also after `,` or `:`; none; a space for the `T`; small letters; an offset such as `+01:00` or `-0530`; nothing at
// the end (UTC). Years 1970 to 2261, which is what WallTime can hold. Nothing for anything else.
std::optional<WallTime> parse_telemetry_time(std::string_view text);

// The same, remembering the second read last: in a busy body nearly every record is of the second of the one before.
class TelemetryTimeReader {
 public:
  std::optional<WallTime> read(std::string_view text) {
    if (text.size() == kMillisecondsBytes && same_text(text.substr(0, kSecondBytes), {second_text_, kSecondBytes})) {
      if (const std::optional<int64_t> ms = milliseconds(text)) return second_ + Milliseconds(*ms);
    }
    return read_other_second(text);
  }

 private:
  static constexpr size_t kSecondBytes = 19;        // 2026-11-20T08:00:00
  static constexpr size_t kMillisecondsBytes = 24;  // 2026-11-20T08:00:00.530Z

  static std::optional<int64_t> milliseconds(std::string_view text);
  std::optional<WallTime> read_other_second(std::string_view text);

  // The epoch to begin with: true like any other.
  char second_text_[kSecondBytes + 1] = "1970-01-01T00:00:00";
  WallTime second_{};
};

}  // namespace sleipnir
