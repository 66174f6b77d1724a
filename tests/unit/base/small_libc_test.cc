#include "base/small_libc.h"

#include <catch2/catch_test_macros.hpp>
#include <cerrno>
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

TEST_CASE("errors_of_the_system_have_a_text") {
  using namespace std::string_literals;
  CHECK(small_libc::error_text(ECONNREFUSED) == "Connection refused"s);
  CHECK(small_libc::error_text(EPERM) == "Operation not permitted"s);
  CHECK(small_libc::error_text(EDQUOT) == "Quota exceeded"s);
  for (const int unknown : {0, -1, 9999, 256 + ENOENT}) CHECK(small_libc::error_text(unknown) == "unknown error"s);
  for (const int common : {EACCES, EADDRINUSE, EAGAIN, ECONNRESET, EHOSTUNREACH, EMFILE, ENETUNREACH, ENOENT, ENOMEM,
                           ENOSPC, EPIPE, EROFS, ETIMEDOUT})
    CHECK(small_libc::error_text(common) != "unknown error"s);
}

}  // namespace
}  // namespace sleipnir::test
