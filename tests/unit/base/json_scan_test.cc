#include "base/json_scan.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "support/exact_bytes.h"

namespace sleipnir {
namespace {

using test::ExactBytes;

// Scans the token that begins `text`, in a block of exactly its size, behind `pad` bytes.
TokenEnd value_end(const std::string& text, size_t pad = 0) {
  const ExactBytes bytes(std::string(pad, 'x') + text);
  TokenEnd end = json_value_end(bytes.view(), pad);
  end.at -= pad;
  return end;
}

bool is_whole(const std::string& text) {
  const TokenEnd end = value_end(text);
  return end.complete && end.at == text.size();
}

TEST_CASE("string_end_is_found_at_every_length_and_every_alignment") {
  for (size_t length = 0; length < 70; ++length) {
    for (size_t pad = 0; pad < 17; ++pad) {
      const std::string token = '"' + std::string(length, 'a') + '"';
      CAPTURE(length, pad);
      const TokenEnd end = value_end(token + ",\"more\":1", pad);
      REQUIRE(end.complete);
      REQUIRE(end.at == token.size());
      REQUIRE(value_end(token, pad).complete);
    }
  }
}

TEST_CASE("string_end_passes_every_escape_at_every_place") {
  for (const std::string escape : {"\\\"", "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t", "\\u00e9",
                                   "\\uD83D\\uDE00", "\\\\\\\"", "\\\\\\\\", "\\n\\n\\n\\n\\n\\n\\n\\n\\n"}) {
    for (size_t before = 0; before < 36; ++before) {
      for (const size_t after : {0u, 1u, 15u, 16u, 17u, 40u}) {
        const std::string token = '"' + std::string(before, 'a') + escape + std::string(after, 'b') + '"';
        CAPTURE(escape, before, after);
        const TokenEnd end = value_end(token + "}");
        REQUIRE(end.complete);
        REQUIRE(end.at == token.size());
      }
    }
  }
}

TEST_CASE("a_string_of_ascii_and_two_byte_escapes_is_verbatim_wherever_they_stand") {
  for (const std::string part :
       {"", "\\n", "\\\\", "\\\"\\t\\/", "\x7f", "\\u0041", "\xc3\xa9", "\\n\xe2\x82\xac", "\\\\\\u000a"}) {
    const bool verbatim = part.find("\\u") == part.npos && part.find_first_of("\xc3\xe2") == part.npos;
    for (size_t before = 0; before < 36; ++before) {
      for (const size_t after : {0u, 1u, 15u, 16u, 17u, 40u}) {
        const std::string token = '"' + std::string(before, 'a') + part + std::string(after, 'b') + '"';
        CAPTURE(part, before, after);
        REQUIRE(value_end(token).verbatim == verbatim);
        REQUIRE(value_end(token + ",\"more\":\"and what goes on behind it\"").verbatim == verbatim);
      }
    }
  }
  CHECK_FALSE(value_end("12").verbatim);
  CHECK_FALSE(value_end("{\"a\":\"b\"}").verbatim);
}

TEST_CASE("string_that_is_cut_off_anywhere_is_incomplete") {
  const std::string token = R"("plain text, then \" and \\ and \u00e9 and some more \n to fill a block or two\\")";
  REQUIRE(is_whole(token));
  for (size_t length = 1; length < token.size(); ++length) {
    CAPTURE(length);
    const TokenEnd end = value_end(token.substr(0, length));
    REQUIRE_FALSE(end.complete);
    REQUIRE(end.at <= length + 1);
  }
}

TEST_CASE("string_with_an_unknown_escape_or_a_control_character_is_incomplete") {
  for (size_t before = 0; before < 34; ++before) {
    const std::string head = '"' + std::string(before, 'a');
    const std::string tail = std::string(20, 'b') + '"';
    CAPTURE(before);
    for (const std::string bad :
         {"\\x", "\\u12x", "\\u12g4", "\\U0041", "\\ ", "\\\x80", "\\0", "\n", "\t", "\x1f", "\x01"}) {
      CAPTURE(bad);
      REQUIRE_FALSE(value_end(head + bad + tail).complete);
    }
    REQUIRE_FALSE(value_end(head + std::string(1, '\0') + tail).complete);
  }
}

TEST_CASE("string_may_hold_any_byte_from_0x20_on") {
  std::string token = "\"";
  for (int byte = 0x20; byte < 256; ++byte) {
    if (byte != '"' && byte != '\\') token += static_cast<char>(byte);
  }
  CHECK(is_whole(token + "\""));
}

TEST_CASE("nested_values_end_at_their_own_bracket") {
  for (const std::string token :
       {R"({})", R"([])", R"({"a":1})", R"([1,[2,[3,{"b":[]}]]])", R"({"a":{"b":{"c":"}]\"}"}}})",
        R"({"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa":"}}}}}}}}}}}}}}}}}}}}}}}}}}","b":[[[[]]]]})",
        R"({"k\"{":"v\\","n":-1.5e3,"t":true})"}) {
    for (size_t pad = 0; pad < 17; ++pad) {
      CAPTURE(token, pad);
      for (const std::string tail : {"", "}", ",", "]}  and a good deal more of it"}) {
        const TokenEnd end = value_end(token + tail, pad);
        REQUIRE(end.complete);
        REQUIRE(end.at == token.size());
      }
      for (size_t length = 1; length < token.size(); ++length) {
        REQUIRE_FALSE(value_end(token.substr(0, length), pad).complete);
      }
    }
  }
}

TEST_CASE("outermost_brackets_are_of_one_kind") {
  for (const std::string body : {"", "1", "{}", "\"a\":[1,2,3],\"bbbbbbbbbbbbbbbbb\":2"}) {
    CAPTURE(body);
    CHECK(is_whole("{" + body + "}"));
    CHECK(is_whole("[" + body + "]"));
    CHECK_FALSE(value_end("{" + body + "]").complete);
    CHECK_FALSE(value_end("[" + body + "} and more").complete);
  }
}

TEST_CASE("nesting_is_counted_up_to_the_limit_and_not_beyond") {
  const auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  CHECK(is_whole(nested(kJsonDepthMax - 1)));
  CHECK(is_whole(nested(kJsonDepthMax)));
  CHECK_FALSE(value_end(nested(kJsonDepthMax + 1)).complete);
  CHECK_FALSE(value_end(std::string(100000, '{')).complete);
}

TEST_CASE("scalars_are_whole_words_or_numbers") {
  for (const std::string good : {"null", "true", "false", "0", "-0", "12", "-3.25", "1e5", "1E-5", "0.0e+10"}) {
    CAPTURE(good);
    CHECK(is_json_scalar(good));
    CHECK(is_whole(good));
    CHECK(value_end(good + ",").at == good.size());
    CHECK(value_end(good + "}").complete);
  }
  for (const std::string bad :
       {"nul", "nulls", "True", "01", "-", "+1", ".5", "1.", "1e", "1e+", "0x1", "NaN", "1a", "--1"}) {
    CAPTURE(bad);
    CHECK_FALSE(is_json_scalar(bad));
    CHECK_FALSE(value_end(bad).complete);
  }
  CHECK_FALSE(is_json_scalar(""));
  CHECK_FALSE(value_end("}").complete);
}

}  // namespace
}  // namespace sleipnir
