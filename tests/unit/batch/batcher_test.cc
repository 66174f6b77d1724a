#include "batch/batcher.h"

#include <catch2/catch_test_macros.hpp>
#include <cstring>
#include <string>
#include <vector>

namespace sleipnir::test {
namespace {

// Writes `<last digit of the stamp>text,`; a text with bars in it becomes one entry for each part between them.
struct PlainEncoder {
  EncodeStep write(const Record& record, int64_t time_ns, EncodeCursor& cursor, std::span<char> room,
                   EntryShape& shape) {
    const std::string_view rest = record.text.substr(cursor.text_offset);
    const size_t bar = rest.find('|');
    const std::string entry = std::to_string(time_ns % 10) + std::string(rest.substr(0, bar)) + ",";
    if (entry.size() > room.size()) return EncodeStep::kNoRoom;
    memcpy(room.data(), entry.data(), entry.size());
    shape = {.bytes = static_cast<uint32_t>(entry.size()), .metadata_offset = static_cast<uint32_t>(entry.size())};
    if (bar == std::string_view::npos) return EncodeStep::kLast;
    cursor.text_offset += bar + 1;
    cursor.part++;
    return EncodeStep::kMore;
  }
};

struct BatcherFixture {
  explicit BatcherFixture(Batcher<PlainEncoder>::Limits limits, size_t batches = 4, size_t arena_bytes = 4096)
      : pool(std::move(BatchPool::create(batches, {.arena_bytes = arena_bytes, .headroom = 16}).value())),
        batcher(*pool, encoder, limits, {.owner = this, .take = [](void* owner, Batch* batch) {
                                           static_cast<BatcherFixture*>(owner)->sealed.push_back(batch);
                                         }}) {}

  bool add(std::string_view text) {
    return batcher.append(Record{.time = wall_from_unix_ms(1'780'000'000'000), .text = text}) ==
           Batcher<PlainEncoder>::Append::kStored;
  }
  bool add(std::string_view text, std::string_view request_id) {
    return batcher.append(
               Record{.time = wall_from_unix_ms(1'780'000'000'000), .text = text, .request_id = request_id}) ==
           Batcher<PlainEncoder>::Append::kStored;
  }
  std::string wire(size_t index) {
    const std::span<char> found = sealed.at(index)->wire(sealed[index]->all());
    return {found.data(), found.size()};
  }

  PlainEncoder encoder;
  std::vector<Batch*> sealed;
  std::unique_ptr<BatchPool> pool;
  Batcher<PlainEncoder> batcher;
};

TEST_CASE("batcher_closes_where_the_request_changes_if_its_id_is_a_label") {
  BatcherFixture fixture({.wire_bytes_max = 100, .one_request = true}, 8);
  for (const auto& [text, id] : {std::pair{"a", "r1"}, {"b|c", "r1"}, {"d", "r2"}, {"e", ""}, {"f", ""}, {"g", "r1"}}) {
    CHECK(fixture.add(text, id));
  }
  fixture.batcher.seal();
  REQUIRE(fixture.sealed.size() == 4);
  CHECK(fixture.wire(0) == "0a,1b,2c,");
  CHECK(fixture.sealed[0]->request_id == "r1");
  CHECK(fixture.wire(1) == "3d,");
  CHECK(fixture.sealed[1]->request_id == "r2");
  CHECK(fixture.wire(2) == "4e,5f,");
  CHECK(fixture.sealed[2]->request_id.empty());
  CHECK(fixture.sealed[3]->request_id == "r1");
}

TEST_CASE("batcher_gives_the_second_batch_of_a_long_record_its_request_too") {
  BatcherFixture fixture({.wire_bytes_max = 6, .one_request = true}, 8);
  CHECK(fixture.add("aaa|bbb|ccc", "r1"));
  fixture.batcher.seal();
  REQUIRE(fixture.sealed.size() == 3);
  for (const Batch* batch : fixture.sealed) CHECK(batch->request_id == "r1");
}

TEST_CASE("batcher_does_not_look_at_the_request_if_its_id_is_no_label") {
  BatcherFixture fixture({.wire_bytes_max = 100}, 8);
  for (const char* id : {"r1", "r2", "r3"}) CHECK(fixture.add("a", id));
  CHECK(fixture.sealed.empty());
  fixture.batcher.seal();
  CHECK(fixture.sealed[0]->request_id.empty());
}

TEST_CASE("batcher_closes_before_the_line_that_would_exceed_the_limit") {
  // "0aaa," is 5 bytes: two of them fit into 10 and into 14, three into 15.
  for (const auto& [limit, in_first] :
       {std::pair{size_t{10}, 2U}, {size_t{14}, 2U}, {size_t{15}, 3U}, {size_t{16}, 3U}}) {
    INFO("limit " << limit);
    BatcherFixture fixture({.wire_bytes_max = limit});
    for (int i = 0; i < 4; i++) CHECK(fixture.add("aaa"));
    REQUIRE(fixture.sealed.size() == 1);
    CHECK(fixture.sealed[0]->entry_count() == in_first);
    CHECK(fixture.sealed[0]->wire_bytes() <= limit);
  }
}

TEST_CASE("batcher_lets_a_single_entry_exceed_the_limit") {
  BatcherFixture fixture({.wire_bytes_max = 10});
  CHECK(fixture.add("a"));
  CHECK(fixture.add("much longer than the limit"));
  CHECK(fixture.add("b"));
  fixture.batcher.seal();
  REQUIRE(fixture.sealed.size() == 3);
  CHECK(fixture.wire(1) == "1much longer than the limit,");
}

TEST_CASE("batcher_closes_at_the_limit_of_entries") {
  BatcherFixture fixture({.wire_bytes_max = 1000, .entries_max = 2});
  CHECK(fixture.add("a"));
  CHECK(fixture.sealed.empty());
  CHECK(fixture.add("b"));
  CHECK(fixture.sealed.size() == 1);
  CHECK_FALSE(fixture.batcher.has_records());
  CHECK(fixture.add("c"));
  CHECK(fixture.sealed.size() == 1);
}

TEST_CASE("batcher_numbers_what_it_seals_from_one_on") {
  BatcherFixture fixture({.wire_bytes_max = 1000, .entries_max = 1});
  CHECK(fixture.batcher.last_sequence() == 0);
  CHECK(fixture.batcher.seal() == 0);
  fixture.add("a");
  fixture.add("b");
  CHECK(fixture.sealed[0]->sequence == 1);
  CHECK(fixture.sealed[1]->sequence == 2);
  CHECK(fixture.batcher.seal() == 2);
}

TEST_CASE("batcher_seals_only_what_holds_something") {
  BatcherFixture fixture({.wire_bytes_max = 1000});
  fixture.batcher.seal();
  fixture.add("a");
  fixture.batcher.seal();
  fixture.batcher.seal();
  CHECK(fixture.sealed.size() == 1);
}

TEST_CASE("batcher_gives_equal_times_their_order") {
  BatcherFixture fixture({.wire_bytes_max = 1000});
  for (const char* text : {"a", "b", "c"}) fixture.add(text);
  fixture.batcher.seal();
  CHECK(fixture.wire(0) == "0a,1b,2c,");
}

TEST_CASE("batcher_refuses_when_the_pool_is_empty_and_goes_on_when_it_is_not") {
  BatcherFixture fixture({.wire_bytes_max = 1000, .entries_max = 1}, 2);
  CHECK(fixture.add("a"));
  CHECK(fixture.add("b"));
  CHECK_FALSE(fixture.add("c"));
  CHECK_FALSE(fixture.add("c"));
  fixture.pool->give_back(fixture.sealed[0]);
  CHECK(fixture.add("c"));
  CHECK(fixture.wire(2) == "2c,");
}

TEST_CASE("batcher_goes_on_with_the_next_part_of_a_record_that_met_an_empty_pool") {
  BatcherFixture fixture({.wire_bytes_max = 1000, .entries_max = 1}, 2);
  CHECK_FALSE(fixture.add("one|two|three"));
  REQUIRE(fixture.sealed.size() == 2);
  CHECK(fixture.wire(0) == "0one,");
  CHECK(fixture.wire(1) == "1two,");
  CHECK(fixture.sealed[0]->record_count() == 1);
  CHECK(fixture.sealed[1]->record_count() == 0);
  fixture.pool->give_back(fixture.sealed[0]);
  CHECK(fixture.add("one|two|three"));
  CHECK(fixture.wire(2) == "2three,");
  CHECK(fixture.sealed[2]->record_count() == 0);
  // And the next record begins anew.
  fixture.pool->give_back(fixture.sealed[1]);
  CHECK(fixture.add("next"));
  CHECK(fixture.sealed[3]->record_count() == 1);
}

TEST_CASE("batcher_does_not_count_lines_of_our_own") {
  BatcherFixture fixture({.wire_bytes_max = 1000});
  fixture.add("a");
  fixture.batcher.append_uncounted(Record{.text = "own"});
  fixture.batcher.seal();
  CHECK(fixture.sealed[0]->entry_count() == 2);
  CHECK(fixture.sealed[0]->record_count() == 1);
}

TEST_CASE("batcher_does_not_let_a_line_of_our_own_into_a_record_that_waits_for_room") {
  BatcherFixture fixture({.wire_bytes_max = 1000, .entries_max = 1}, 1);
  CHECK_FALSE(fixture.add("one|two"));
  fixture.pool->give_back(fixture.sealed[0]);
  fixture.batcher.append_uncounted(Record{.text = "own"});
  CHECK(fixture.add("one|two"));
  CHECK(fixture.wire(1) == "1two,");
}

TEST_CASE("batcher_does_not_let_a_line_of_our_own_take_the_stamp_of_a_record_that_waits_for_room") {
  BatcherFixture fixture({.wire_bytes_max = 12, .entries_max = 0}, 1);
  CHECK(fixture.add("aaaaaaaaa"));
  CHECK_FALSE(fixture.add("b"));
  fixture.pool->give_back(fixture.sealed[0]);
  fixture.batcher.append_uncounted(Record{.text = "own"});
  CHECK(fixture.add("b"));
  fixture.batcher.seal();
  CHECK(fixture.wire(1) == "1b,");
}

TEST_CASE("batcher_fills_an_arena_to_its_end_where_the_limit_is_larger") {
  BatcherFixture fixture({.wire_bytes_max = 1 << 20}, 4, 256);
  for (int i = 0; i < 60; i++) CHECK((fixture.add("12345") || fixture.sealed.size() == 4));
  REQUIRE(fixture.sealed.size() >= 2);
  CHECK(fixture.sealed[0]->wire_bytes() <= 256 - 16);
  CHECK(fixture.sealed[0]->entry_count() == 240 / (7 + 8));
}

}  // namespace
}  // namespace sleipnir::test
