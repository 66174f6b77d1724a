#include "base/ascii.h"

#include <catch2/catch_test_macros.hpp>
#include <cctype>
#include <climits>
#include <cstdlib>
#include <string>

namespace sleipnir::test {
namespace {

TEST_CASE("characters_are_what_the_c_locale_says_and_nothing_beyond_ascii") {
  for (int byte = 0; byte <= UCHAR_MAX; byte++) {
    CAPTURE(byte);
    const auto c = static_cast<char>(byte);
    const bool ascii = byte < 128;
    CHECK(is_digit(c) == (ascii && isdigit(byte) != 0));
    CHECK(is_upper(c) == (ascii && isupper(byte) != 0));
    CHECK(is_letter(c) == (ascii && isalpha(byte) != 0));
    CHECK(is_letter_or_digit(c) == (ascii && isalnum(byte) != 0));
    CHECK(to_lower(c) == (ascii ? static_cast<char>(tolower(byte)) : c));
    const char text[] = {c, '\0'};
    CHECK(hex_value(c) == (ascii && isxdigit(byte) != 0 ? static_cast<int>(strtol(text, nullptr, 16)) : -1));
  }
}

TEST_CASE("four_hex_digits_are_a_code_unit_and_three_are_none") {
  CHECK(hex4("0000") == 0);
  CHECK(hex4("d83D") == 0xd83d);
  CHECK(hex4("FFFFF") == 0xffff);
  for (const char* const text : {"g000", "0g00", "00-0", "000 ", "000\x7f"}) CHECK(hex4(text) == -1);
}

TEST_CASE("texts_are_equal_but_for_the_case_of_ascii_letters") {
  CHECK(equal_ignoring_case("", ""));
  CHECK(equal_ignoring_case("X-Scope-OrgID", "x-scope-orgid"));
  CHECK_FALSE(equal_ignoring_case("ab", "abc"));
  CHECK_FALSE(equal_ignoring_case("@", "`"));
  CHECK_FALSE(equal_ignoring_case("[", "{"));
  CHECK_FALSE(equal_ignoring_case("\xc3\x84", "\xc3\xa4"));
}

}  // namespace
}  // namespace sleipnir::test
