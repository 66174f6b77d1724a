// Whatever a spool file holds, restoring it ends, gives sound entries only, and the spool is usable afterwards.
//
// Input: a byte of choices, then the file's content behind a whole segment header; or (choice) with the header
// included.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "app/spool.h"
#include "base/log.h"
#include "fake/file_system.h"
#include "fake/random.h"
#include "loki/entry_check.h"

namespace {

using namespace sleipnir;
using namespace sleipnir::test;

constexpr std::string_view kPrefix = R"({"streams":[{"stream":{"f":"g"},"values":[)";
constexpr Instant kNow{.monotonic = MonotonicTime(std::chrono::seconds(1)), .wall = WallTime(std::chrono::seconds(2))};

void expect(bool condition) {
  if (!condition) abort();
}

// Checksums stop nearly every input at the door; a choice puts the right ones in, so that what lies behind is reached.
void mend(std::string& bytes, size_t at) {
  while (bytes.size() - at >= kFrameHeaderBytes) {
    char* const frame = bytes.data() + at;
    uint32_t stored = 0;
    uint32_t entries = 0;
    memcpy(&stored, frame + 12, sizeof(stored));
    memcpy(&entries, frame + 16, sizeof(entries));
    uint32_t id = 0;
    memcpy(&id, frame + 28, sizeof(id));
    const uint64_t body = uint64_t{stored} + (uint64_t{entries} + 7) / 8 + id;
    if (body > bytes.size() - at - kFrameHeaderBytes) return;
    const uint32_t body_sum = spool_checksum({frame + kFrameHeaderBytes, static_cast<size_t>(body)});
    memcpy(frame + 24, &body_sum, sizeof(body_sum));
    const uint32_t header_sum = spool_checksum({frame + 5, 31});
    memcpy(frame + 36, &header_sum, sizeof(header_sum));
    at += kFrameHeaderBytes + static_cast<size_t>(body);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  // What is wrong with a file is said once a minute of each process; here every input is one.
  set_log_level(LogLevel::kError);
  const uint8_t choices = data[0];
  std::string content(reinterpret_cast<const char*>(data) + 1, size - 1);
  if ((choices & 1) == 0) {
    std::string header(kSegmentHeaderBytes, '\0');
    write_segment_header(header, kPrefix);
    header += kPrefix;
    if ((choices & 2) != 0) mend(content, 0);
    content = header + content;
  }
  FakeDisk disk;
  disk.directories.emplace_back("/s");
  disk.files["/s/1763713659000-0000000000000001.spool"] = std::make_shared<FakeFile>(FakeFile{.bytes = content});
  FakeFileSystem files(disk);
  SeededRandom random(1);
  Spool spool(files, random, {.directory = "/s", .bytes_max = kMiB}, kPrefix);
  spool.scan(kNow);

  const size_t arena_bytes = (choices & 4) != 0 ? 512 : 64 * kKiB;
  std::vector<char> arena(arena_bytes);
  std::vector<char> buffer(kSpoolBufferBytesMin);
  Batch batch;
  batch.attach(arena, {.arena_bytes = arena_bytes, .headroom = 64});
  uint64_t restored = 0;
  for (;;) {
    SpoolTicket ticket;
    batch.reset();
    if (spool.restore(batch, buffer, ticket, kNow) != Spool::Restore::kRestored) break;
    expect(!batch.empty());
    restored += batch.record_count();
    for (uint32_t i = 0; i < batch.entry_count(); i++) {
      const auto entry = check_entry(batch.entry(i));
      expect(entry.has_value() && entry->shape.bytes == batch.entry(i).size());
      expect(entry->shape.metadata_offset == batch.entry_without_metadata(i).size());
    }
    spool.delivered(ticket, kNow);
  }
  expect(batch.empty());
  expect(spool.counts().restored == restored);
  expect(!spool.waiting());
  expect(files.open_handles() == 0);

  // A frame of its own goes through all the same.
  constexpr std::string_view kEntry = R"(["1763713659000000000","x"],)";
  memcpy(batch.room().data(), kEntry.data(), kEntry.size());
  batch.commit({.bytes = kEntry.size(), .metadata_offset = kEntry.size() - 2}, true, Record{});
  expect(spool.store(batch, batch.all(), nullptr, buffer, kNow) == Spool::Store::kStored);
  batch.reset();
  SpoolTicket ticket;
  expect(spool.restore(batch, buffer, ticket, kNow) == Spool::Restore::kRestored);
  expect(batch.wire_text(batch.all()) == kEntry);
  return 0;
}
