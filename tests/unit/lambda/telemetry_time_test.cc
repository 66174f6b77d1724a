#include "lambda/telemetry_time.h"

#include <catch2/catch_test_macros.hpp>
#include <ctime>
#include <string>

namespace sleipnir {
namespace {

int64_t ms(std::string_view text) {
  const std::optional<WallTime> time = parse_telemetry_time(text);
  return time ? unix_ms(*time) : -1;
}

TEST_CASE("time_of_the_usual_form_is_read_to_the_millisecond") {
  CHECK(ms("1970-01-01T00:00:00.000Z") == 0);
  CHECK(ms("1970-01-01T00:00:00.001Z") == 1);
  CHECK(ms("2026-11-20T08:00:00.530Z") == 1795161600530);
  CHECK(ms("2000-02-29T23:59:59.999Z") == 951868799999);
  CHECK(ms("2024-12-31T23:59:59.000Z") == 1735689599000);
  CHECK(ms("2261-12-31T23:59:59.999Z") == 9214646399999);
}

TEST_CASE("time_agrees_with_the_c_library_on_every_day_of_a_century_and_more") {
  for (int64_t day = 0; day < 60000; ++day) {
    const time_t seconds = static_cast<time_t>(day * 86400 + day % 86400);
    tm parts = {};
    gmtime_r(&seconds, &parts);
    char text[32];
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.007Z", &parts);
    CAPTURE(text);
    REQUIRE(ms(text) == static_cast<int64_t>(seconds) * 1000 + 7);
  }
}

TEST_CASE("time_is_read_leniently") {
  const int64_t second = 1795161600000;
  CHECK(ms("2026-11-20T08:00:00Z") == second);
  CHECK(ms("2026-11-20T08:00:00") == second);
  CHECK(ms("2026-11-20 08:00:00.5") == second + 500);
  CHECK(ms("2026-11-20t08:00:00.5z") == second + 500);
  CHECK(ms("2026-11-20T08:00:00.12Z") == second + 120);
  CHECK(ms("2026-11-20T08:00:00.123456789Z") == second + 123);
  CHECK(ms("2026-11-20T08:00:00.9999999999999999999999Z") == second + 999);
  CHECK(ms("2026-11-20T08:00:00,250Z") == second + 250);
  CHECK(ms("2026-11-20T08:00:00:521Z") == second + 521);
  CHECK(ms("2026-11-20T09:30:00.000+01:30") == second);
  CHECK(ms("2026-11-20T02:30:00-0530") == second);
  CHECK(ms("2026-11-20T07:59:60.000Z") == second);
}

TEST_CASE("time_that_is_none_is_refused") {
  for (const std::string text : {"",
                                 "Z",
                                 "2026-11-20",
                                 "2026-11-20T08:00:0",
                                 "2026-11-20T08:00:00.Z",
                                 "2026-11-20T08:00:00.530ZZ",
                                 "2026-11-20T08:00:00.5x0Z",
                                 "2026-13-20T08:00:00.530Z",
                                 "2026-00-20T08:00:00.530Z",
                                 "2026-11-31T08:00:00.530Z",
                                 "2026-11-00T08:00:00.530Z",
                                 "2025-02-29T08:00:00.530Z",
                                 "2100-02-29T08:00:00.530Z",
                                 "2026-11-20T24:00:00.530Z",
                                 "2026-11-20T08:60:00.530Z",
                                 "2026-11-20T08:00:61.530Z",
                                 "1969-12-31T23:59:59.999Z",
                                 "2262-01-01T00:00:00.000Z",
                                 "2026/11/20T08:00:00.530Z",
                                 "2026-11-20X08:00:00.530Z",
                                 "2026-11-20T08.00.00.530Z",
                                 " 2026-11-20T08:00:00Z",
                                 "20a6-11-20T08:00:00.530Z",
                                 "2026-11-20T08:00:00+1",
                                 "2026-11-20T08:00:00+25:00",
                                 "2026-11-20T08:00:00+01:0x",
                                 "1970-01-01T00:00:00+01:00",
                                 "-026-11-20T08:00:00.530Z"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_telemetry_time(text).has_value());
  }
}

TEST_CASE("time_is_refused_for_any_wrong_byte_of_its_digits") {
  const std::string good = "2026-11-20T08:00:00.530Z";
  for (size_t place = 0; place < 19; ++place) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string text = good;
      text[place] = static_cast<char>(byte);
      const bool was_digit = good[place] >= '0' && good[place] <= '9';
      const bool is_digit = byte >= '0' && byte <= '9';
      CAPTURE(place, byte);
      if (was_digit && !is_digit) REQUIRE_FALSE(parse_telemetry_time(text).has_value());
    }
  }
}

TEST_CASE("time_reader_gives_what_the_parser_gives_whatever_it_has_read_before") {
  TelemetryTimeReader reader;
  for (const std::string text :
       {"2026-11-20T08:00:00.530Z", "2026-11-20T08:00:00.531Z", "2026-11-20T08:00:00.5x1Z", "2026-11-20T08:00:00+01:00",
        "2026-11-20T08:00:00.530+", "nonsense, but of 24 byte", "2026-11-20T08:00:01.000Z", "2026-11-20T08:00:00.999Z",
        "2026-11-20T08:00:00.9999", "2026-11-20T08:00:00", "", "2026-11-20T08:00:00.001Z"}) {
    CAPTURE(text);
    CHECK(reader.read(text) == parse_telemetry_time(text));
    CHECK(reader.read(text) == parse_telemetry_time(text));
  }
  // What a reader takes for known before it has read anything.
  CHECK_FALSE(TelemetryTimeReader().read(std::string(19, '\0') + ".000Z").has_value());
  CHECK(TelemetryTimeReader().read("1970-01-01T00:00:00.005Z") == wall_from_unix_ms(5));
}

}  // namespace
}  // namespace sleipnir
