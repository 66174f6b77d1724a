#include "app/spool.h"

#include <catch2/catch_test_macros.hpp>

#include "spool_fixture.h"

using namespace sleipnir;
using namespace sleipnir::test;

namespace {

using Store = Spool::Store;
using Restore = Spool::Restore;

// Whatever a batch held, the same comes back.
void check_round_trip(bool gzip, size_t records, size_t line_bytes) {
  FakeDisk disk;
  SpoolProcess process(disk);
  process.gzip = gzip;
  OwnedBatch batch(2 * kMiB);
  fill(*batch, "line", records, line_bytes);
  REQUIRE(process.store(*batch) == Store::kStored);
  OwnedBatch back(2 * kMiB);
  SpoolTicket ticket;
  REQUIRE(process.restore(*back, ticket) == Restore::kRestored);
  CHECK(portrait(*back) == portrait(*batch));
  CHECK(back->record_count() == records);
  CHECK(back->oldest() == WallTime(Nanoseconds(kTimeNs)));
  CHECK(static_cast<bool>(ticket));
}

}  // namespace

TEST_CASE("spool_gives_back_what_was_stored") {
  check_round_trip(true, 1, 0);
  check_round_trip(true, 500, 0);
  check_round_trip(false, 1, 0);
  check_round_trip(false, 500, 0);
  // Records of several entries.
  check_round_trip(true, 20, 7000);
  check_round_trip(false, 20, 7000);
}

TEST_CASE("spool_gives_back_the_request_that_is_a_label") {
  for (const bool gzip : {true, false}) {
    FakeDisk disk;
    SpoolProcess process(disk);
    process.gzip = gzip;
    OwnedBatch batch;
    for (const std::string& id : {std::string("r-1"), std::string(), std::string(kRequestIdBytesMax, 'i')}) {
      batch->reset();
      fill(*batch, "line", 10);
      batch->request_id.assign(id);
      REQUIRE(process.store(*batch) == Store::kStored);
      OwnedBatch back;
      SpoolTicket ticket;
      REQUIRE(process.restore(*back, ticket) == Restore::kRestored);
      CHECK(portrait(*back) == portrait(*batch));
      CHECK(back->request_id == id);
      process.spool.delivered(ticket, at_second(0));
    }
  }
}

TEST_CASE("spool_does_nothing_before_it_is_needed") {
  FakeDisk disk;
  SpoolProcess process(disk);
  CHECK(process.files.calls() == 0);
  CHECK_FALSE(process.spool.waiting());
  process.spool.scan(at_second(0));
  CHECK(process.files.calls() == 1);
  CHECK(disk.directories.empty());
  process.spool.scan(at_second(0));
  CHECK(process.files.calls() == 1);
}

TEST_CASE("spool_of_no_bytes_is_switched_off") {
  FakeDisk disk;
  SpoolProcess process(disk, 1, 0);
  CHECK_FALSE(process.spool.enabled());
  CHECK(process.store("a", 1) == Store::kOff);
  process.spool.scan(at_second(0));
  CHECK(process.drain().empty());
  CHECK(process.files.calls() == 0);
}

TEST_CASE("spool_stores_a_range_alone") {
  FakeDisk disk;
  SpoolProcess process(disk);
  OwnedBatch batch;
  fill(*batch, "a", 10);
  REQUIRE(process.store(*batch, {.first = 3, .count = 4}) == Store::kStored);
  CHECK(process.spool.counts().stored == 4);
  CHECK(process.drain() == names("a", 3, 4));
}

TEST_CASE("spool_stores_a_range_that_begins_within_a_record") {
  FakeDisk disk;
  SpoolProcess process(disk);
  OwnedBatch batch;
  fill(*batch, "a", 1, 7000);
  REQUIRE(batch->entry_count() > 2);
  const EntryRange rest{.first = 1, .count = batch->entry_count() - 1};
  REQUIRE(process.store(*batch, rest) == Store::kStored);
  OwnedBatch back;
  SpoolTicket ticket;
  REQUIRE(process.restore(*back, ticket) == Restore::kRestored);
  CHECK(back->record_count() == 0);
  CHECK(portrait(*back) == portrait(*batch, rest));
}

TEST_CASE("spool_gives_the_oldest_first") {
  FakeDisk disk;
  {
    SpoolProcess first(disk, 9);
    REQUIRE(first.store("a", 2, 0) == Store::kStored);
  }
  {
    SpoolProcess second(disk, 8);
    REQUIRE(second.store("b", 2, 1) == Store::kStored);
  }
  SpoolProcess third(disk, 7);
  REQUIRE(third.store("c", 2, 2) == Store::kStored);
  REQUIRE(third.store("d", 1, 2) == Store::kStored);
  CHECK(third.drain() == std::vector<std::string>{"a-0", "a-1", "b-0", "b-1", "c-0", "c-1", "d-0"});
}

TEST_CASE("spool_remembers_over_a_restart_what_was_delivered") {
  FakeDisk disk;
  {
    SpoolProcess process(disk);
    REQUIRE(process.store("a", 1) == Store::kStored);
    REQUIRE(process.store("b", 1) == Store::kStored);
    REQUIRE(process.store("c", 1) == Store::kStored);
    OwnedBatch batch;
    SpoolTicket a;
    REQUIRE(process.restore(*batch, a) == Restore::kRestored);
    batch->reset();
    SpoolTicket b;
    REQUIRE(process.restore(*batch, b) == Restore::kRestored);
    process.spool.delivered(b, at_second(0));
  }
  SpoolProcess process(disk, 2);
  process.spool.scan(at_second(0));
  CHECK(process.spool.waiting());
  CHECK(process.drain() == std::vector<std::string>{"a-0", "c-0"});
  CHECK_FALSE(process.spool.waiting());
}

TEST_CASE("spool_unlinks_a_segment_when_all_of_it_is_delivered") {
  FakeDisk disk;
  SpoolProcess process(disk);
  REQUIRE(process.store("a", 1) == Store::kStored);
  REQUIRE(process.store("b", 1) == Store::kStored);
  OwnedBatch batch;
  SpoolTicket a;
  SpoolTicket b;
  REQUIRE(process.restore(*batch, a) == Restore::kRestored);
  batch->reset();
  REQUIRE(process.restore(*batch, b) == Restore::kRestored);
  process.spool.delivered(b, at_second(0));
  CHECK(disk.files.size() == 1);
  process.spool.delivered(a, at_second(0));
  CHECK(disk.files.empty());
  CHECK(process.files.open_handles() == 0);
  CHECK(process.spool.counts().bytes_on_disk == 0);
  // And goes on with a new one.
  REQUIRE(process.store("c", 1) == Store::kStored);
  CHECK(process.drain() == names("c", 0, 1));
}

TEST_CASE("spool_keeps_a_frame_that_is_out_while_others_come_and_go") {
  FakeDisk disk;
  SpoolProcess process(disk);
  REQUIRE(process.store("a", 1) == Store::kStored);
  OwnedBatch batch;
  SpoolTicket a;
  REQUIRE(process.restore(*batch, a) == Restore::kRestored);
  REQUIRE(process.store("b", 1) == Store::kStored);
  CHECK(process.drain() == names("b", 0, 1));
  CHECK(disk.files.size() == 1);
  process.spool.delivered(a, at_second(0));
  CHECK(disk.files.empty());
}

TEST_CASE("spool_gives_again_what_was_put_back_and_nothing_else") {
  FakeDisk disk;
  SpoolProcess process(disk);
  for (const char* name : {"a", "b", "c", "d"}) REQUIRE(process.store(name, 1) == Store::kStored);
  OwnedBatch batch;
  SpoolTicket tickets[3];
  for (SpoolTicket& ticket : tickets) {
    batch->reset();
    REQUIRE(process.restore(*batch, ticket) == Restore::kRestored);
  }
  process.spool.delivered(tickets[1], at_second(0));
  process.spool.put_back(tickets[0], {});
  CHECK(process.spool.waiting());
  // c is still out.
  CHECK(process.drain() == std::vector<std::string>{"a-0", "d-0"});
  process.spool.put_back(tickets[2], {});
  CHECK(process.drain() == names("c", 0, 1));
  CHECK(disk.files.empty());
}

TEST_CASE("spool_gives_no_more_tickets_than_there_are_places") {
  FakeDisk disk;
  SpoolProcess process(disk);
  for (size_t i = 0; i <= kPoolBatchesMax; i++) REQUIRE(process.store("a", 1) == Store::kStored);
  OwnedBatch batch;
  SpoolTicket last;
  for (size_t i = 0; i < kPoolBatchesMax; i++) {
    batch->reset();
    REQUIRE(process.restore(*batch, last) == Restore::kRestored);
  }
  batch->reset();
  SpoolTicket none;
  CHECK(process.restore(*batch, none) == Restore::kBusy);
  CHECK(batch->empty());
  process.spool.delivered(last, at_second(0));
  CHECK(process.restore(*batch, none) == Restore::kRestored);
}

TEST_CASE("spool_gives_a_frame_in_parts_where_batches_have_become_smaller") {
  FakeDisk disk;
  OwnedBatch large(kMiB);
  fill(*large, "a", 1000, 200);
  {
    SpoolProcess process(disk);
    REQUIRE(process.store(*large) == Store::kStored);
  }
  SpoolProcess process(disk, 2);
  process.spool.scan(at_second(0));
  std::string got;
  std::vector<SpoolTicket> tickets;
  OwnedBatch small(64 * kKiB);
  for (;;) {
    small->reset();
    SpoolTicket ticket;
    if (process.restore(*small, ticket) != Restore::kRestored) break;
    tickets.push_back(ticket);
    got += portrait(*small);
  }
  CHECK(tickets.size() > 4);
  CHECK(got == portrait(*large));
  CHECK(process.spool.counts().restored == 1000);
  for (size_t i = 0; i < tickets.size(); i++) {
    CHECK(disk.files.size() == 1);
    process.spool.delivered(tickets[i], at_second(0));
  }
  CHECK(disk.files.empty());
}

TEST_CASE("spool_marks_a_frame_only_when_all_its_parts_are_delivered") {
  FakeDisk disk;
  {
    SpoolProcess process(disk);
    REQUIRE(process.store("a", 1000, 0, 200) == Store::kStored);
  }
  {
    SpoolProcess process(disk, 2);
    process.spool.scan(at_second(0));
    OwnedBatch small(64 * kKiB);
    SpoolTicket ticket;
    REQUIRE(process.restore(*small, ticket) == Restore::kRestored);
    process.spool.delivered(ticket, at_second(0));
    CHECK(process.spool.waiting());
  }
  SpoolProcess process(disk, 3);
  process.spool.scan(at_second(0));
  CHECK(process.drain().size() == 1000);
}

// A frame of many records, of which the first two parts are out.
struct TwoParts {
  TwoParts() {
    OwnedBatch large(kMiB);
    fill(*large, "a", 1000, 200);
    REQUIRE(process.store(*large) == Store::kStored);
    whole = portrait(*large);
    for (const auto& [batch, ticket] : {std::pair{&first, &first_ticket}, {&second, &second_ticket}}) {
      REQUIRE(process.restore(**batch, *ticket) == Restore::kRestored);
    }
  }
  // What waits, entry by entry.
  std::string rest(SpoolProcess& from) {
    std::string out;
    SpoolTicket ticket;
    for (;;) {
      first->reset();
      if (from.restore(*first, ticket) != Restore::kRestored) return out;
      out += portrait(*first);
      from.spool.delivered(ticket, at_second(0));
    }
  }

  FakeDisk disk;
  SpoolProcess process{disk};
  std::string whole;
  OwnedBatch first{64 * kKiB};
  OwnedBatch second{64 * kKiB};
  SpoolTicket first_ticket;
  SpoolTicket second_ticket;
};

TEST_CASE("spool_goes_on_in_a_frame_where_what_was_put_back_begins") {
  TwoParts out;
  const EntryRange settled{.first = 0, .count = 7};
  const std::string before = portrait(*out.first) + portrait(*out.second, settled);
  out.process.spool.put_back(out.second_ticket, {.entries = 7, .records = out.second->record_count(settled)});
  // No further parts while one is out.
  OwnedBatch other;
  SpoolTicket none;
  CHECK(out.process.restore(*other, none) == Restore::kNothing);
  out.process.spool.delivered(out.first_ticket, at_second(0));
  CHECK(out.process.spool.waiting());
  CHECK(before + out.rest(out.process) == out.whole);
  CHECK(out.disk.files.empty());
}

TEST_CASE("spool_gives_a_part_again_that_was_delivered_behind_one_that_was_put_back") {
  TwoParts out;
  out.process.spool.delivered(out.second_ticket, at_second(0));
  out.process.spool.put_back(out.first_ticket, {});
  CHECK(out.rest(out.process) == out.whole);
  CHECK(out.disk.files.empty());
}

TEST_CASE("spool_gives_another_process_the_whole_of_a_frame_that_was_put_back") {
  TwoParts out;
  out.process.spool.delivered(out.first_ticket, at_second(0));
  out.process.spool.put_back(out.second_ticket, {.entries = 7, .records = 1});
  out.process.files.kill();
  SpoolProcess next(out.disk, 2);
  next.spool.scan(at_second(0));
  CHECK(out.rest(next) == out.whole);
}

TEST_CASE("spool_gives_up_what_is_left_of_frames_that_were_begun") {
  TwoParts out;
  const uint64_t delivered = out.first->record_count() + 5;
  out.process.spool.delivered(out.first_ticket, at_second(0));
  EntryRange settled{.first = 0, .count = 0};
  while (out.second->record_count(settled) < 5) settled.count++;
  out.process.spool.put_back(out.second_ticket, {.entries = settled.count, .records = 5});
  REQUIRE(out.process.store("b", 3) == Store::kStored);
  CHECK(out.process.spool.abandon(at_second(0)) == 1000 - delivered + 3);
  CHECK(out.process.spool.abandon(at_second(0)) == 0);
  CHECK_FALSE(out.process.spool.waiting());
}

TEST_CASE("spool_leaves_a_frame_whose_entries_are_larger_than_a_batch_for_others") {
  FakeDisk disk;
  {
    SpoolProcess process(disk);
    EntryWriter writer({});
    OwnedBatch batch(kMiB);
    const std::string line(100'000, 'x');
    const Record record{.time = WallTime(Nanoseconds(kTimeNs)), .text = line};
    EncodeCursor cursor;
    EntryShape shape;
    REQUIRE(writer.write(record, kTimeNs, cursor, batch->room(), shape) == EncodeStep::kLast);
    batch->commit(shape, true, record);
    REQUIRE(process.store(*batch) == Store::kStored);
  }
  {
    SpoolProcess process(disk, 2);
    process.spool.scan(at_second(0));
    OwnedBatch small(64 * kKiB);
    SpoolTicket ticket;
    CHECK(process.restore(*small, ticket) == Restore::kNothing);
    CHECK(small->empty());
    CHECK(process.spool.counts().unreadable == 1);
    CHECK(disk.files.size() == 1);
    CHECK(process.files.open_handles() == 0);
  }
  SpoolProcess process(disk, 3);
  process.spool.scan(at_second(0));
  CHECK(process.drain().size() == 1);
}

TEST_CASE("spool_begins_a_new_segment_when_one_is_full") {
  FakeDisk disk;
  SpoolProcess process(disk, 1, 16 * kMiB);
  process.gzip = false;
  for (int i = 0; i < 12; i++) REQUIRE(process.store("a", 1000, 0, 400) == Store::kStored);
  CHECK(disk.files.size() >= 3);
  for (const auto& [path, file] : disk.files) CHECK(file->bytes.size() < 3 * kMiB);
  CHECK(process.drain().size() == 12'000);
  CHECK(disk.files.empty());
}

TEST_CASE("spool_reads_and_writes_through_short_calls") {
  FakeDisk disk;
  SpoolProcess process(disk);
  process.files.write_bytes_max = 7;
  process.files.read_bytes_max = 5;
  REQUIRE(process.store("a", 50) == Store::kStored);
  process.gzip = false;
  REQUIRE(process.store("b", 50) == Store::kStored);
  process.spool.scan(at_second(0));
  CHECK(process.drain().size() == 100);
}
