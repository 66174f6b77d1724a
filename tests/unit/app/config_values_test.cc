#include "app/config_values.h"

#include <catch2/catch_test_macros.hpp>

#include <vector>

#include "support/texts.h"

namespace sleipnir {

namespace {

struct Members {
  std::vector<NameValue> texts;
  std::vector<NameValue> refused;
};

Members members_of(std::string_view json) {
  JsonTexts object(json, test::texts());
  REQUIRE(object.is_object());
  Members members;
  for (NameValue member; object.next(member);) {
    (object.refused() ? members.refused : members.texts).push_back(member);
  }
  return members;
}

}  // namespace

TEST_CASE("booleans_are_understood_in_all_their_spellings") {
  for (const char* text : {"true", "TRUE", "True", "1", "yes", "Yes", "on", "ON", " true\n"}) {
    CAPTURE(text);
    CHECK(parse_bool(text) == true);
  }
  for (const char* text : {"false", "FALSE", "0", "no", "NO", "off", "Off"}) {
    CAPTURE(text);
    CHECK(parse_bool(text) == false);
  }
  for (const char* text : {"", " ", "t", "2", "enabled", "true|false", "|", "truefalse"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_bool(text).has_value());
  }
}

TEST_CASE("integers_are_decimal_and_whole") {
  CHECK(parse_integer("0")->value == 0);
  CHECK(parse_integer(" 42 ")->value == 42);
  CHECK(parse_integer("+7")->value == 7);
  CHECK(parse_integer("007")->value == 7);
  for (const char* text : {"", " ", "-", "+", "1.5", "1e3", "0x10", "10s", "1 0", "1_000", "--1"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_integer(text).has_value());
  }
}

TEST_CASE("integers_that_are_too_large_are_the_largest") {
  CHECK(parse_integer("18446744073709551615")->value == UINT64_MAX);
  CHECK(parse_integer("18446744073709551616")->value == UINT64_MAX);
  CHECK(parse_integer("99999999999999999999999999")->value == UINT64_MAX);
}

TEST_CASE("negative_integers_are_told_apart") {
  CHECK(parse_integer("-3")->negative);
  CHECK(parse_integer("-3")->value == 3);
  CHECK_FALSE(parse_integer("3")->negative);
}

TEST_CASE("choices_are_found_in_any_case_but_never_the_empty_one") {
  CHECK(parse_choice("b", "a|b|c") == 1);
  CHECK(parse_choice("C", "a|b|c") == 2);
  CHECK(parse_choice("a", "|a") == 1);
  CHECK_FALSE(parse_choice("", "|a").has_value());
  CHECK_FALSE(parse_choice("d", "a|b|c").has_value());
  CHECK_FALSE(parse_choice("a|b", "a|b|c").has_value());
}

TEST_CASE("lists_lose_spaces_and_empty_items") {
  const auto items = [](std::string_view rest) {
    std::vector<std::string_view> all;
    for (std::string_view item; !(item = next_item(rest)).empty();) all.push_back(item);
    CHECK(rest.empty());
    return all;
  };
  CHECK(items("a, b ,,c,") == std::vector<std::string_view>{"a", "b", "c"});
  CHECK(items(" , ").empty());
  CHECK(items("").empty());
}

TEST_CASE("edit_distance_counts_insertions_deletions_and_replacements") {
  CHECK(edit_distance("LOKI_URL", "LOKI_URL", 9) == 0);
  CHECK(edit_distance("LOKI_UR", "LOKI_URL", 9) == 1);
  CHECK(edit_distance("LOKI_URLS", "LOKI_URL", 9) == 1);
  CHECK(edit_distance("LOKI_URI", "LOKI_URL", 9) == 1);
  CHECK(edit_distance("kitten", "sitting", 9) == 3);
  CHECK(edit_distance("", "abc", 9) == 3);
}

TEST_CASE("edit_distance_gives_up_at_the_limit") {
  CHECK(edit_distance("kitten", "sitting", 4) == 3);
  CHECK(edit_distance("kitten", "sitting", 3) == SIZE_MAX);
  CHECK(edit_distance("a", "aaaaaaaa", 7) == SIZE_MAX);
  CHECK(edit_distance(std::string(5000, 'x'), std::string(5000, 'x'), 7) == SIZE_MAX);
}

TEST_CASE("json_texts_keep_order_and_spelling") {
  const Members members = members_of(R"({"b":"x\"\u00e4","a":1.50,"t":true,"n":-0,"b":""})");
  CHECK(members.texts ==
        std::vector<NameValue>{{"b", "x\"\xc3\xa4"}, {"a", "1.50"}, {"t", "true"}, {"n", "-0"}, {"b", ""}});
  CHECK(members.refused.empty());
}

TEST_CASE("json_texts_name_the_members_that_are_none") {
  const Members members = members_of(R"({"a":null,"b":"x","c":[1],"d":{"e":"f"}})");
  CHECK(members.texts == std::vector<NameValue>{{"b", "x"}});
  CHECK(members.refused == std::vector<NameValue>{{"a", ""}, {"c", ""}, {"d", ""}});
}

TEST_CASE("json_texts_want_one_strict_object") {
  for (const char* text : {"", "[]", "\"a\"", "1", "{", "{\"a\":}", "{'a':'b'}", "{\"a\":\"b\",}", "{\"a\":\"b\"} x",
                           "{a:\"b\"}", "\xff", "{\"a\":\"\xff\"}"}) {
    CAPTURE(text);
    CHECK_FALSE(JsonTexts(text, test::texts()).is_object());
  }
  CHECK(members_of("{}").texts.empty());
  CHECK(members_of(" {} \n").texts.empty());
}

}  // namespace sleipnir
