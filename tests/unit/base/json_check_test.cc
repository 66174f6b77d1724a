#include "base/json_check.h"

#include <catch2/catch_get_random_seed.hpp>
#include <catch2/catch_test_macros.hpp>
#include <random>
#include <string>
#include <vector>

#include "base/json_fields.h"
#include "json_reference.h"
#include "support/exact_bytes.h"

namespace sleipnir::test {
namespace {

bool accepted(const std::string& text) {
  const bool whole = is_json(ExactBytes(text).view());
  CAPTURE(text);
  CHECK(whole == parses_as_json(text));
  return whole;
}

const std::vector<std::string> kGood = {"0",
                                        "-0",
                                        "-1.5e+3",
                                        "1e999",
                                        "\"\"",
                                        "true",
                                        "false",
                                        "null",
                                        "{}",
                                        "[]",
                                        " [ ] ",
                                        "\t{\r\n}\n",
                                        "[1]",
                                        "[1,2]",
                                        "[[],{},[{}]]",
                                        R"({"a":1})",
                                        R"({ "a" : [ 1 , "b" , { "c" : null } ] , "d" : false })",
                                        R"({"a":1,"a":2})",
                                        R"({"":""})",
                                        "\"\x7f \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80 \xef\xbf\xbd\"",
                                        R"("\"\\\/\b\f\n\r\t\u0000\u00e4\ufffd\uD83D\uDE00")",
                                        R"({"\u0061\n":"x"})"};

const std::vector<std::string> kBad = {"",
                                       " ",
                                       "nul",
                                       "True",
                                       "01",
                                       "1.",
                                       ".5",
                                       "+1",
                                       "NaN",
                                       "Infinity",
                                       "'a'",
                                       "\"",
                                       "\"a",
                                       "a",
                                       "1 2",
                                       "{}{}",
                                       "[1]x",
                                       "[",
                                       "]",
                                       "{",
                                       "}",
                                       "[}",
                                       "{]",
                                       "[1",
                                       "[1,",
                                       "[1,]",
                                       "[,1]",
                                       "[,]",
                                       "[1 2]",
                                       "[1]]",
                                       "[[1]",
                                       "{,}",
                                       "{1:2}",
                                       "{a:1}",
                                       R"({"a"})",
                                       R"({"a":})",
                                       R"({"a":1,})",
                                       R"({"a":1)",
                                       R"({"a":1,"b"})",
                                       R"({"a" 1})",
                                       R"({"a"::1})",
                                       R"({"a":1 "b":2})",
                                       R"([1:2])",
                                       R"(["a":1])",
                                       R"({"a",1})",
                                       "// x\n1",
                                       "/**/1",
                                       "1//",
                                       "\"\n\"",
                                       "\"\x1f\"",
                                       R"("\x")",
                                       R"("\u12")",
                                       R"("\u12g4")",
                                       R"("\uD83D")",
                                       R"("\uDE00")",
                                       R"("\uD83Dx")",
                                       R"("\uD83D\n")",
                                       R"("\uD83D\u0041")",
                                       R"("\uD83D\uD83D")",
                                       R"("\uDE00\uD83D")",
                                       "\"\xff\"",
                                       "\"\xc3\"",
                                       "\"\xc0\xaf\"",
                                       "\"\xe0\x80\x80\"",
                                       "\"\xed\xa0\x80\"",
                                       "\"\xf4\x90\x80\x80\"",
                                       "\"\xf0\x9f\x98\"",
                                       "{\"\xff\":1}",
                                       "\xef\xbb\xbf{}",
                                       "\xff",
                                       "\v1",
                                       "1\f"};

TEST_CASE("what_rfc_8259_allows_is_json") {
  for (const std::string& text : kGood) {
    CAPTURE(text);
    CHECK(accepted(text));
  }
}

TEST_CASE("what_rfc_8259_does_not_allow_is_no_json") {
  for (const std::string& text : kBad) {
    CAPTURE(text);
    CHECK_FALSE(accepted(text));
  }
  CHECK_FALSE(accepted(std::string("1\0", 2)));
}

TEST_CASE("what_is_cut_off_anywhere_is_no_json") {
  const std::string text = R"({"a":[1.5,{"b":"\u00e4\\"},true],"c":{"d":null}})";
  for (size_t length = 0; length < text.size(); length++) {
    CAPTURE(length);
    CHECK_FALSE(accepted(text.substr(0, length)));
  }
}

TEST_CASE("a_fault_at_any_place_of_a_long_string_is_found") {
  for (size_t before = 0; before < 600; before++) {
    const std::string head(before, 'a');
    CAPTURE(before);
    REQUIRE(is_json('"' + head + "\\uD83D\\uDE00\xc3\xa4" + head + '"'));
    REQUIRE_FALSE(is_json('"' + head + "\xa4" + head + '"'));
    REQUIRE_FALSE(is_json('"' + head + "\\uD83D" + head + '"'));
  }
}

TEST_CASE("nesting_is_taken_up_to_the_limit") {
  const auto nested = [](size_t depth, const std::string& open, const std::string& close) {
    std::string text;
    for (size_t i = 0; i < depth; i++) text += open;
    text += "1";
    for (size_t i = 0; i < depth; i++) text += close;
    return text;
  };
  CHECK(is_json(nested(kJsonDepthMax, "[", "]")));
  CHECK(is_json(nested(kJsonDepthMax, "{\"a\":", "}")));
  CHECK_FALSE(is_json(nested(kJsonDepthMax + 1, "[", "]")));
  CHECK_FALSE(is_json(nested(kJsonDepthMax + 1, "{\"a\":", "}")));
  CHECK(is_json(nested(kJsonDepthMax / 2, "[{\"a\":", "}]")));
  CHECK_FALSE(is_json(nested(kJsonDepthMax / 2, "[{\"a\":", "]}")));
}

TEST_CASE("an_object_is_json_with_a_brace") {
  CHECK(is_json_object(" {\"a\":[]} "));
  for (const char* text : {"", "[]", "\"{}\"", "{", "{}{}"}) {
    CAPTURE(text);
    CHECK_FALSE(is_json_object(text));
  }
}

TEST_CASE("the_first_member_of_a_name_is_found") {
  const std::string_view object = R"({"a":{"b":1},"b":"x\n","b":2,"":true})";
  CHECK(json_field(object, "b").value == "x\\n");
  CHECK(json_field(object, "b").is_string);
  CHECK(json_field(object, "a").value == R"({"b":1})");
  CHECK(json_field(object, "").is_boolean());
  CHECK(json_field(object, "c").value.empty());
  CHECK_FALSE(json_field(object, "c").is_string);
}

// The seed is Catch2's: printed at the start of a run, given by --rng-seed.
TEST_CASE("both_parsers_agree_on_random_changes_of_good_texts") {
  std::mt19937 random(Catch::getSeed());
  constexpr std::string_view kBytes = "{}[]\",:\\u0dD89e-.1tn \n\x80\xc3\xed\xa0\xff";
  for (int round = 0; round < 20000; round++) {
    std::string text = kGood[random() % kGood.size()];
    for (auto changes = 1 + random() % 3; changes != 0; changes--) {
      const size_t at = random() % (text.size() + 1);
      const char byte = kBytes[random() % kBytes.size()];
      switch (random() % 3) {
        case 0: text.insert(at, 1, byte); break;
        case 1: text.erase(at, 1); break;
        default:
          if (at < text.size()) text[at] = byte;
      }
    }
    CAPTURE(text);
    REQUIRE(is_json(ExactBytes(text).view()) == parses_as_json(text));
  }
}

}  // namespace
}  // namespace sleipnir::test
