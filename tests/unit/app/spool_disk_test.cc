// The spool and a disk that is full, failing, or not to be filled.
#include <catch2/catch_test_macros.hpp>
#include <cerrno>

#include "spool_fixture.h"

using namespace sleipnir;
using namespace sleipnir::test;

using Store = Spool::Store;
using Restore = Spool::Restore;

TEST_CASE("spool_never_exceeds_its_cap_and_takes_again_when_there_is_room") {
  FakeDisk disk;
  constexpr uint64_t kCap = 300'000;
  SpoolProcess process(disk, 1, kCap);
  process.gzip = false;
  size_t stored = 0;
  Store last = Store::kStored;
  while (last == Store::kStored) {
    last = process.store("a", 100);
    stored += last == Store::kStored ? 100 : 0;
    REQUIRE(disk.bytes_in_files() <= kCap);
    REQUIRE(disk.bytes_in_files() == process.spool.counts().bytes_on_disk);
  }
  CHECK(last == Store::kFull);
  CHECK(stored > 0);
  CHECK(process.spool.counts().stored == stored);
  CHECK(process.drain().size() == stored);
  CHECK(process.store("b", 100) == Store::kStored);
}

TEST_CASE("spool_cap_is_exact") {
  OwnedBatch batch;
  fill(*batch, "a", 10);
  FakeDisk measured;
  SpoolProcess measure(measured);
  REQUIRE(measure.store(*batch) == Store::kStored);
  const uint64_t needed = measured.bytes_in_files();
  FakeDisk disk;
  SpoolProcess enough(disk, 1, needed);
  CHECK(enough.store(*batch) == Store::kStored);
  FakeDisk other;
  SpoolProcess one_less(other, 1, needed - 1);
  CHECK(one_less.store(*batch) == Store::kFull);
  CHECK(other.files.empty());
}

TEST_CASE("spool_cap_counts_what_earlier_processes_left") {
  FakeDisk disk;
  {
    SpoolProcess process(disk, 1, 40'000);
    process.gzip = false;
    while (process.store("a", 20) == Store::kStored) {
    }
  }
  const uint64_t before = disk.bytes_in_files();
  CHECK(before > 20'000);
  SpoolProcess process(disk, 2, 40'000);
  process.gzip = false;
  // Without a scan before.
  CHECK(process.store("b", 20) == Store::kFull);
  CHECK(disk.bytes_in_files() == before);
}

TEST_CASE("spool_without_room_is_asked_for_less_and_later_but_not_for_the_same_at_once") {
  FakeDisk disk;
  SpoolProcess process(disk, 1, 30'000);
  process.gzip = false;
  CHECK(process.store("a", 500, 0) == Store::kFull);
  const uint64_t calls = process.files.calls();
  CHECK(process.store("a", 500, 0) == Store::kFull);
  CHECK(process.store("a", 600, 0) == Store::kFull);
  CHECK(process.files.calls() == calls);
  CHECK(process.store("b", 20, 0) == Store::kStored);
  CHECK(process.store("a", 500, 1) == Store::kFull);
  CHECK(process.files.calls() > calls);
  // Compressed there would be room.
  process.gzip = true;
  CHECK(process.store("a", 500, 1) == Store::kFull);
  CHECK(process.drain().size() == 20);
  CHECK(process.store("a", 500, 1) == Store::kStored);
}

TEST_CASE("spool_leaves_the_function_its_disk") {
  OwnedBatch batch;
  fill(*batch, "a", 10);
  const auto store_with = [&](uint64_t total, uint64_t free) {
    FakeDisk disk{.total_bytes = total, .free_bytes = free};
    SpoolProcess process(disk);
    const Store stored = process.store(*batch);
    CHECK((stored == Store::kStored || disk.files.empty()));
    return stored;
  };
  // Lambda's smallest: a quarter of it is the 128 MiB too.
  CHECK(store_with(512 * kMiB, 129 * kMiB) == Store::kStored);
  CHECK(store_with(512 * kMiB, 128 * kMiB) == Store::kNoDisk);
  CHECK(store_with(512 * kMiB, 128 * kMiB + 100) == Store::kNoDisk);
  CHECK(store_with(512 * kMiB, 0) == Store::kNoDisk);
  // Large: the quarter counts.
  CHECK(store_with(10'240 * kMiB, 2'561 * kMiB) == Store::kStored);
  CHECK(store_with(10'240 * kMiB, 2'560 * kMiB) == Store::kNoDisk);
  // Larger than Lambda's largest: a quarter of that one.
  CHECK(store_with(250'000 * kMiB, 2'561 * kMiB) == Store::kStored);
  CHECK(store_with(250'000 * kMiB, 2'560 * kMiB) == Store::kNoDisk);
  // Small: the 128 MiB.
  CHECK(store_with(200 * kMiB, 129 * kMiB) == Store::kStored);
  CHECK(store_with(200 * kMiB, 127 * kMiB) == Store::kNoDisk);
}

TEST_CASE("spool_takes_no_more_when_the_function_fills_the_disk") {
  FakeDisk disk{.total_bytes = 512 * kMiB, .free_bytes = 200 * kMiB};
  SpoolProcess process(disk);
  REQUIRE(process.store("a", 10) == Store::kStored);
  disk.free_bytes = 100 * kMiB;
  CHECK(process.store("b", 10) == Store::kNoDisk);
  // What is there can be given back all the same.
  CHECK(process.drain() == names("a", 0, 10));
  disk.free_bytes = 200 * kMiB;
  CHECK(process.store("b", 10) == Store::kStored);
}

// Every operation on the disk fails once, at each place, with each kind of frame: nothing that was said to be stored is
// lost, nothing is stored that was said not to be, and it goes on afterwards.
TEST_CASE("spool_survives_an_error_at_each_call") {
  for (const bool gzip : {false, true}) {
    for (const uint64_t failing : {uint64_t{1}, uint64_t{2}, UINT64_MAX}) {
      bool reached = true;
      for (uint64_t call = 1; reached; call++) {
        FakeDisk disk;
        std::vector<std::string> kept;
        {
          SpoolProcess process(disk, call);
          process.gzip = gzip;
          process.files.fail_from_call = call;
          process.files.failing_calls = failing;
          process.files.write_bytes_max = 1000;
          process.files.fail_with = ENOSPC;
          for (int i = 0; i < 4; i++) {
            const std::string name = "r" + std::to_string(i);
            // Far enough apart for the pause after a failure.
            if (process.store(name, 20, i * 20) == Store::kStored) {
              const auto added = names(name, 0, 20);
              kept.insert(kept.end(), added.begin(), added.end());
            }
          }
          reached = process.files.calls() >= call;
          CHECK(process.spool.counts().stored == kept.size());
          if (failing == 1) CHECK(kept.size() >= 60);
        }
        SpoolProcess next(disk, 1000 + call);
        next.spool.scan(at_second(0));
        REQUIRE(next.drain() == kept);
        CHECK(disk.files.empty());
        CHECK(disk.free_bytes == FakeDisk{}.free_bytes);
      }
    }
  }
}

TEST_CASE("spool_survives_a_disk_that_is_full_after_each_byte") {
  OwnedBatch batch;
  fill(*batch, "a", 3);
  for (uint64_t room = 0; room < 1500; room++) {
    // The rule of free bytes is told that there is room, and then there is none.
    class Liar final : public FileSystem {
     public:
      explicit Liar(FakeDisk& disk) : files_(disk) {}
      Status make_directory(const char* path) override { return files_.make_directory(path); }
      Result<int> create(const char* path) override { return files_.create(path); }
      Result<int> open(const char* path) override { return files_.open(path); }
      void close(int handle) override { files_.close(handle); }
      Lock try_lock(int handle) override { return files_.try_lock(handle); }
      Result<uint64_t> size(int handle) override { return files_.size(handle); }
      Result<size_t> read_at(int h, uint64_t at, std::span<char> out) override { return files_.read_at(h, at, out); }
      Result<size_t> write_at(int h, uint64_t at, std::string_view b) override { return files_.write_at(h, at, b); }
      Status truncate(int handle, uint64_t bytes) override { return files_.truncate(handle, bytes); }
      Status unlink(const char* path) override { return files_.unlink(path); }
      Status list(const char* path, NameVisitor& visitor) override { return files_.list(path, visitor); }
      Result<Space> space(const char*) override { return Space{.free_bytes = kMiB * 1000, .total_bytes = kMiB * 1000}; }

     private:
      FakeFileSystem files_;
    };
    FakeDisk disk{.free_bytes = room};
    std::vector<char> buffer(kSpoolBufferBytesMin);
    SeededRandom random(1);
    bool stored = false;
    uint64_t left = 0;
    {
      Liar files(disk);
      Spool spool(files, random, {.directory = "/tmp/sleipnir", .bytes_max = kMiB}, kPrefix);
      stored = spool.store(*batch, batch->all(), nullptr, buffer, at_second(0)) == Store::kStored;
      left = disk.bytes_in_files();
    }
    // A refused frame leaves no trace but perhaps the header of its segment.
    if (!stored) CHECK(left <= kSegmentHeaderBytes + kPrefix.size());
    SpoolProcess next(disk, 2);
    next.spool.scan(at_second(0));
    REQUIRE(next.drain().size() == (stored ? 3 : 0));
    CHECK(disk.free_bytes == room);
    if (room == 1499) CHECK(stored);
  }
}

TEST_CASE("spool_does_not_ask_a_failing_disk_again_at_once") {
  FakeDisk disk;
  SpoolProcess process(disk);
  process.files.fail_from_call = 1;
  CHECK(process.store("a", 1, 0) == Store::kFailed);
  const uint64_t calls = process.files.calls();
  CHECK(process.store("a", 1, 1) == Store::kFailed);
  CHECK(process.store("a", 1, 9) == Store::kFailed);
  CHECK(process.files.calls() == calls);
  process.files.fail_from_call = 0;
  CHECK(process.store("a", 1, 10) == Store::kStored);
}

TEST_CASE("spool_that_cannot_cut_off_a_failed_frame_goes_on_in_another_segment") {
  FakeDisk disk;
  SpoolProcess process(disk);
  process.gzip = false;
  REQUIRE(process.store("a", 5) == Store::kStored);
  const uint64_t calls = process.files.calls();
  REQUIRE(process.store("b", 5) == Store::kStored);
  // The last call of a store is the write of its entries; then comes the cut.
  process.files.fail_from_call = process.files.calls() + (process.files.calls() - calls);
  process.files.failing_calls = 2;
  CHECK(process.store("c", 5) == Store::kFailed);
  CHECK(disk.bytes_in_files() > 0);
  CHECK(disk.bytes_in_files() <= process.spool.counts().bytes_on_disk);
  CHECK(process.store("d", 5, 20) == Store::kStored);
  CHECK(disk.files.size() == 2);
  CHECK(process.drain() == std::vector<std::string>{"a-0", "a-1", "a-2", "a-3", "a-4", "b-0", "b-1", "b-2", "b-3",
                                                    "b-4", "d-0", "d-1", "d-2", "d-3", "d-4"});
  CHECK(disk.files.empty());
}

TEST_CASE("spool_goes_on_when_the_function_removes_its_files") {
  FakeDisk disk;
  SpoolProcess process(disk);
  REQUIRE(process.store("a", 2) == Store::kStored);
  CHECK(process.files.unlink(disk.files.begin()->first.c_str()));
  disk.directories.clear();
  REQUIRE(process.store("b", 2) == Store::kStored);
  CHECK(disk.files.size() == 1);
  // Its own file is still open; a restart would not have found it.
  CHECK(process.drain() == std::vector<std::string>{"a-0", "a-1", "b-0", "b-1"});
  CHECK(disk.files.empty());
}

TEST_CASE("spool_keeps_what_it_could_not_read_for_a_later_process") {
  FakeDisk disk;
  SpoolProcess process(disk);
  REQUIRE(process.store("a", 5) == Store::kStored);
  process.files.fail_from_call = process.files.calls() + 2;
  process.files.failing_calls = 1;
  CHECK(process.drain().empty());
  CHECK(process.files.open_handles() == 0);
  SpoolProcess next(disk, 2);
  next.spool.scan(at_second(0));
  CHECK(next.drain() == names("a", 0, 5));
  CHECK(disk.files.empty());
}

TEST_CASE("spool_sends_again_after_a_restart_what_it_could_not_mark") {
  FakeDisk disk;
  {
    SpoolProcess process(disk);
    REQUIRE(process.store("a", 1) == Store::kStored);
    OwnedBatch batch;
    SpoolTicket ticket;
    REQUIRE(process.restore(*batch, ticket) == Restore::kRestored);
    process.files.fail_from_call = 1;
    process.spool.delivered(ticket, at_second(0));
    CHECK_FALSE(process.spool.waiting());
  }
  SpoolProcess next(disk, 2);
  next.spool.scan(at_second(0));
  CHECK(next.drain() == names("a", 0, 1));
}
