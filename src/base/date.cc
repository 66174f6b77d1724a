#include "base/date.h"

namespace sleipnir {

namespace {

constexpr int64_t kSecondsPerDay = 86400;
// Days from 0000-03-01 to 1970-01-01. Counted from March, the leap day is a year's last.
constexpr int64_t kEpochDay = 719468;
constexpr int64_t kDaysPer400Years = 146097;

}  // namespace

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

int64_t unix_seconds_of(const tm& date) {
  const int64_t month = date.tm_mon < 2 ? date.tm_mon + 10 : date.tm_mon - 2;  // 0 is March
  const int64_t year = date.tm_year + 1900 - (date.tm_mon < 2 ? 1 : 0);
  const int64_t days =
      365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + date.tm_mday - 1 - kEpochDay;
  return days * kSecondsPerDay + date.tm_hour * 3600 + date.tm_min * 60 + date.tm_sec;
}

int days_in_month(int year, int month) {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

}  // namespace sleipnir
