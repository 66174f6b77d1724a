// The spool and files that are torn, damaged, or not its own.
#include <catch2/catch_test_macros.hpp>

#include "spool_fixture.h"

using namespace sleipnir;
using namespace sleipnir::test;

using Store = Spool::Store;
using Restore = Spool::Restore;

namespace {

// A disk with one segment of three frames, and where each frame ends.
struct Segment {
  FakeDisk disk;
  std::vector<size_t> ends;

  explicit Segment(bool gzip, size_t records = 3) {
    SpoolProcess process(disk);
    process.gzip = gzip;
    for (const char* name : {"a", "b", "c"}) {
      REQUIRE(process.store(name, records) == Store::kStored);
      ends.push_back(disk.only_file().size());
    }
  }
};

std::vector<std::string> drained(FakeDisk& disk, uint64_t seed = 99) {
  SpoolProcess process(disk, seed);
  process.spool.scan(at_second(0));
  return process.drain();
}

std::vector<std::string> expected(size_t frames, size_t records = 3) {
  std::vector<std::string> out;
  for (size_t i = 0; i < frames; i++) {
    const auto more = names(std::string(1, static_cast<char>('a' + i)), 0, records);
    out.insert(out.end(), more.begin(), more.end());
  }
  return out;
}

bool among(const std::vector<std::string>& some, const std::vector<std::string>& all) {
  size_t at = 0;
  for (const std::string& line : all) {
    if (at < some.size() && some[at] == line) at++;
  }
  return at == some.size();
}

}  // namespace

TEST_CASE("spool_loses_only_the_torn_tail_of_a_segment_at_every_length") {
  for (const bool gzip : {false, true}) {
    const Segment whole(gzip);
    const std::string& bytes = whole.disk.files.begin()->second->bytes;
    for (size_t length = 0; length <= bytes.size(); length++) {
      FakeDisk disk;
      disk.files[whole.disk.files.begin()->first] =
          std::make_shared<FakeFile>(FakeFile{.bytes = bytes.substr(0, length)});
      size_t frames = 0;
      while (frames < 3 && whole.ends[frames] <= length) frames++;
      REQUIRE(drained(disk) == expected(frames));
      // There is nothing more to be had from it.
      REQUIRE(disk.files.empty());
    }
  }
}

TEST_CASE("spool_takes_no_record_that_differs_by_one_bit") {
  for (const bool gzip : {false, true}) {
    const Segment whole(gzip);
    const std::string& bytes = whole.disk.files.begin()->second->bytes;
    for (size_t at = 0; at < bytes.size(); at++) {
      for (const int bit : {0, 3, 7}) {
        FakeDisk disk;
        auto file = std::make_shared<FakeFile>(FakeFile{.bytes = bytes});
        file->bytes[at] = static_cast<char>(file->bytes[at] ^ (1 << bit));
        disk.files[whole.disk.files.begin()->first] = file;
        const std::vector<std::string> got = drained(disk);
        REQUIRE(among(got, expected(3)));
        // A damaged body costs its frame alone.
        if (at >= whole.ends[0] + kFrameHeaderBytes) REQUIRE(got.size() >= 3);
        if (at >= whole.ends[0] + kFrameHeaderBytes && at < whole.ends[1]) REQUIRE(got.size() == 6);
      }
    }
  }
}

TEST_CASE("spool_survives_a_kill_after_each_written_byte") {
  for (const TornTail tail : {TornTail::kCut, TornTail::kZeros, TornTail::kGarbled}) {
    for (const bool gzip : {false, true}) {
      bool died = true;
      for (uint64_t bytes = 0; died; bytes++) {
        FakeDisk disk;
        std::vector<std::string> kept;
        {
          SpoolProcess process(disk, 1);
          process.gzip = gzip;
          process.files.die_after_bytes = bytes;
          process.files.torn_tail = tail;
          for (size_t i = 0; i < 3 && !process.files.dead(); i++) {
            if (process.store(std::string(1, static_cast<char>('a' + i)), 2) == Store::kStored)
              kept = expected(i + 1, 2);
          }
          died = process.files.dead();
        }
        const std::vector<std::string> got = drained(disk);
        // A kill behind the last byte of a frame leaves it whole, though it could not be said any more.
        REQUIRE(got.size() >= kept.size());
        REQUIRE((got == kept || got == expected(kept.size() / 2 + 1, 2)));
        // A header of full length in which nothing is right could be anybody's file.
        REQUIRE((disk.files.empty() || (tail != TornTail::kCut && bytes < kSegmentHeaderBytes + kPrefix.size())));
      }
    }
  }
}

TEST_CASE("spool_survives_a_kill_between_delivering_and_marking") {
  FakeDisk disk;
  {
    SpoolProcess process(disk);
    REQUIRE(process.store("a", 1) == Store::kStored);
    REQUIRE(process.store("b", 1) == Store::kStored);
    OwnedBatch batch;
    SpoolTicket ticket;
    REQUIRE(process.restore(*batch, ticket) == Restore::kRestored);
    process.files.die_after_bytes = 0;
    process.spool.delivered(ticket, at_second(0));
    CHECK(process.files.dead());
  }
  CHECK(drained(disk) == std::vector<std::string>{"a-0", "b-0"});
}

TEST_CASE("spool_counts_the_records_of_a_damaged_frame") {
  Segment segment(false);
  std::string& bytes = segment.disk.only_file();
  bytes[segment.ends[0] + kFrameHeaderBytes + 40] ^= 1;
  SpoolProcess process(segment.disk, 2);
  process.spool.scan(at_second(0));
  CHECK(process.drain().size() == 6);
  CHECK(process.spool.counts().unreadable == 3);
  CHECK(process.spool.counts().restored == 6);
}

TEST_CASE("spool_does_not_touch_files_that_are_not_its_own") {
  FakeDisk disk;
  disk.directories.emplace_back("/tmp/sleipnir");
  const auto put = [&disk](const std::string& name, std::string bytes) {
    disk.files["/tmp/sleipnir/" + name] = std::make_shared<FakeFile>(FakeFile{.bytes = std::move(bytes)});
  };
  put("notes.txt", "mine");
  put("1763713659123-0123456789abcdef.spool.bak", "x");
  put("1763713659123-0123456789ABCDEF.spool", "x");
  // With a name of ours: no segment at all, long and short.
  put("1763713659000-0000000000000001.spool", std::string(1000, 'x'));
  put("1763713659000-0000000000000002.spool", "GIF89a");
  // Of another version.
  std::string other(kSegmentHeaderBytes, '\0');
  write_segment_header(other, kPrefix);
  other[8] = 2;
  put("1763713659000-0000000000000003.spool", other + std::string(kPrefix));
  const auto before = disk.files.size();
  const uint64_t bytes = disk.bytes_in_files();

  SpoolProcess process(disk, 3);
  process.spool.scan(at_second(0));
  CHECK(process.drain().empty());
  CHECK(process.files.open_handles() == 0);
  REQUIRE(process.store("a", 1) == Store::kStored);
  CHECK(process.drain() == names("a", 0, 1));
  CHECK(disk.files.size() == before);
  CHECK(disk.bytes_in_files() == bytes);
}

TEST_CASE("spool_leaves_segments_with_other_labels_to_their_owner") {
  // As long as ours, and longer, and a beginning of it.
  const std::string same_length = std::string(kPrefix.substr(0, kPrefix.size() - 1)) + "{";
  const std::string longer = std::string(kPrefix) + " ";
  for (const std::string& other : {same_length, longer, std::string(kPrefix.substr(0, 10)), std::string()}) {
    FakeDisk disk;
    {
      SpoolProcess process(disk, 1, kMiB, other);
      REQUIRE(process.store("a", 1) == Store::kStored);
    }
    CHECK(drained(disk).empty());
    CHECK(disk.files.size() == 1);
    SpoolProcess owner(disk, 5, kMiB, other);
    owner.spool.scan(at_second(0));
    CHECK(owner.drain() == names("a", 0, 1));
  }
}

TEST_CASE("spool_refuses_a_frame_that_somebody_made_by_hand") {
  // Checksums right, and entries that Loki would refuse with all that stands beside them.
  const std::string good = R"(["1763713659123000000","x",{"a":"b"}],)";
  for (const std::string bad : {
           R"(["1763713659123000000","x",{"a":"b"}]!)",
           R"(["1763713659123000000","x",{"a":1}],        )",
           R"(["176371365912300000","xy",{"a":"b"}],)",
           R"(["1763713659123000000",null,{"a":"b"}],)",
           R"({"1763713659123000000":"x","a":"b"} ,  )",
           R"(["1763713659123000000","x"]]},{"stream":{}],)",
       }) {
    for (const bool first : {true, false}) {
      const std::string wire = first ? bad + good : good + bad;
      FakeDisk disk;
      disk.directories.emplace_back("/tmp/sleipnir");
      std::string bytes(kSegmentHeaderBytes, '\0');
      write_segment_header(bytes, kPrefix);
      bytes += kPrefix;
      const std::string flags(1, '\x03');
      std::string head(kFrameHeaderBytes, '\0');
      write_frame_header(head, FrameHeader{.payload_bytes = static_cast<uint32_t>(wire.size()),
                                           .stored_bytes = static_cast<uint32_t>(wire.size()),
                                           .entries = 2,
                                           .records = 2,
                                           .body_checksum = spool_checksum(wire, spool_checksum(flags))});
      disk.files["/tmp/sleipnir/1763713659000-0000000000000001.spool"] =
          std::make_shared<FakeFile>(FakeFile{.bytes = bytes + head + flags + wire});
      SpoolProcess process(disk, 2);
      process.spool.scan(at_second(0));
      OwnedBatch batch;
      SpoolTicket ticket;
      CHECK(process.restore(*batch, ticket) == Restore::kNothing);
      CHECK(batch->empty());
      CHECK(process.spool.counts().unreadable == 2);
    }
  }
}

TEST_CASE("spool_finds_all_segments_of_a_directory_that_holds_many") {
  FakeDisk disk;
  constexpr size_t kGenerations = 100;
  for (size_t i = 0; i < kGenerations; i++) {
    SpoolProcess process(disk, i + 1, i % 2 == 0 ? kMiB : 2 * kMiB, i % 2 == 0 ? kPrefix : "other");
    // Killed before it had looked around; otherwise the later ones would hold what the earlier ones left.
    REQUIRE(process.store("g" + std::to_string(i), 1, static_cast<int64_t>(i)) == Store::kStored);
  }
  CHECK(disk.files.size() == kGenerations);
  SpoolProcess process(disk, 1000);
  process.spool.scan(at_second(0));
  CHECK(process.files.open_handles() <= kSpoolSegmentsAdoptedMax);
  const std::vector<std::string> got = process.drain();
  CHECK(got.size() == kGenerations / 2);
  CHECK(got.front() == "g0-0");
  CHECK(got.back() == "g98-0");
  CHECK(disk.files.size() == kGenerations / 2);
}
