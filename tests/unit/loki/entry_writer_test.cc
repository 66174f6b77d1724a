#include "loki/entry_writer.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <limits>
#include <string>
#include <vector>

#include "../base/json_reference.h"
#include "entry_writer_fixture.h"
#include "wire_entry.h"

namespace sleipnir {
namespace {

using test::read_wire_entry;
using test::WireEntry;

TEST_CASE("an_entry_has_time_line_and_metadata_in_a_fixed_order") {
  Record record = token(R"(hello \"you\"\n)");
  record.level = Level::kWarn;
  record.request_id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd";
  record.trace_id = "5bd0ab8c0000000000000000deadbeef";
  record.instance = "2026/08/05/[$LATEST]abc";
  record.tenant_id = "t1";
  record.event_time = "2026-08-05T12:00:00.000Z";
  record.snapshot = true;
  record.cold_start = true;
  CHECK(write_one({}, record) ==
        R"(["1770000000123000007","hello \"you\"",{"request_id":"8476a536-e9f4-11e8-9739-2dfe598c3fcd",)"
        R"("log_type":"function","level":"warn","trace_id":"5bd0ab8c0000000000000000deadbeef",)"
        R"("instance":"2026/08/05/[$LATEST]abc","tenant_id":"t1","event_time":"2026-08-05T12:00:00.000Z",)"
        R"("snapshot":"true","cold_start":"true"}],)");
}

TEST_CASE("empty_values_are_left_out") {
  CHECK(write_one({}, plain("x")) == R"(["1770000000123000007","x",{"log_type":"function"}],)");
}

TEST_CASE("without_structured_metadata_an_entry_is_time_and_line") {
  CHECK(write_one(kBare, with_request_id(plain("x"), "id")) == R"(["1770000000123000007","x"],)");
}

TEST_CASE("a_verbatim_text_gives_the_entry_that_it_gives_otherwise") {
  const std::string long_text = std::string(EntryWriter::kLineBytesMin - 2, 'x') + R"(\t\\\n)";
  for (const std::string& text : {std::string(), std::string(R"(\n)"), std::string(R"(a\n)"), std::string(R"(\\n)"),
                                  std::string(R"(\\\n)"), std::string(R"(\\\\n)"), std::string(R"(\n\n)"),
                                  std::string("n"), std::string(R"([INFO]\tsaid \"yes\"\r\n)"), long_text}) {
    for (const std::string_view prefix : {"", "prefix "}) {
      CAPTURE(text, prefix);
      Record record = token(text);
      record.prefix = prefix;
      const EntryWriter::Options options{.line_bytes_max = EntryWriter::kLineBytesMin};
      const std::vector<Written> expected = write_all(EntryWriter(options), record);
      record.verbatim = true;
      const std::vector<Written> entries = write_all(EntryWriter(options), record);
      REQUIRE(entries.size() == expected.size());
      for (size_t i = 0; i < entries.size(); i++) CHECK(entries[i].wire == expected[i].wire);
    }
  }
}

TEST_CASE("a_verbatim_text_that_does_not_fit_is_no_room") {
  Record record = token("text of the record");
  record.verbatim = true;
  EntryWriter writer(kBare);
  const size_t bytes = write_one(kBare, record).size();
  std::vector<char> room(bytes);
  EncodeCursor cursor;
  EntryShape shape;
  CHECK(writer.write(record, kTime, cursor, std::span(room).first(bytes - 1), shape) == EncodeStep::kNoRoom);
  CHECK(writer.write(record, kTime, cursor, room, shape) == EncodeStep::kLast);
}

TEST_CASE("an_empty_line_is_an_entry") {
  CHECK(write_one(kBare, token("")) == R"(["1770000000123000007",""],)");
  CHECK(write_one(kBare, token("\\n")) == R"(["1770000000123000007",""],)");
}

TEST_CASE("times_always_have_nineteen_digits") {
  const auto time_of = [](int64_t time) { return write_one(kBare, plain("x"), time).substr(2, 19); };
  CHECK(time_of(0) == "1000000000000000000");
  CHECK(time_of(std::numeric_limits<int64_t>::min()) == "1000000000000000000");
  CHECK(time_of(999'999'999'999'999'999) == "1000000000000000000");
  CHECK(time_of(1'000'000'000'000'000'001) == "1000000000000000001");
  CHECK(time_of(std::numeric_limits<int64_t>::max()) == "9223372036854775807");
}

TEST_CASE("a_json_value_becomes_a_line_with_its_text_unchanged") {
  Record record = plain(R"({"b": 1.50, "a":"\ud800 \n"})");
  record.form = TextForm::kJsonValue;
  const std::optional<WireEntry> entry = read_wire_entry(write_one({}, record));
  REQUIRE(entry.has_value());
  CHECK(entry->line == record.text);
}

TEST_CASE("a_prefix_is_part_of_the_line_and_only_the_text_loses_its_newline") {
  Record record = token(R"(text\n)");
  record.prefix = "say \"\n";
  CHECK(read_wire_entry(write_one(kBare, record))->line == "say \"\ntext");
  record.text = "";
  CHECK(read_wire_entry(write_one(kBare, record))->line == "say \"\n");
}

TEST_CASE("metadata_values_of_any_bytes_are_escaped_and_hold_no_replacement_character") {
  const std::string id =
      "a\"\\\n\xFF\xEF\xBF\xBD\xC3\xA9"
      "b";
  const std::optional<WireEntry> entry = read_wire_entry(write_one({}, with_request_id(plain("x"), id)));
  REQUIRE(entry.has_value());
  CHECK((*entry)["request_id"] ==
        "a\"\\\n??\xC3\xA9"
        "b");
}

TEST_CASE("a_metadata_value_is_cut_at_its_limit_between_characters") {
  const size_t limit = EntryWriter::kMetadataValueBytesMax;
  const auto value_of = [](const std::string& id) {
    return (*read_wire_entry(write_one({}, with_request_id(plain("x"), id))))["request_id"];
  };
  for (const size_t bytes : {limit - 1, limit}) CHECK(value_of(std::string(bytes, 'i')) == std::string(bytes, 'i'));
  CHECK(value_of(std::string(limit + 1, 'i')) == std::string(limit, 'i'));
  CHECK(value_of(std::string(limit - 2, 'i') + "\xE2\x82\xAC") == std::string(limit - 2, 'i'));
}

TEST_CASE("metadata_at_its_longest_stays_within_the_documented_size") {
  const std::string value(1000, '\x01');
  Record record = with_request_id(plain(""), value);
  record.trace_id = record.instance = record.tenant_id = record.event_time = value;
  record.log_type = LogType::kExtension;
  record.level = Level::kTrace;
  const std::vector<Written> all = write_all(EntryWriter({}), record);
  CHECK(all[0].wire.size() <= EntryWriter::kMetadataBytesMax + EntryWriter::kFrameBytes);
}

// The writer keeps the metadata it wrote last: nothing of it may get into another record's.
TEST_CASE("an_entry_is_the_same_whatever_was_written_before_it") {
  const std::string long_id(kRequestIdBytesMax, 'i'), too_long_id(kRequestIdBytesMax + 1, 'i'), long_text(5000, 'x');
  const Record usual{.log_type = LogType::kFunction,
                     .level = Level::kInfo,
                     .text = "usual",
                     .request_id = "id",
                     .trace_id = "trace",
                     .instance = "instance"};
  std::vector<Record> records{usual, usual};
  const auto add = [&](auto change) { change(records.emplace_back(usual)); };
  add([](Record& r) { r.request_id = "ie"; });
  add([](Record& r) { r.request_id = "i"; });
  add([](Record& r) { r.request_id = {}; });
  add([](Record& r) { r.trace_id = {}; });
  add([](Record& r) { r.instance = "instancf"; });
  add([](Record& r) { r.level = Level::kUnknown; });
  add([](Record& r) { r.log_type = LogType::kExtension; });
  add([](Record& r) { r.tenant_id = "tenant"; });
  add([](Record& r) { r.event_time = "yesterday"; });
  add([](Record& r) { r.snapshot = true; });
  add([](Record& r) { r.cold_start = true; });
  add([](Record& r) { r.request_id = "\x01\xFF\xEF\xBF\xBD"; });
  add([&](Record& r) { r.request_id = long_id; });
  add([&](Record& r) { r.request_id = too_long_id; });
  add([&](Record& r) { r.trace_id = too_long_id; });
  add([&](Record& r) { r.instance = too_long_id; });
  add([&](Record& r) {
    r.request_id = r.trace_id = r.instance =
        "\x01\x02\x03\x04\x05\x06\x07\x08\x01\x02\x03\x04\x05\x06\x07\x08\x01\x02\x03\x04";
  });
  add([&](Record& r) { r.text = long_text; });
  const EntryWriter::Options options{.line_bytes_max = EntryWriter::kLineBytesMin};
  for (const Record& before : records) {
    for (const Record& record : records) {
      EntryWriter writer(options);
      write_all(writer, before);
      const std::vector<Written> alone = write_all(EntryWriter(options), record), behind = write_all(writer, record);
      REQUIRE(behind.size() == alone.size());
      for (size_t i = 0; i < alone.size(); i++) CHECK(behind[i].wire == alone[i].wire);
    }
  }
}

TEST_CASE("the_metadata_offset_lets_a_batch_strip_the_metadata") {
  std::vector<char> arena(1 << 20);
  Batch batch;
  batch.attach(arena, {.arena_bytes = arena.size(), .headroom = 16});
  EntryWriter writers[] = {EntryWriter({}), EntryWriter(kBare)};
  for (EntryWriter& writer : writers) {
    for (const std::string_view text : {"first", "", "quote \" }],"}) {
      const Record record = with_request_id(plain(text), "id");
      EncodeCursor cursor;
      EntryShape shape;
      REQUIRE(writer.write(record, kTime, cursor, batch.room(), shape) == EncodeStep::kLast);
      batch.commit(shape, true, record);
    }
  }
  const std::string second = R"(["1770000000123000007","first"],)";
  CHECK(batch.entry(3) == second);
  batch.strip_metadata(kEntryEnd);
  CHECK(batch.entry(0) == second);
  CHECK(batch.entry(1) == R"(["1770000000123000007",""],)");
  CHECK(batch.entry(2) == R"(["1770000000123000007","quote \" }],"],)");
  CHECK(batch.entry(3) == second);
}

// ---- limits ----

TEST_CASE("a_line_is_split_only_beyond_its_limit_in_decoded_bytes") {
  const size_t limit = EntryWriter::kLineBytesMin;
  EntryWriter writer({.line_bytes_max = limit});
  for (const size_t bytes : {limit - 1, limit}) {
    CHECK(lines_of(write_all(writer, plain(std::string(bytes, 'x')))).size() == 1);
    CHECK(lines_of(write_all(writer, plain(std::string(bytes, 'x') + "\n"))).size() == 1);
    // Six bytes on the wire, one decoded.
    CHECK(lines_of(write_all(writer, plain(std::string(bytes, '\x01')))).size() == 1);
  }
  const std::vector<std::string> two = lines_of(write_all(writer, plain(std::string(limit + 1, 'x'))));
  REQUIRE(two.size() == 2);
  CHECK(two[0].size() == limit);
  CHECK(two[1] == "x");
}

TEST_CASE("parts_put_together_are_the_line_and_no_part_cuts_a_character") {
  const size_t limit = EntryWriter::kLineBytesMin;
  EntryWriter writer({.line_bytes_max = limit});
  for (size_t shift = 0; shift < 4; shift++) {
    std::string text(shift, 'x');
    std::string text_token = text;
    while (text.size() < 5 * limit) {
      text += "\xF0\x9F\x98\x80\n\"";
      text_token += text_token.size() % 2 == 0 ? "\\ud83d\\ude00\\n\\\"" : "\xF0\x9F\x98\x80\\u000a\\u0022";
    }
    const std::string expected = test::without_last_newline(text + "\n");
    for (const Record& record : {plain(text), token(text_token)}) {
      const std::vector<std::string> lines = lines_of(write_all(writer, record));
      REQUIRE(lines.size() > 4);
      CHECK(joined(lines) == expected);
      for (const std::string& line : lines) {
        CHECK(line.size() <= limit);
        CHECK(line.size() + 4 > (&line == &lines.back() ? 0 : limit));
        CHECK(test::sanitized_utf8(line) == line);
      }
    }
  }
}

TEST_CASE("no_entry_exceeds_its_wire_limit_and_none_of_the_line_is_lost") {
  EntryWriter writer({.line_bytes_max = 1 << 20, .entry_bytes_max = EntryWriter::kEntryBytesMin});
  Record record = plain("");
  const std::string text(300'000, '\x02');
  record.text = text;
  record.request_id = "some-id";
  const std::vector<Written> all = write_all(writer, record);
  CHECK(all.size() > 1'800'000 / EntryWriter::kEntryBytesMin);
  for (const Written& written : all) CHECK(written.wire.size() <= EntryWriter::kEntryBytesMin);
  CHECK(joined(lines_of(all)) == text);
}

TEST_CASE("a_last_newline_never_makes_a_part_of_its_own") {
  const size_t limit = EntryWriter::kLineBytesMin;
  EntryWriter writer({.line_bytes_max = limit});
  const std::string text(2 * limit, 'x');
  CHECK(lines_of(write_all(writer, token(text + "\\n"))).size() == 2);
  CHECK(lines_of(write_all(writer, token(text + "\\u000A"))).size() == 2);
  CHECK(lines_of(write_all(writer, plain(text + "\n"))).size() == 2);
  const std::vector<std::string> lines = lines_of(write_all(writer, token(text + "\\n\\n")));
  REQUIRE(lines.size() == 3);
  CHECK(lines[2] == "\n");
}

TEST_CASE("all_parts_carry_the_record_s_time_and_metadata") {
  const std::string text(3 * EntryWriter::kLineBytesMin, 'x');
  EntryWriter writer({.line_bytes_max = EntryWriter::kLineBytesMin});
  for (const Written& written : write_all(writer, with_request_id(plain(text), "id"))) {
    const std::optional<WireEntry> entry = read_wire_entry(written.wire);
    CHECK(entry->time == std::to_string(kTime));
    CHECK((*entry)["request_id"] == "id");
  }
}

TEST_CASE("a_prefix_may_be_split_like_the_text") {
  const size_t limit = EntryWriter::kLineBytesMin;
  for (const size_t bytes : {limit - 1, limit, limit + 1, 2 * limit}) {
    const std::string prefix(bytes, 'p');
    Record record = token(R"(text\ud83d\ude00\n)");
    record.prefix = prefix;
    CHECK(joined(lines_of(write_all(EntryWriter({.line_bytes_max = limit}), record))) ==
          prefix + "text\xF0\x9F\x98\x80");
  }
}

TEST_CASE("a_learnt_line_limit_holds_for_the_next_record") {
  EntryWriter writer({});
  const std::string text(10'000, 'x');
  CHECK(write_all(writer, plain(text)).size() == 1);
  writer.set_line_bytes_max(5'000);
  CHECK(write_all(writer, plain(text)).size() == 2);
  writer.set_structured_metadata(StructuredMetadata::kOff);
  CHECK_FALSE(read_wire_entry(write_all(writer, plain("x"))[0].wire)->has_metadata);
}

TEST_CASE("too_little_room_changes_nothing_and_exactly_enough_is_enough") {
  const std::string text(3 * EntryWriter::kLineBytesMin + 5, 'y');
  Record record = with_request_id(plain(text), "an-id");
  record.level = Level::kError;
  const StructuredMetadata metadata = GENERATE(StructuredMetadata::kOn, StructuredMetadata::kOff);
  EntryWriter writer({.structured_metadata = metadata, .line_bytes_max = EntryWriter::kLineBytesMin});
  const std::vector<Written> expected = write_all(writer, record);
  EncodeCursor cursor;
  for (const Written& want : expected) {
    for (size_t bytes = 0; bytes <= want.wire.size(); bytes++) {
      std::vector<char> room(bytes);
      EncodeCursor trial = cursor;
      EntryShape shape{.bytes = 77, .metadata_offset = 78};
      const EncodeStep step = writer.write(record, kTime, trial, room, shape);
      if (bytes < want.wire.size()) {
        REQUIRE(step == EncodeStep::kNoRoom);
        REQUIRE((trial.text_offset == cursor.text_offset && trial.part == cursor.part && trial.parts == cursor.parts));
        REQUIRE((shape.bytes == 77 && shape.metadata_offset == 78));
      } else {
        REQUIRE(step == (&want == &expected.back() ? EncodeStep::kLast : EncodeStep::kMore));
        REQUIRE(std::string(room.data(), shape.bytes) == want.wire);
        cursor = trial;
      }
    }
  }
}

// ---- the request id in the line ----

}  // namespace
}  // namespace sleipnir
