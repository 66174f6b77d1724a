#include "lambda/telemetry_time.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/ascii.h"
#include "base/date.h"

namespace sleipnir {
namespace {

constexpr int64_t kMsPerSecond = 1000;
constexpr int64_t kMsPerMinute = 60 * kMsPerSecond;
constexpr int64_t kMsPerHour = 60 * kMsPerMinute;

constexpr size_t kSecondsBytes = 19;  // 2026-11-20T08:00:00
constexpr size_t kUsualBytes = 24;    // 2026-11-20T08:00:00.530Z

// Digits are gathered without branches: neither a digit's value nor that plus six has a bit above the lowest four; of
// any other byte one of them has.
struct Digits {
  const char* text;
  unsigned seen = 0;

  unsigned one(size_t at) {
    const unsigned value = static_cast<unsigned char>(text[at]) - static_cast<unsigned>('0');
    seen |= value | (value + 6);
    return value;
  }
  unsigned two(size_t at) {
    const unsigned tens = one(at);
    return tens * 10 + one(at + 1);
  }
  bool all_digits() const { return seen < 16; }
};

// The first 19 bytes. REQUIRES: text.size() >= kSecondsBytes.
std::optional<int64_t> parse_seconds(std::string_view text) {
  Digits digits{text.data()};
  const auto year = static_cast<int>(digits.two(0) * 100 + digits.two(2));
  const auto month = static_cast<int>(digits.two(5));
  const auto day = static_cast<int>(digits.two(8));
  const auto hour = static_cast<int>(digits.two(11));
  const auto minute = static_cast<int>(digits.two(14));
  const auto second = static_cast<int>(digits.two(17));
  if (!digits.all_digits() || text[4] != '-' || text[7] != '-' || text[13] != ':' || text[16] != ':')
    return std::nullopt;
  if (text[10] != 'T' && text[10] != 't' && text[10] != ' ') return std::nullopt;
  if (year < 1970 || year > 2261 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) {
    return std::nullopt;
  }
  // 60: a leap second, told as the first second of the next minute.
  if (hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return kMsPerSecond * unix_seconds_of({.tm_sec = second,
                                         .tm_min = minute,
                                         .tm_hour = hour,
                                         .tm_mday = day,
                                         .tm_mon = month - 1,
                                         .tm_year = year - 1900});
}

// `Z`, nothing, or an offset to be taken off, in milliseconds.
std::optional<int64_t> parse_offset(std::string_view text) {
  if (text.empty() || text == "Z" || text == "z") return 0;
  if (text[0] != '+' && text[0] != '-') return std::nullopt;
  const bool colon = text.size() == 6 && text[3] == ':';
  if (!colon && text.size() != 5) return std::nullopt;
  Digits digits{text.data()};
  const int64_t hours = digits.two(1);
  const int64_t minutes = digits.two(colon ? 4 : 3);
  if (!digits.all_digits() || hours > 23 || minutes > 59) return std::nullopt;
  const int64_t offset = hours * kMsPerHour + minutes * kMsPerMinute;
  return text[0] == '-' ? -offset : offset;
}

// The last five bytes of the usual form.
std::optional<int64_t> parse_usual_fraction(std::string_view text) {
  if (text[19] != '.' || text[23] != 'Z') return std::nullopt;
  Digits digits{text.data()};
  const int64_t fraction_ms = digits.two(20) * 10 + digits.one(22);
  return digits.all_digits() ? std::optional(fraction_ms) : std::nullopt;
}

}  // namespace

std::optional<WallTime> parse_telemetry_time(std::string_view text) {
  if (text.size() < kSecondsBytes) return std::nullopt;
  const std::optional<int64_t> seconds_ms = parse_seconds(text);
  if (!seconds_ms) return std::nullopt;
  int64_t ms = *seconds_ms;

  if (text.size() == kUsualBytes) {
    if (const std::optional<int64_t> fraction_ms = parse_usual_fraction(text))
      return wall_from_unix_ms(ms + *fraction_ms);
  }

  std::string_view rest = text.substr(kSecondsBytes);
  if (!rest.empty() && (rest[0] == '.' || rest[0] == ',' || rest[0] == ':')) {
    rest.remove_prefix(1);
    if (rest.empty() || !is_digit(rest[0])) return std::nullopt;
    for (int64_t unit = 100; !rest.empty() && is_digit(rest[0]); unit /= 10) {
      ms += unit * (rest[0] - '0');
      rest.remove_prefix(1);
    }
  }
  const std::optional<int64_t> offset = parse_offset(rest);
  if (!offset || ms - *offset < 0) return std::nullopt;
  return wall_from_unix_ms(ms - *offset);
}

std::optional<int64_t> TelemetryTimeReader::milliseconds(std::string_view text) {
  return parse_usual_fraction(text);
}

std::optional<WallTime> TelemetryTimeReader::read_other_second(std::string_view text) {
  const std::optional<WallTime> time = parse_telemetry_time(text);
  if (time && text.size() == kMillisecondsBytes) {
    if (const std::optional<int64_t> ms = parse_usual_fraction(text)) {
      memcpy(second_text_, text.data(), kSecondBytes);
      second_ = *time - Milliseconds(*ms);
    }
  }
  return time;
}

}  // namespace sleipnir
