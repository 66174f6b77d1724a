#include "base/small_libc.h"

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>

namespace sleipnir::test {
namespace {

TEST_CASE("numbers_are_read_as_the_c_library_reads_them") {
  for (const char* const text : {"0",
                                 "7",
                                 "08",
                                 "017",
                                 "0x1f",
                                 "0XAb,",
                                 "0x",
                                 "0xg",
                                 "42.1",
                                 "65535",
                                 "18446744073709551615",
                                 "18446744073709551616",
                                 "99999999999999999999999",
                                 "0xffffffffffffffff0",
                                 "",
                                 "x",
                                 "ndots",
                                 "1z",
                                 "zz",
                                 "5 6"}) {
    for (const int base : {0, 8, 10, 16, 36}) {
      CAPTURE(text, base);
      char* our_end = nullptr;
      char* their_end = nullptr;
      const uint64_t ours = small_libc::number(text, &our_end, base);
      CHECK(ours == strtoull(text, &their_end, base));
      CHECK(our_end == their_end);
    }
  }
  CHECK(small_libc::number("12", nullptr, 10) == 12);
}

TEST_CASE("a_text_is_found_where_the_c_library_finds_it") {
  std::mt19937 random(7);
  for (int i = 0; i < 2000; i++) {
    std::string text;
    std::string wanted;
    for (auto letters = random() % 30; letters != 0; letters--) text += static_cast<char>('a' + random() % 2);
    for (auto letters = random() % 5; letters != 0; letters--) wanted += static_cast<char>('a' + random() % 2);
    CAPTURE(text, wanted);
    CHECK(small_libc::find_text(text.c_str(), wanted.c_str()) == strstr(text.c_str(), wanted.c_str()));
  }
}

TEST_CASE("dates_are_those_of_the_c_library") {
  std::mt19937_64 random(7);
  const auto check = [](int64_t moment) {
    CAPTURE(moment);
    const auto when = static_cast<time_t>(moment);
    tm theirs{};
    REQUIRE(gmtime_r(&when, &theirs) != nullptr);
    const tm ours = small_libc::date_of(moment);
    CHECK(ours.tm_year == theirs.tm_year);
    CHECK(ours.tm_mon == theirs.tm_mon);
    CHECK(ours.tm_mday == theirs.tm_mday);
    CHECK(ours.tm_hour == theirs.tm_hour);
    CHECK(ours.tm_min == theirs.tm_min);
    CHECK(ours.tm_sec == theirs.tm_sec);
    CHECK(small_libc::moment_of(ours) == moment);
  };
  constexpr int64_t kFirst = -62135596800;  // 0001-01-01
  constexpr int64_t kLast = 253402300799;   // 9999-12-31 23:59:59
  for (const int64_t moment : {kFirst, kLast, int64_t{-1}, int64_t{0}, int64_t{951782399}, int64_t{951782400},
                               int64_t{951868800}, int64_t{4107542399}, int64_t{4107542400}})
    check(moment);
  for (int i = 0; i < 5000; i++) check(std::uniform_int_distribution<int64_t>(kFirst, kLast)(random));
}

}  // namespace
}  // namespace sleipnir::test
