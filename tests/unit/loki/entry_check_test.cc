#include "loki/entry_check.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "fake/random.h"
#include "loki/entry_writer.h"
#include "wire_entry.h"

using namespace sleipnir;
using namespace sleipnir::test;

namespace {

std::string with_line(const std::string& line) {
  return "[\"1763713659123000000\",\"" + line + "\"],";
}

bool passes(const std::string& wire) {
  return check_entry(wire).has_value();
}

}  // namespace

TEST_CASE("entry_check_finds_the_parts_of_what_the_writer_wrote") {
  SeededRandom random(1);
  for (int i = 0; i < 2000; i++) {
    std::string line;
    for (uint64_t n = random.below(40); n != 0; n--) line += static_cast<char>(random.below(256));
    const Record record{.log_type = LogType::kFunction,
                        .form = random.chance(50) ? TextForm::kJsonString : TextForm::kPlain,
                        .text = line,
                        .request_id = line};
    const bool metadata = random.chance(50);
    EntryWriter writer({.structured_metadata = metadata ? StructuredMetadata::kOn : StructuredMetadata::kOff});
    char room[4096];
    EncodeCursor cursor;
    EntryShape shape;
    REQUIRE(writer.write(record, 1'763'713'659'123'000'000 + i, cursor, room, shape) == EncodeStep::kLast);
    const std::string wire = std::string(room, shape.bytes) + "[\"next";
    const auto checked = check_entry(wire);
    REQUIRE(checked);
    CHECK(checked->shape.bytes == shape.bytes);
    CHECK(checked->shape.metadata_offset == shape.metadata_offset);
    CHECK(checked->time_ns == 1'763'713'659'123'000'000 + i);
    // Not a byte less.
    for (uint32_t bytes = 0; bytes < shape.bytes; bytes++) REQUIRE_FALSE(passes(wire.substr(0, bytes)));
  }
}

TEST_CASE("entry_check_passes_nothing_that_another_parser_refuses") {
  SeededRandom random(2);
  const std::string good = R"(["1763713659123000000","a\u00e9\ud83d\ude00\\é€😀",{"level":"info","k":"v\n"}],)";
  REQUIRE(passes(good));
  for (int i = 0; i < 200'000; i++) {
    std::string changed = good;
    for (uint64_t n = 1 + random.below(3); n != 0; n--) {
      const size_t at = random.below(changed.size());
      switch (random.below(3)) {
        case 0: changed[at] = static_cast<char>(random.below(256)); break;
        case 1: changed.erase(at, 1); break;
        default: changed.insert(at, 1, R"(",:{}[]\u0d8)"[random.below(12)]); break;
      }
    }
    const auto checked = check_entry(changed);
    if (!checked) continue;
    INFO(changed);
    REQUIRE(read_wire_entry(std::string_view(changed).substr(0, checked->shape.bytes)));
  }
}

TEST_CASE("entry_check_takes_times_of_19_digits_that_fit") {
  CHECK(passes(R"(["1000000000000000000",""],)"));
  CHECK(passes(R"(["9223372036854775807",""],)"));
  CHECK_FALSE(passes(R"(["9223372036854775808",""],)"));
  CHECK_FALSE(passes(R"(["0999999999999999999",""],)"));
  CHECK_FALSE(passes(R"(["100000000000000000",""],)"));
  CHECK_FALSE(passes(R"(["10000000000000000000",""],)"));
  CHECK_FALSE(passes(R"(["-100000000000000000",""],)"));
}

TEST_CASE("entry_check_refuses_text_that_is_not_well_formed") {
  for (const char* line : {"", "a", R"(\")", R"(\\\/\b\f\n\r\t)", R"(\u0000)", R"(\uD83D\uDE00)", "\xC2\x80",
                           "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEF\xBF\xBD", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    INFO(line);
    CHECK(passes(with_line(line)));
  }
  for (const char* line : {"\x01",
                           "\n",
                           R"(\x)",
                           R"(\u12)",
                           R"(\u12g4)",
                           R"(\ud83d)",
                           R"(\ud83dx)",
                           R"(\ud83d\n)",
                           R"(\ud83d\ud83d)",
                           R"(\ude00)",
                           "\x80",
                           "\xC1\x80",
                           "\xC2",
                           "\xE0\x9F\x80",
                           "\xED\xA0\x80",
                           "\xF0\x8F\x80\x80",
                           "\xF4\x90\x80\x80",
                           "\xF5\x80\x80\x80",
                           "\xFF",
                           "a\"b",
                           "\\"}) {
    INFO(line);
    CHECK_FALSE(passes(with_line(line)));
    CHECK_FALSE(passes(R"(["1763713659123000000","x",{"k":")" + std::string(line) + "\"}],"));
  }
  CHECK_FALSE(passes(with_line(std::string(1, '\0'))));
}

TEST_CASE("entry_check_takes_metadata_of_texts_alone") {
  CHECK(passes(R"(["1763713659123000000","x",{"a":"1"}],)"));
  CHECK(passes(R"(["1763713659123000000","x",{"a":"1","b":"2"}],)"));
  for (const char* tail : {"{}", R"({"a":1})", R"({"a":null})", R"({"a":"1",})", R"({"a":{"b":"c"}})", R"({"a"})",
                           "null", R"({"a":"1"},{})"}) {
    INFO(tail);
    CHECK_FALSE(passes(R"(["1763713659123000000","x",)" + std::string(tail) + "],"));
  }
  CHECK_FALSE(passes(R"(["1763713659123000000","x"])"));
  CHECK_FALSE(passes(R"(["1763713659123000000", "x"],)"));
}
