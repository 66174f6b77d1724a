// What the spool's tests share: batches with known records, a spool on a fake disk, reading back what it gives.
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <string>
#include <vector>

#include "app/spool.h"
#include "base/mapped_memory.h"
#include "fake/file_system.h"
#include "fake/random.h"
#include "loki/entry_writer.h"

namespace sleipnir::test {

inline constexpr std::string_view kPrefix = R"({"streams":[{"stream":{"function_name":"f"},"values":[)";
inline constexpr int64_t kTimeNs = 1'763'713'659'123'000'000;

inline Instant at_second(int64_t second) {
  return {.monotonic = MonotonicTime(std::chrono::seconds(1000 + second)),
          .wall = WallTime(Nanoseconds(kTimeNs) + std::chrono::seconds(second))};
}

// A batch with memory of its own.
class OwnedBatch {
 public:
  explicit OwnedBatch(size_t arena_bytes = 256 * kKiB) : arena_(std::make_unique_for_overwrite<char[]>(arena_bytes)) {
    batch_.attach({arena_.get(), arena_bytes}, BatchLayout{.arena_bytes = arena_bytes, .headroom = kPrefix.size()});
  }
  Batch& operator*() { return batch_; }
  Batch* operator->() { return &batch_; }

 private:
  std::unique_ptr<char[]> arena_;
  Batch batch_;
};

// Records with the lines `<name>-0`, `<name>-1`, ..., each in as many entries as its length asks for.
inline void fill(Batch& batch, std::string_view name, size_t records, size_t line_bytes = 0) {
  EntryWriter writer({.line_bytes_max = EntryWriter::kLineBytesMin});
  for (size_t i = 0; i < records; i++) {
    std::string line = std::string(name) + "-" + std::to_string(i);
    // Not the same byte over and over, which would compress to nothing.
    SeededRandom random(i);
    while (line.size() < line_bytes) line += static_cast<char>('a' + random.below(26));
    const Record record{.time = WallTime(Nanoseconds(kTimeNs)),
                        .log_type = LogType::kFunction,
                        .level = Level::kInfo,
                        .text = line,
                        .request_id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"};
    EncodeCursor cursor;
    for (bool first = true;; first = false) {
      EntryShape shape;
      const EncodeStep step = writer.write(record, kTimeNs + static_cast<int64_t>(i), cursor, batch.room(), shape);
      REQUIRE(step != EncodeStep::kNoRoom);
      batch.commit(shape, first, record);
      if (step == EncodeStep::kLast) break;
    }
  }
}

// Everything that tells two batches apart, as text.
inline std::string portrait(const Batch& batch, EntryRange range) {
  std::string out;
  for (uint32_t i = range.first; i < range.first + range.count; i++) {
    out += batch.begins_record(i) ? "* " : "+ ";
    out += std::to_string(batch.entry_without_metadata(i).size()) + " ";
    out += batch.entry(i);
    out += "\n";
  }
  return out;
}
inline std::string portrait(const Batch& batch) {
  return portrait(batch, batch.all());
}

// Warnings are what these tests provoke all the time.
class QuietLog {
 public:
  QuietLog() { set_log_level(LogLevel::kError); }
  QuietLog(const QuietLog&) = delete;
  QuietLog& operator=(const QuietLog&) = delete;
  ~QuietLog() {
    if (was_on_) set_log_level(LogLevel::kWarn);
  }

 private:
  const bool was_on_ = log_enabled(LogLevel::kWarn);
};

// A process with a spool, on a disk that outlives it.
class SpoolProcess {
 public:
  explicit SpoolProcess(FakeDisk& disk, uint64_t seed = 1, uint64_t bytes_max = 64 * kMiB,
                        std::string_view prefix = kPrefix)
      : files(disk),
        random_(seed),
        spool(files, random_, {.directory = "/tmp/sleipnir", .bytes_max = bytes_max}, prefix) {}

  Spool::Store store(const Batch& batch, EntryRange range, int64_t second = 0) {
    return spool.store(batch, range, gzip ? &compressor_ : nullptr, buffer_, at_second(second));
  }
  Spool::Store store(const Batch& batch, int64_t second = 0) { return store(batch, batch.all(), second); }
  Spool::Store store(std::string_view name, size_t records, int64_t second = 0, size_t line_bytes = 0) {
    static OwnedBatch batch(2 * kMiB);
    batch->reset();
    fill(*batch, name, records, line_bytes);
    return store(*batch, second);
  }

  Spool::Restore restore(Batch& into, SpoolTicket& ticket) {
    return spool.restore(into, buffer_, ticket, at_second(0));
  }

  // Restores and delivers all that waits; the lines' names, one per record, in order.
  std::vector<std::string> drain() {
    std::vector<std::string> lines;
    static OwnedBatch batch(2 * kMiB);
    for (;;) {
      batch->reset();
      SpoolTicket ticket;
      if (restore(*batch, ticket) != Spool::Restore::kRestored) {
        CHECK(batch->empty());
        return lines;
      }
      for (uint32_t i = 0; i < batch->entry_count(); i++) {
        const std::string_view entry = batch->entry(i);
        // `["<19 digits>","` stands before the line.
        constexpr size_t kLineAt = 24;
        if (batch->begins_record(i)) lines.emplace_back(entry.substr(kLineAt, entry.find('"', kLineAt) - kLineAt));
      }
      spool.delivered(ticket, at_second(0));
    }
  }

  FakeFileSystem files;
  bool gzip = true;

 private:
  QuietLog quiet_;
  SeededRandom random_;
  GzipCompressor compressor_{1};
  // One for all: it is used within calls only.
  inline static std::vector<char> buffer_ = std::vector<char>(kCompressedBytesMax);

 public:
  Spool spool;
};

inline std::vector<std::string> names(std::string_view name, size_t first, size_t count) {
  std::vector<std::string> out;
  for (size_t i = first; i < first + count; i++) out.push_back(std::string(name) + "-" + std::to_string(i));
  return out;
}

}  // namespace sleipnir::test
