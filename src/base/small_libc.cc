#include "base/small_libc.h"

#include <cstring>

namespace sleipnir::small_libc {

namespace {

constexpr int64_t kSecondsPerDay = 86400;
// Days from 0000-03-01 to 1970-01-01. Counted from March, the leap day is a year's last.
constexpr int64_t kEpochDay = 719468;
constexpr int64_t kDaysPer400Years = 146097;

// The value of a digit in any base; beyond all of them for what is none.
unsigned digit_of(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'z' ? static_cast<unsigned>(lower - 'a') + 10 : UINT8_MAX;
}

}  // namespace

uint64_t number(const char* text, char** end, int base) {
  const char* at = text;
  if ((base == 0 || base == 16) && at[0] == '0' && (at[1] == 'x' || at[1] == 'X') && digit_of(at[2]) < 16) {
    at += 2;
    base = 16;
  }
  if (base == 0) base = *at == '0' ? 8 : 10;
  const auto step = static_cast<unsigned>(base);
  uint64_t value = 0;
  for (unsigned digit = digit_of(*at); digit < step; digit = digit_of(*++at)) {
    value = value > (UINT64_MAX - digit) / step ? UINT64_MAX : value * step + digit;
  }
  if (end != nullptr) *end = const_cast<char*>(at);
  return value;
}

char* find_text(const char* text, const char* wanted) {
  const size_t bytes = strlen(wanted);
  for (; strncmp(text, wanted, bytes) != 0; text++) {
    if (*text == '\0') return nullptr;
  }
  return const_cast<char*>(text);
}

tm date_of(int64_t unix_seconds) {
  int64_t days = unix_seconds / kSecondsPerDay;
  int64_t seconds = unix_seconds % kSecondsPerDay;
  if (seconds < 0) {
    seconds += kSecondsPerDay;
    days--;
  }
  days += kEpochDay;
  const int64_t age = days / kDaysPer400Years;
  const int64_t day_of_age = days % kDaysPer400Years;
  const int64_t year_of_age = (day_of_age - day_of_age / 1460 + day_of_age / 36524 - day_of_age / 146096) / 365;
  const int64_t day_of_year = day_of_age - (365 * year_of_age + year_of_age / 4 - year_of_age / 100);
  const int64_t month = (5 * day_of_year + 2) / 153;  // 0 is March
  tm date{};
  date.tm_mday = static_cast<int>(day_of_year - (153 * month + 2) / 5 + 1);
  date.tm_mon = static_cast<int>(month < 10 ? month + 2 : month - 10);
  date.tm_year = static_cast<int>(age * 400 + year_of_age + (month < 10 ? 0 : 1) - 1900);
  date.tm_hour = static_cast<int>(seconds / 3600);
  date.tm_min = static_cast<int>(seconds / 60 % 60);
  date.tm_sec = static_cast<int>(seconds % 60);
  return date;
}

int64_t moment_of(const tm& date) {
  const int64_t month = date.tm_mon < 2 ? date.tm_mon + 10 : date.tm_mon - 2;  // 0 is March
  const int64_t year = date.tm_year + 1900 - (date.tm_mon < 2 ? 1 : 0);
  const int64_t days =
      365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + date.tm_mday - 1 - kEpochDay;
  return days * kSecondsPerDay + date.tm_hour * 3600 + date.tm_min * 60 + date.tm_sec;
}

}  // namespace sleipnir::small_libc
