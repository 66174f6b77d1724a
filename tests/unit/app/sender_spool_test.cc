// The sender and its spool: lives of it, one after the other, on one disk.
#include "app/sender.h"

#include <catch2/catch_test_macros.hpp>

#include "sender_fixture.h"

namespace sleipnir::test {
namespace {

using namespace std::chrono_literals;

constexpr uint64_t kSpoolBytes = 1 << 20;

LokiReply unavailable(const ReceivedPush&) {
  return answer(503);
}

// Batches of these lines, spooled at the end of a life before.
void spool_before(SenderFixture& fixture, const std::vector<std::vector<std::string>>& batches) {
  SenderFixture before({.spool_bytes_max = kSpoolBytes});
  before.loki.judge = unavailable;
  for (const std::vector<std::string>& lines : batches) before.batch(lines);
  before.shut_down(1s, true);
  before.driver.run_for(1s);
  REQUIRE(before.handoff.finished.load());
  REQUIRE(before.balanced());
  before.files.kill();
  fixture.disk = before.disk;
}

// Loki takes one line, which tells the sender that it is well.
void deliver_one(SenderFixture& fixture) {
  fixture.batch({"fresh"});
  fixture.driver.settle();
}

// A frame of four lines from before is too large as a whole, and halved: the first half is taken, the second one not
// yet.
void deliver_half_of_a_frame(SenderFixture& fixture) {
  spool_before(fixture, {numbered(4, "a")});
  fixture.loki.replies = {answer(204), answer(413, "too large"), answer(204)};
  fixture.loki.judge = unavailable;
  deliver_one(fixture);
  REQUIRE(fixture.sent() == 3);
}

TEST_CASE("sender_sends_behind_fresh_records_what_an_earlier_life_has_spooled") {
  SenderFixture fixture({.spool_bytes_max = kSpoolBytes});
  spool_before(fixture, {numbered(2, "a"), numbered(3, "b")});
  deliver_one(fixture);
  CHECK(fixture.loki.lines() == std::vector<std::string>{"fresh", "a 0", "a 1", "b 0", "b 1", "b 2"});
  CHECK(fixture.handoff.counters.restored.get() == 5);
  CHECK(fixture.balanced());
}

TEST_CASE("sender_counts_at_spindown_all_that_is_on_disk_whoever_has_put_it_there") {
  for (const bool some_restored : {false, true}) {
    INFO("some restored " << some_restored);
    SenderFixture fixture({.batches = 2, .spool_bytes_max = kSpoolBytes});
    spool_before(fixture, {numbered(2, "a"), numbered(3, "b"), numbered(4, "c")});
    if (some_restored) {
      // The fresh one and the oldest frame, then nothing is taken any more.
      fixture.loki.replies = {answer(204), answer(204)};
      fixture.loki.judge = unavailable;
      deliver_one(fixture);
      CHECK(fixture.sent() == 3);
    } else {
      fixture.loki.judge = unavailable;
      fixture.batch({"fresh"});
    }
    fixture.shut_down(1s);
    fixture.driver.run_for(1s);
    REQUIRE(fixture.handoff.finished.load());
    CHECK(fixture.dropped(DropReason::kShutdown) == (some_restored ? 7U : 10U));
    CHECK(fixture.handoff.counters.pending() == 0);
    // Said once: a second end, of the ledger's own line, finds nothing more to count.
    fixture.handoff.finished.store(false);
    fixture.shut_down(1s);
    fixture.driver.run_for(1s);
    CHECK(fixture.handoff.finished.load());
    CHECK(fixture.dropped(DropReason::kShutdown) == (some_restored ? 7U : 10U));
    CHECK(fixture.handoff.counters.pending() == 0);
  }
}

TEST_CASE("sender_takes_nothing_from_the_spool_at_an_end_behind_which_the_next_start_does") {
  SenderFixture fixture({.spool_bytes_max = kSpoolBytes});
  spool_before(fixture, {numbered(2, "a")});
  fixture.batch({"fresh"});
  fixture.shut_down(1s, true);
  fixture.driver.settle();
  CHECK(fixture.handoff.finished.load());
  CHECK(fixture.loki.lines() == std::vector<std::string>{"fresh"});
  CHECK(fixture.handoff.counters.restored.get() == 0);
}

TEST_CASE("sender_makes_room_with_what_came_from_the_spool_first") {
  SenderFixture fixture({.batches = 3, .spool_bytes_max = kSpoolBytes});
  spool_before(fixture, {numbered(2, "a")});
  // The frame is loaded and refused for now, so it waits in memory.
  fixture.loki.replies = {answer(204), answer(429, "", "Retry-After: 60\r\n")};
  deliver_one(fixture);
  REQUIRE(fixture.sender.records_in_hand() == 2);
  fixture.loki.judge = [](const ReceivedPush&) { return answer(429, "", "Retry-After: 60\r\n"); };
  fixture.batch({"older"});
  fixture.batch({"newer"});
  fixture.driver.settle();
  const uint64_t bytes = fixture.disk.bytes_in_files();
  REQUIRE(fixture.pool->free_count() == 0);
  fixture.want_room(0ms);
  fixture.driver.settle();
  CHECK(fixture.pool->free_count() == 1);
  CHECK(fixture.disk.bytes_in_files() == bytes);
  CHECK(fixture.handoff.counters.spooled.get() == 2);
  CHECK(fixture.sender.records_in_hand() == 2);
}

TEST_CASE("sender_spools_only_what_is_left_of_a_restored_batch_that_was_delivered_in_part") {
  SenderFixture fixture({.spool_bytes_max = kSpoolBytes});
  deliver_half_of_a_frame(fixture);
  fixture.shut_down(1s, true);
  fixture.driver.run_for(1s);
  REQUIRE(fixture.handoff.finished.load());
  CHECK(fixture.handoff.counters.spooled.get() == 2);
  CHECK(fixture.balanced());
  fixture.files.kill();

  SenderFixture after({.spool_bytes_max = kSpoolBytes});
  after.disk = fixture.disk;
  deliver_one(after);
  CHECK(after.loki.lines() == std::vector<std::string>{"fresh", "a 2", "a 3"});
}

TEST_CASE("sender_puts_a_half_delivered_frame_back_whole_where_there_is_no_room_for_the_rest") {
  SenderFixture fixture({.spool_bytes_max = kSpoolBytes});
  deliver_half_of_a_frame(fixture);
  fixture.disk.free_bytes = 0;
  fixture.shut_down(1s, true);
  fixture.driver.run_for(1s);
  REQUIRE(fixture.handoff.finished.load());
  CHECK(fixture.handoff.counters.dropped_total() == 0);
  fixture.files.kill();

  SenderFixture after({.spool_bytes_max = kSpoolBytes});
  after.disk = fixture.disk;
  deliver_one(after);
  CHECK(after.loki.lines() == std::vector<std::string>{"fresh", "a 0", "a 1", "a 2", "a 3"});
}

// Nothing can be written, and the pool is full: of four restored records two are delivered, and beside them wait two
// fresh ones.
void fill_up_beside_a_half_delivered_frame(SenderFixture& fixture) {
  spool_before(fixture, {numbered(4, "a")});
  const LokiReply later = answer(429, "", "Retry-After: 60\r\n");
  fixture.loki.replies = {answer(204), answer(413, "too large"), answer(204)};
  fixture.loki.judge = [later](const ReceivedPush&) { return later; };
  deliver_one(fixture);
  REQUIRE(fixture.sent() == 3);
  fixture.disk.free_bytes = 0;
  fixture.batch({"older"});
  fixture.batch({"newer"});
  fixture.driver.settle();
  REQUIRE(fixture.pool->free_count() == 0);
  fixture.want_room(0ms);
  fixture.driver.settle();
}

TEST_CASE("sender_makes_room_with_a_half_delivered_frame_before_it_drops_anything") {
  SenderFixture fixture({.batches = 3, .spool_bytes_max = kSpoolBytes});
  fill_up_beside_a_half_delivered_frame(fixture);
  CHECK(fixture.pool->free_count() == 1);
  CHECK(fixture.handoff.counters.dropped_total() == 0);
  CHECK(fixture.handoff.counters.spooled.get() == 2);

  fixture.loki.judge = [](const ReceivedPush&) { return answer(204); };
  fixture.driver.run_for(120s);
  CHECK(fixture.loki.lines() == std::vector<std::string>{"fresh", "a 0", "a 1", "older", "newer", "a 2", "a 3"});
  CHECK(fixture.sent() == 7);
  CHECK(fixture.balanced());
  CHECK(fixture.disk.bytes_in_files() == 0);
}

TEST_CASE("sender_counts_at_spindown_what_is_left_of_a_half_delivered_frame") {
  SenderFixture fixture({.batches = 3, .spool_bytes_max = kSpoolBytes});
  fill_up_beside_a_half_delivered_frame(fixture);
  fixture.shut_down(1s);
  fixture.driver.run_for(1s);
  REQUIRE(fixture.handoff.finished.load());
  CHECK(fixture.dropped(DropReason::kShutdown) == 4);
  CHECK(fixture.sent() == 3);
  CHECK(fixture.handoff.counters.pending() == 0);
}

TEST_CASE("sender_counts_at_spindown_the_parts_of_a_frame_that_were_never_loaded") {
  SenderSetting setting{.batches = 2, .arena_bytes = 1 << 16, .spool_bytes_max = kSpoolBytes};
  SenderFixture fixture(setting);
  spool_before(fixture, {numbered(1000, "a line of some length, so that there are several parts")});
  // One part is taken, the next one is not.
  fixture.loki.replies = {answer(204), answer(204)};
  fixture.loki.judge = unavailable;
  deliver_one(fixture);
  REQUIRE(fixture.sent() > 1);
  REQUIRE(fixture.sent() < 500);
  fixture.shut_down(1s);
  fixture.driver.run_for(1s);
  REQUIRE(fixture.handoff.finished.load());
  CHECK(fixture.sent() + fixture.dropped(DropReason::kShutdown) == 1001);
  CHECK(fixture.handoff.counters.pending() == 0);
}

}  // namespace
}  // namespace sleipnir::test
