#include "base/json_decode.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "support/exact_bytes.h"

namespace sleipnir {
namespace {

std::string decoded(const std::string& inside) {
  const test::ExactBytes bytes(inside);
  FixedText<200> out;
  append_json_text(bytes.view(), out);
  return std::string(out.view());
}

TEST_CASE("json_text_is_decoded_with_all_its_escapes") {
  CHECK(decoded("plain") == "plain");
  CHECK(decoded(R"(\"\\\/\b\f\n\r\t)") == "\"\\/\b\f\n\r\t");
  CHECK(decoded(R"(a\u0041\u00e9\u20AC\ud83d\ude00z)") == "aA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z");
  CHECK(decoded(R"(\u0000)") == std::string(1, '\0'));
}

TEST_CASE("lone_surrogates_become_replacement_characters") {
  CHECK(decoded(R"(\ud83d)") == "\xef\xbf\xbd");
  CHECK(decoded(R"(\ude00x)") == "\xef\xbf\xbdx");
  CHECK(decoded(R"(\ud83d\u0041)") ==
        "\xef\xbf\xbd"
        "A");
  CHECK(decoded(R"(\ud83d\ud83d\ude00)") == "\xef\xbf\xbd\xf0\x9f\x98\x80");
}

TEST_CASE("what_is_no_escape_is_taken_as_it_stands") {
  CHECK(decoded(R"(\x)") == R"(\x)");
  CHECK(decoded(R"(\)") == R"(\)");
  CHECK(decoded(R"(\u12)") == R"(\u12)");
  CHECK(decoded(R"(\ud83d\)") == "\xef\xbf\xbd\\");
}

TEST_CASE("decoding_stops_where_the_room_ends_and_never_within_an_escaped_character") {
  FixedText<5> out;
  append_json_text(R"(abc\u20acd)", out);
  CHECK(out.view() == "abc");
  FixedText<6> fits;
  append_json_text(R"(abc\u20acd)", fits);
  CHECK(fits.view() == "abc\xe2\x82\xac");
}

}  // namespace
}  // namespace sleipnir
