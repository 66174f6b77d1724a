#include "base/json_text.h"

#include <catch2/catch_test_macros.hpp>
#include <random>
#include <string>
#include <vector>

#include "json_reference.h"

namespace sleipnir {
namespace {

using test::parsed_string;
using test::sanitized_utf8;
using test::token_text;
using test::without_last_newline;

std::string escaped(std::string_view plain, LastNewline last_newline = LastNewline::kKeep) {
  std::string out(plain.size() * kJsonGrowthMax, '\0');
  const JsonCopied copied = escape_json(plain, out, kNoDecodedLimit, last_newline);
  REQUIRE(copied.stop == JsonStop::kEnd);
  REQUIRE(copied.consumed == plain.size());
  return out.substr(0, copied.written);
}

std::string copied_token(std::string_view token, LastNewline last_newline = LastNewline::kKeep) {
  std::string out(token.size() * kJsonGrowthMax, '\0');
  const JsonCopied copied = copy_json_token(token, out, kNoDecodedLimit, last_newline);
  REQUIRE(copied.stop == JsonStop::kEnd);
  REQUIRE(copied.consumed == token.size());
  return out.substr(0, copied.written);
}

const std::vector<std::string>& awkward_tokens() {
  static const std::vector<std::string> tokens = {
      "",
      "plain text that is longer than one block of sixteen bytes",
      R"(escapes \" \\ \/ \b \f \n \r \t \u0041 \u00e9 \u20AC \ud83d\ude00 end)",
      R"(\ud83d)",
      R"(\ud83dx\ude00)",
      R"(\ud83d\ud83d\ude00)",
      R"(\ude00\ud83d)",
      R"(\uD83D\u0041)",
      R"(\ud83d\n)",
      R"(\x \U0041 \u12 \u12g4 \)",
      R"(\\)",
      R"(\\\)",
      R"(\ud83d\u)",
      R"(\ud83d\ude0)",
      std::string("nul \0 raw", 9),
      "raw controls \x01\x1f\x7f\t\r\n\b\f end",
      "raw \" quote",
      "gr\xC3\xBC\xC3\x9F"
      "e, \xE2\x82\xAC, \xF0\x9F\x98\x80",
      "cut \xF0\x9F\x98",
      "cut \xE2\x82",
      "bad \x80\xBF\xC0\x80\xC1\xBF\xF5\x80\xFF",
      "surrogate \xED\xA0\x80 overlong \xE0\x80\x80 \xF0\x80\x80\x80 high \xF4\x90\x80\x80",
      "\xEF\xBF\xBD",
      "\xC3\\n\xC3",
      "fifteen bytes..\\n",
      "sixteen bytes...\"",
  };
  return tokens;
}

TEST_CASE("plain_text_is_escaped_to_json_that_decodes_to_it") {
  CHECK(escaped("say \"hi\" \\ there\n") == R"(say \"hi\" \\ there\n)");
  CHECK(escaped(std::string_view("\0\x01\x1f\b\f\n\r\t", 8)) == R"(\u0000\u0001\u001f\b\f\n\r\t)");
  CHECK(escaped("\x7f/") == "\x7f/");
  for (const std::string& text : awkward_tokens()) CHECK(parsed_string(escaped(text)) == sanitized_utf8(text));
}

TEST_CASE("invalid_utf8_becomes_one_replacement_for_each_ill_formed_sequence") {
  CHECK(escaped("a\xFF"
                "b") ==
        "a\xEF\xBF\xBD"
        "b");
  CHECK(escaped("\xF0\x9F\x98") == "\xEF\xBF\xBD");
  CHECK(escaped("\xED\xA0\x80") == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  CHECK(copied_token("\xE2\x82"
                     "A") ==
        "\xEF\xBF\xBD"
        "A");
}

TEST_CASE("a_token_is_copied_with_its_escapes_in_place") {
  const std::string token = R"(\u00e9 \/ \" \\ \ud83d\ude00)";
  CHECK(copied_token(token) == token);
  for (const std::string& text : awkward_tokens()) CHECK(parsed_string(copied_token(text)) == token_text(text));
}

TEST_CASE("a_lone_surrogate_escape_becomes_the_replacement_escape") {
  CHECK(copied_token(R"(\ud83d)") == R"(\ufffd)");
  CHECK(copied_token(R"(\uDE00x)") == R"(\ufffdx)");
  CHECK(copied_token(R"(\ud83d\u0041)") == R"(\ufffd\u0041)");
  CHECK(copied_token(R"(\ud83d\ud83d\ude00)") == R"(\ufffd\ud83d\ude00)");
  CHECK(copied_token(R"(\ud83d\\ude00)") == R"(\ufffd\\ude00)");
}

TEST_CASE("a_malformed_escape_keeps_its_characters") {
  CHECK(copied_token(R"(\x)") == R"(\\x)");
  CHECK(copied_token(R"(\u12)") == R"(\\u12)");
  CHECK(copied_token(R"(\u12g4)") == R"(\\u12g4)");
  CHECK(copied_token("end\\") == R"(end\\)");
  CHECK(copied_token("\\\xC3\xA9") == "\\\\\xC3\xA9");
}

TEST_CASE("raw_quotes_and_controls_inside_a_token_are_escaped") {
  CHECK(copied_token("a\"b\nc\x02") == R"(a\"b\nc\u0002)");
}

TEST_CASE("exactly_one_last_newline_is_cut_from_a_token") {
  const auto cut = [](std::string_view token) { return copied_token(token, LastNewline::kCut); };
  CHECK(cut(R"(line\n)") == "line");
  CHECK(cut(R"(line\n\n)") == R"(line\n)");
  CHECK(cut(R"(line\r\n)") == R"(line\r)");
  CHECK(cut(R"(line\u000a)") == "line");
  CHECK(cut(R"(line\u000A)") == "line");
  CHECK(cut("line\n") == "line");
  CHECK(cut(R"(\n)").empty());
  CHECK(cut(R"(line\\n)") == R"(line\\n)");
  CHECK(cut(R"(line\\\n)") == R"(line\\)");
  CHECK(cut(R"(line\\u000a)") == R"(line\\u000a)");
  CHECK(cut(R"(line\n )") == R"(line\n )");
  CHECK(cut(R"(line\u000d)") == R"(line\u000d)");
  CHECK(copied_token(R"(line\n)") == R"(line\n)");
}

TEST_CASE("exactly_one_last_newline_is_cut_from_plain_text") {
  CHECK(escaped("line\n", LastNewline::kCut) == "line");
  CHECK(escaped("line\n\n", LastNewline::kCut) == R"(line\n)");
  CHECK(escaped("\n", LastNewline::kCut).empty());
  CHECK(escaped(R"(line\n)", LastNewline::kCut) == R"(line\\n)");
  CHECK(escaped("line\n", LastNewline::kKeep) == R"(line\n)");
}

// Copies in pieces under the limits, and says how many there were.
template <typename Copy>
std::string in_pieces(std::string_view text, size_t wire_max, size_t decoded_max, Copy copy, size_t& pieces) {
  std::string all;
  pieces = 0;
  for (;;) {
    // Exactly as large as allowed, so that a sanitizer sees a byte too many.
    std::vector<char> room(wire_max);
    const JsonCopied copied = copy(text, std::span<char>(room), decoded_max);
    REQUIRE(copied.written <= wire_max);
    REQUIRE(copied.decoded <= decoded_max);
    const std::string_view piece(room.data(), copied.written);
    // Valid by itself: no escape, code point or pair was cut.
    const std::optional<std::string> parsed = parsed_string(piece);
    REQUIRE(parsed.has_value());
    REQUIRE(parsed->size() == copied.decoded);
    all += piece;
    pieces++;
    text.remove_prefix(copied.consumed);
    if (copied.stop == JsonStop::kEnd) {
      REQUIRE(text.empty());
      return all;
    }
    REQUIRE(copied.consumed > 0);
  }
}

JsonCopied copy_cut(std::string_view text, std::span<char> out, size_t decoded) {
  return copy_json_token(text, out, decoded, LastNewline::kCut);
}

JsonCopied escape_cut(std::string_view text, std::span<char> out, size_t decoded) {
  return escape_json(text, out, decoded, LastNewline::kCut);
}

TEST_CASE("pieces_under_any_limit_give_the_text_of_one_go") {
  for (std::string text : awkward_tokens()) {
    for (const char* end : {"", "\\n", "\\u000a", "\n"}) {
      const std::string token = text + end;
      const std::string expected_token = copied_token(token, LastNewline::kCut);
      const std::string expected_plain = escaped(token, LastNewline::kCut);
      for (size_t limit = 4; limit <= token.size() * 6 + 13; limit++) {
        size_t pieces = 0;
        if (limit >= kJsonUnitBytesMax) {
          CHECK(in_pieces(token, limit, kNoDecodedLimit, copy_cut, pieces) == expected_token);
          CHECK(in_pieces(token, limit, kNoDecodedLimit, escape_cut, pieces) == expected_plain);
        }
        CHECK(in_pieces(token, token.size() * 6, limit, copy_cut, pieces) == expected_token);
        CHECK(in_pieces(token, token.size() * 6, limit, escape_cut, pieces) == expected_plain);
      }
    }
  }
}

TEST_CASE("a_limit_is_reached_exactly_and_a_last_newline_needs_no_room") {
  const auto copy = [](std::string_view token, size_t wire, size_t decoded) {
    std::vector<char> room(wire);
    return copy_json_token(token, room, decoded, LastNewline::kCut);
  };
  CHECK(copy("abcdef", 5, kNoDecodedLimit) == JsonCopied{5, 5, 5, JsonStop::kWire});
  CHECK(copy("abcdef", 6, kNoDecodedLimit) == JsonCopied{6, 6, 6, JsonStop::kEnd});
  CHECK(copy("abcdef", 7, kNoDecodedLimit) == JsonCopied{6, 6, 6, JsonStop::kEnd});
  CHECK(copy("abcdef", 9, 5) == JsonCopied{5, 5, 5, JsonStop::kDecoded});
  CHECK(copy("abcdef", 9, 6) == JsonCopied{6, 6, 6, JsonStop::kEnd});
  CHECK(copy(R"(abcdef\n)", 6, 6) == JsonCopied{8, 6, 6, JsonStop::kEnd});
  CHECK(copy(R"(a\ud83d\ude00)", 12, 5) == JsonCopied{1, 1, 1, JsonStop::kWire});
  CHECK(copy(R"(a\ud83d\ude00)", 13, 4) == JsonCopied{1, 1, 1, JsonStop::kDecoded});
  CHECK(copy(R"(a\ud83d\ude00)", 13, 5) == JsonCopied{13, 13, 5, JsonStop::kEnd});
  CHECK(copy("", 0, 0) == JsonCopied{0, 0, 0, JsonStop::kEnd});
}

TEST_CASE("measuring_stops_where_writing_stops") {
  for (const std::string& text : awkward_tokens()) {
    for (size_t wire = 0; wire <= text.size() * 6; wire++) {
      for (const size_t decoded : {size_t{0}, size_t{3}, size_t{17}, kNoDecodedLimit}) {
        std::vector<char> room(wire);
        CHECK(measure_json_token(text, wire, decoded, LastNewline::kCut) ==
              copy_json_token(text, room, decoded, LastNewline::kCut));
        CHECK(measure_json(text, wire, decoded, LastNewline::kKeep) ==
              escape_json(text, room, decoded, LastNewline::kKeep));
      }
    }
  }
}

TEST_CASE("every_byte_at_every_place_of_a_block_is_seen") {
  for (size_t at = 0; at < 40; at++) {
    for (int byte = 0; byte < 256; byte++) {
      std::string text(40, 'x');
      text[at] = static_cast<char>(byte);
      REQUIRE(parsed_string(escaped(text)) == sanitized_utf8(text));
      REQUIRE(parsed_string(copied_token(text)) == token_text(text));
    }
  }
}

TEST_CASE("random_texts_agree_with_the_reference") {
  const unsigned seed = 20260805;
  CAPTURE(seed);
  std::mt19937 random(seed);
  const std::string_view pieces[] = {"a",
                                     "\\",
                                     "\\n",
                                     "\\u",
                                     "000a",
                                     "\"",
                                     "\n",
                                     "\xF0\x9F\x98\x80",
                                     "\xE2\x82",
                                     "\\ud83d",
                                     "\\ude00",
                                     "d83d",
                                     "\xC3",
                                     "\xA9",
                                     "sixteen bytes...",
                                     "u",
                                     "{",
                                     "\x01"};
  for (int round = 0; round < 20000; round++) {
    std::string text;
    for (size_t i = random() % 12; i > 0; i--) text += pieces[random() % std::size(pieces)];
    REQUIRE(parsed_string(copied_token(text)) == token_text(text));
    REQUIRE(parsed_string(copied_token(text, LastNewline::kCut)) == without_last_newline(token_text(text)));
    REQUIRE(parsed_string(escaped(text, LastNewline::kCut)) == without_last_newline(sanitized_utf8(text)));
  }
}

TEST_CASE("copy_plain_stops_at_the_first_byte_that_cannot_stand_for_itself") {
  for (size_t bytes = 0; bytes <= 50; bytes++) {
    std::string text(bytes, '\0');
    for (size_t i = 0; i < bytes; i++) text[i] = static_cast<char>('A' + i % 26);
    std::string out(bytes, '#');
    REQUIRE(copy_plain(text, out) == bytes);
    REQUIRE(out == text);
    for (const char special : {'"', '\\', '\n', '\x1f', '\x80', '\xff'}) {
      for (size_t at = 0; at < bytes; at++) {
        std::string other = text;
        other[at] = special;
        REQUIRE(copy_plain(other, out) == at);
        REQUIRE(out.substr(0, at) == other.substr(0, at));
      }
    }
  }
}

}  // namespace
}  // namespace sleipnir
