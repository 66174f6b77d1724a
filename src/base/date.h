// Moments as dates of the Gregorian calendar, UTC, and back; years 1 to 9999, no leap seconds. Pure.
#pragma once

#include <cstdint>
#include <ctime>

namespace sleipnir {

// tm_wday and tm_yday are 0.
tm date_of(int64_t unix_seconds);

// REQUIRES: the month within its range. Days, hours, minutes and seconds beyond theirs count on.
int64_t unix_seconds_of(const tm& date);

// `month` 1 to 12.
int days_in_month(int year, int month);

}  // namespace sleipnir
