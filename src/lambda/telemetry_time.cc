#include "lambda/telemetry_time.h"

#include <cstddef>
#include <cstdint>

namespace sleipnir {
namespace {

constexpr int64_t kMsPerSecond = 1000;
constexpr int64_t kMsPerMinute = 60 * kMsPerSecond;
constexpr int64_t kMsPerHour = 60 * kMsPerMinute;
constexpr int64_t kMsPerDay = 24 * kMsPerHour;

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
  int64_t two(size_t at) {
    const unsigned tens = one(at);
    return static_cast<int64_t>(tens * 10 + one(at + 1));
  }
  bool all_digits() const { return seen < 16; }
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Days from 1970-01-01 to a Gregorian date. REQUIRES: year >= 1, month 1..12.
int64_t days_from_epoch(int64_t year, int64_t month, int64_t day) {
  // Years begin in March, so that the leap day is the last of its year.
  const int64_t march_year = month > 2 ? year : year - 1;
  const int64_t march_month = month > 2 ? month - 3 : month + 9;
  const int64_t days_in_year = (153 * march_month + 2) / 5 + day - 1;
  constexpr int64_t kMarchDaysToEpoch = 719468;
  return march_year * 365 + march_year / 4 - march_year / 100 + march_year / 400 + days_in_year - kMarchDaysToEpoch;
}

int64_t days_in_month(int64_t year, int64_t month) {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

// The first 19 bytes. REQUIRES: text.size() >= kSecondsBytes.
std::optional<int64_t> parse_seconds(std::string_view text) {
  Digits digits{text.data()};
  const int64_t year = digits.two(0) * 100 + digits.two(2);
  const int64_t month = digits.two(5);
  const int64_t day = digits.two(8);
  const int64_t hour = digits.two(11);
  const int64_t minute = digits.two(14);
  const int64_t second = digits.two(17);
  if (!digits.all_digits() || text[4] != '-' || text[7] != '-' || text[13] != ':' || text[16] != ':')
    return std::nullopt;
  if (text[10] != 'T' && text[10] != 't' && text[10] != ' ') return std::nullopt;
  if (year < 1970 || year > 2261 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) {
    return std::nullopt;
  }
  // 60: a leap second, told as the first second of the next minute.
  if (hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return days_from_epoch(year, month, day) * kMsPerDay + hour * kMsPerHour + minute * kMsPerMinute +
         second * kMsPerSecond;
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
