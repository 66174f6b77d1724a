#include "base/text_pattern.h"

#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "fake/random.h"

namespace sleipnir::test {
namespace {

// All that is found, each in brackets.
std::string marked(const std::optional<TextPattern>& pattern, std::string_view text) {
  REQUIRE(pattern);
  std::string out;
  size_t from = 0;
  for (TextMatch match; pattern->find(text, from, match); from = match.end) {
    REQUIRE((from <= match.begin && match.begin < match.end && match.end <= text.size()));
    out.append(text.substr(from, match.begin - from)).append("<");
    out.append(text.substr(match.begin, match.end - match.begin)).append(">");
  }
  return out.append(text.substr(from));
}
std::string marked(std::string_view pattern, std::string_view text) {
  return marked(TextPattern::parse(pattern), text);
}

TEST_CASE("text_pattern_finds_plain_text_everywhere") {
  CHECK(marked("ab", "ab cab aab a b") == "<ab> c<ab> a<ab> a b");
  CHECK(marked("aa", "aaaaa") == "<aa><aa>a");
  CHECK(marked("Grüße", "viele Grüße") == "viele <Grüße>");
  CHECK(marked("a", "") == "");
}

TEST_CASE("text_pattern_takes_every_character_behind_a_backslash_as_it_stands") {
  CHECK(marked(R"(\[a\]\\d\.\+\{2\})", R"(x[a]\d.+{2}y)") == R"(x<[a]\d.+{2}>y)");
  CHECK(marked("\\\xFF\\\x01", "a\xFF\x01z") == "a<\xFF\x01>z");
}

TEST_CASE("text_pattern_classes") {
  CHECK(marked(R"(\d)", "a1b2") == "a<1>b<2>");
  CHECK(marked(R"(\w+)", "ab_1-c") == "<ab_1>-<c>");
  CHECK(marked(R"(a\sb)", "a b a\tb ab") == "<a b> <a\tb> ab");
  CHECK(marked("a.c", "abc a\nc") == "<abc> a\nc");
  CHECK(marked(R"(\.\\\d)", R"(x.\1)") == R"(x<.\1>)");
  CHECK(marked("[a-c_]+", "xab_cd") == "x<ab_c>d");
  CHECK(marked("[^ ]+", "ab cd") == "<ab> <cd>");
  CHECK(marked(R"([\d.-]+)", "a1.2-3b") == "a<1.2-3>b");
  CHECK(marked(R"([\]a]+)", "x]a") == "x<]a>");
}

TEST_CASE("text_pattern_counts") {
  CHECK(marked("a+", "baaab") == "b<aaa>b");
  CHECK(marked(R"(\d{3})", "1234567") == "<123><456>7");
  CHECK(marked(R"(\d{3,})", "12 1234567") == "12 <1234567>");
  CHECK(marked("ab{2}c", "abc abbc abbbc") == "abc <abbc> abbbc");
}

TEST_CASE("text_pattern_takes_the_leftmost_match_and_the_longest_of_it") {
  CHECK(marked("[ab]+a", "abbabb") == "<abba>bb");
  CHECK(marked("a+b", "aaaab") == "<aaaab>");
  CHECK(marked(R"(\w+@\w+)", "to jane@example now") == "to <jane@example> now");
  CHECK(marked("aab", "aaab") == "a<aab>");
}

TEST_CASE("text_pattern_that_is_none_is_refused") {
  for (const char* pattern :
       {"",    "+",   "a**", "a*", "a?",  "(a)", "a|b", "[",    "[]",  "[^]",    "[a",    "[b-a]",
        "[a-", "[é]", "é+",  "\\", "[\\", "a{",  "a{}", "a{0}", "a{2", "a{2,3}", "a{65}", "a{99999999999999999999}",
        "{2}"}) {
    INFO(pattern);
    CHECK_FALSE(TextPattern::parse(pattern));
  }
}

TEST_CASE("text_pattern_has_64_items_at_most") {
  CHECK(TextPattern::parse(std::string(64, 'a')));
  CHECK_FALSE(TextPattern::parse(std::string(65, 'a')));
  CHECK(marked("a{63}b", std::string(70, 'a') + "b") == std::string(7, 'a') + "<" + std::string(63, 'a') + "b>");
  CHECK_FALSE(TextPattern::parse("a{32}b{33}"));
}

// One item of a pattern, for the reference below.
struct Item {
  std::string text;   // as it stands in the pattern
  std::string takes;  // the characters of "abc" that it takes
  bool repeats = false;
};

// Where matches that begin at `begin` can end: by trying everything.
std::set<size_t> ends_from(const std::vector<Item>& items, std::string_view text, size_t begin) {
  std::set<size_t> at{begin};
  for (const Item& item : items) {
    std::set<size_t> next;
    for (const size_t from : at) {
      for (size_t end = from; end < text.size() && item.takes.find(text[end]) != std::string::npos; end++) {
        next.insert(end + 1);
        if (!item.repeats) break;
      }
    }
    at = std::move(next);
  }
  return at;
}

TEST_CASE("text_pattern_finds_what_trying_everything_finds") {
  const uint64_t seed = 20261121;
  CAPTURE(seed);
  SeededRandom random(seed);
  const std::vector<Item> kinds = {{"a", "a"}, {"b", "b"}, {"[ab]", "ab"}, {"[^a]", "bc"}, {".", "abc"}};
  for (int round = 0; round < 20'000; round++) {
    std::vector<Item> items;
    std::string pattern;
    for (uint64_t i = 0, count = 1 + random.below(4); i < count; i++) {
      items.push_back(kinds[random.below(kinds.size())]);
      items.back().repeats = random.chance(40);
      pattern += items.back().text + (items.back().repeats ? "+" : "");
    }
    std::string text;
    for (uint64_t i = 0, count = random.below(16); i < count; i++) text += static_cast<char>('a' + random.below(3));
    std::string expected;
    size_t from = 0;
    for (size_t begin = 0; begin < text.size();) {
      const std::set<size_t> ends = ends_from(items, text, begin);
      if (ends.empty()) {
        begin++;
        continue;
      }
      expected += text.substr(from, begin - from) + "<" + text.substr(begin, *ends.rbegin() - begin) + ">";
      begin = from = *ends.rbegin();
    }
    expected += text.substr(from);
    INFO(pattern << " in " << text);
    REQUIRE(marked(pattern, text) == expected);
  }
}

// What makes other engines take the square of the length, or worse: 256 KiB would be minutes.
TEST_CASE("text_pattern_takes_time_linear_in_the_text") {
  const auto begin = std::chrono::steady_clock::now();
  for (const auto& [pattern, unit] : {std::pair{"a+a+a+b", "a"},
                                      {"[ab]+ac", "ab"},
                                      {"a+b", "a"},
                                      {R"(\w+@\w+\.\w+)", "a@"},
                                      {"[ab]+a", "ab"},
                                      {"a{32}[ab]+c", "a"},
                                      {"[ab]+a", "abbbbbbbbbbbbbbbb "}}) {
    INFO(pattern);
    std::string text;
    while (text.size() < size_t{256} << 10) text += unit;
    TextMatch match;
    for (size_t from = 0; TextPattern::parse(pattern)->find(text, from, match); from = match.end) {
    }
  }
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(20));
}

}  // namespace
}  // namespace sleipnir::test
