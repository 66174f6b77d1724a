#include "batch/batch.h"

#include <catch2/catch_test_macros.hpp>

#include "batch_fixture.h"

namespace sleipnir::test {
namespace {

TEST_CASE("batch_gives_back_its_entries_one_by_one_and_in_ranges") {
  PlainBatch plain;
  for (const char* text : {"a", "bb", "ccc", "d"}) REQUIRE(plain.add(text));
  CHECK(plain.batch.entry(0) == "a,");
  CHECK(plain.batch.entry(2) == "ccc,");
  CHECK(plain.batch.entry(3) == "d,");
  CHECK(plain.wire(plain.batch.all()) == "a,bb,ccc,d,");
  CHECK(plain.wire({.first = 1, .count = 2}) == "bb,ccc,");
  CHECK(plain.wire({.first = 3, .count = 1}) == "d,");
  CHECK(plain.wire({.first = 4, .count = 0}).empty());
  CHECK(plain.batch.wire_bytes() == 11);
  CHECK(plain.batch.wire_bytes({.first = 1, .count = 2}) == 7);
}

TEST_CASE("batch_counts_a_record_where_its_first_part_lies") {
  PlainBatch plain;
  plain.add("one");
  plain.add("two, part 1");
  plain.add("two, part 2", false);
  plain.add("three");
  plain.add("our own", false);
  CHECK(plain.batch.entry_count() == 5);
  CHECK(plain.batch.record_count() == 3);
  CHECK(plain.batch.record_count({.first = 0, .count = 2}) == 2);
  CHECK(plain.batch.record_count({.first = 2, .count = 1}) == 0);
  CHECK(plain.batch.record_count({.first = 2, .count = 3}) == 1);
}

TEST_CASE("batch_remembers_its_oldest_record_and_its_most_severe_level") {
  PlainBatch plain;
  CHECK(plain.batch.oldest() == WallTime::max());
  plain.add("a", true, Record{.time = wall_from_unix_ms(2000), .level = Level::kInfo});
  plain.add("b", true, Record{.time = wall_from_unix_ms(1000), .level = Level::kError});
  plain.add("c", true, Record{.time = wall_from_unix_ms(3000), .level = Level::kDebug});
  CHECK(plain.batch.oldest() == wall_from_unix_ms(1000));
  CHECK(plain.batch.level_max() == Level::kError);
  plain.batch.reset();
  CHECK(plain.batch.empty());
  CHECK(plain.batch.oldest() == WallTime::max());
  CHECK(plain.batch.level_max() == Level::kUnknown);
}

TEST_CASE("batch_takes_entries_until_neither_bytes_nor_an_index_slot_are_left") {
  PlainBatch plain(200, 16);
  size_t entries = 0;
  while (plain.add("12345")) entries++;
  // 184 bytes hold 6 bytes of entry and 8 of index each.
  CHECK(entries == 184 / 14);
  CHECK(plain.batch.entry_count() == entries);
  CHECK(plain.batch.entry(static_cast<uint32_t>(entries) - 1) == "12345,");
  // Filled to the brim: an empty room, not a wrapped one.
  while (!plain.batch.room().empty()) plain.batch.commit({.bytes = 1, .metadata_offset = 1}, false, {});
  CHECK(plain.batch.room().empty());
}

TEST_CASE("push_text_lays_prefix_and_suffix_around_any_range_and_puts_back_what_it_covered") {
  PlainBatch plain(512, 16);
  const std::vector<std::string> entries = {"a", "bb", "ccc", "dddd", "a longer entry than the prefix is"};
  for (const std::string& text : entries) REQUIRE(plain.add(text));
  const std::string before = plain.everything();
  std::vector<char> scratch(PushText::scratch_bytes(plain.layout));
  for (uint32_t first = 0; first < 5; first++) {
    for (uint32_t count = 1; first + count <= 5; count++) {
      INFO(count << " from " << first);
      std::string expected = "{prefix: [";
      for (uint32_t i = first; i < first + count; i++) expected += (i == first ? "" : ",") + entries[i];
      {
        const PushText text(plain.batch, {.first = first, .count = count}, "{prefix: [", "]}]}", scratch);
        CHECK(text.view() == expected + "]}]}");
      }
      CHECK((plain.everything() == before));
    }
  }
}

TEST_CASE("push_text_fits_a_prefix_and_a_suffix_of_the_largest_size_around_a_full_batch") {
  PlainBatch plain(300, 16);
  while (plain.add("x")) {
  }
  while (!plain.batch.room().empty()) {
    plain.batch.room()[0] = ',';
    plain.batch.commit({.bytes = 1, .metadata_offset = 1}, false, {});
  }
  const std::string before = plain.everything();
  std::vector<char> scratch(PushText::scratch_bytes(plain.layout));
  const std::string prefix(16, 'P');
  const std::string suffix(PushText::kSuffixBytesMax, 'S');
  {
    const PushText text(plain.batch, plain.batch.all(), prefix, suffix, scratch);
    CHECK(text.view().starts_with(prefix));
    CHECK(text.view().ends_with(suffix));
  }
  CHECK((plain.everything() == before));
  CHECK(plain.batch.entry(0) == "x,");
}

TEST_CASE("strip_metadata_rewrites_every_entry_without_it") {
  PlainBatch plain;
  plain.add(R"(["1","a"|{"k":"v"}])");
  plain.add(R"(["2","b"])");
  plain.add(R"(["3","c"|{"k":"v","l":"w"}])");
  plain.batch.strip_metadata("],");
  CHECK(plain.wire(plain.batch.all()) == R"(["1","a"],["2","b"],["3","c"],)");
  CHECK(plain.batch.entry(1) == R"(["2","b"],)");
  CHECK(plain.batch.record_count() == 3);
  // Twice is the same as once.
  plain.batch.strip_metadata("],");
  CHECK(plain.wire(plain.batch.all()) == R"(["1","a"],["2","b"],["3","c"],)");
}

TEST_CASE("strip_metadata_keeps_the_parts_of_a_record_together") {
  PlainBatch plain;
  plain.add("[1|x]");
  plain.add("[2|x]", false);
  plain.batch.strip_metadata("],");
  CHECK(plain.batch.record_count({.first = 0, .count = 1}) == 1);
  CHECK(plain.batch.record_count({.first = 1, .count = 1}) == 0);
}

}  // namespace
}  // namespace sleipnir::test
