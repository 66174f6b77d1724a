#include "base/date.h"

#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <random>

namespace sleipnir::test {
namespace {

TEST_CASE("dates_are_those_of_the_c_library") {
  std::mt19937_64 random(7);
  const auto check = [](int64_t moment) {
    CAPTURE(moment);
    const auto when = static_cast<time_t>(moment);
    tm theirs{};
    REQUIRE(gmtime_r(&when, &theirs) != nullptr);
    const tm ours = date_of(moment);
    CHECK(ours.tm_year == theirs.tm_year);
    CHECK(ours.tm_mon == theirs.tm_mon);
    CHECK(ours.tm_mday == theirs.tm_mday);
    CHECK(ours.tm_hour == theirs.tm_hour);
    CHECK(ours.tm_min == theirs.tm_min);
    CHECK(ours.tm_sec == theirs.tm_sec);
    CHECK(unix_seconds_of(ours) == moment);
  };
  constexpr int64_t kFirst = -62135596800;  // 0001-01-01
  constexpr int64_t kLast = 253402300799;   // 9999-12-31 23:59:59
  for (const int64_t moment : {kFirst, kLast, int64_t{-1}, int64_t{0}, int64_t{951782399}, int64_t{951782400},
                               int64_t{951868800}, int64_t{4107542399}, int64_t{4107542400}})
    check(moment);
  for (int i = 0; i < 5000; i++) check(std::uniform_int_distribution<int64_t>(kFirst, kLast)(random));
}

TEST_CASE("months_have_the_days_of_the_calendar") {
  for (const int year : {1, 4, 100, 400, 1900, 1999, 2000, 2024, 2025, 2100, 9999}) {
    for (int month = 1; month <= 12; month++) {
      CAPTURE(year, month);
      const std::chrono::year_month_day_last last{
          std::chrono::year(year), std::chrono::month_day_last(std::chrono::month(static_cast<unsigned>(month)))};
      CHECK(days_in_month(year, month) == static_cast<int>(static_cast<unsigned>(last.day())));
    }
  }
}

}  // namespace
}  // namespace sleipnir::test
