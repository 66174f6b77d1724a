// The writing half of the spool: where a frame goes, and when none may be written. See spool_scan.cc for the segments
// of earlier processes and spool_restore.cc for the way back.

#include "app/spool.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>

#include "app/spool_load.h"
#include "base/check.h"

namespace sleipnir {

Spool::Spool(FileSystem& files, RandomSource& random, const Options& options, std::string_view push_prefix)
    : files_(files),
      random_(random),
      bytes_max_(options.bytes_max),
      directory_(options.directory),
      push_prefix_(push_prefix),
      segment_bytes_max_(std::clamp(options.bytes_max / 8, kSpoolSegmentBytesMin, kSpoolSegmentBytesMax)) {}

Spool::~Spool() {
  for (SpoolSegment& segment : segments_) {
    if (segment.used()) segment.close(files_);
  }
}

Spool::Store Spool::store(const Batch& batch, EntryRange range, GzipCompressor* gzip, std::span<char> buffer,
                          Instant now) {
  if (!enabled()) return Store::kOff;
  if (now.monotonic < failed_until_) return Store::kFailed;
  const size_t wire_bytes = batch.wire_bytes(range);
  if (now.monotonic < refused_until_ && wire_bytes >= refused_wire_bytes_) return refused_why_;
  scan(now);
  if (Status made = provide_directory(); !made) return refuse(Store::kFailed, &made.error(), now);

  Store why = Store::kFailed;
  const Result<uint64_t> allowed = allowance(why);
  if (!allowed) return refuse(Store::kFailed, &allowed.error(), now);
  // Where not even a header fits, the work of compressing is spared.
  const uint64_t segment_header = kSegmentHeaderBytes + push_prefix_.size();
  if (allowed.value() < kFrameHeaderBytes + segment_header) return refuse(why, nullptr, now);
  const std::optional<PackedFrame> frame = pack_frame(batch, range, gzip, buffer);
  // No batch is so large.
  if (!frame) return Store::kFull;
  if (allowed.value() < frame->head.size() + frame->rest.size() + segment_header) {
    refused_wire_bytes_ = wire_bytes;
    refused_until_ = now.monotonic + kSpoolFullFor;
    refused_why_ = why;
    return refuse(why, nullptr, now);
  }

  const Result<SpoolSegment*> segment = current_segment(now);
  if (!segment) return refuse(Store::kFailed, &segment.error(), now);
  if (segment.value() == nullptr) return refuse(Store::kFull, nullptr, now);
  const Status appended = segment.value()->append(files_, frame->head, frame->rest);
  recount();
  if (!appended) return refuse(Store::kFailed, &appended.error(), now);
  counts_.stored += frame->header.records;
  return Store::kStored;
}

// Says why, once a minute. After a failure the disk is left in peace for a while.
Spool::Store Spool::refuse(Store why, const Error* error, Instant now) {
  if (why == Store::kFailed) {
    failed_until_ = now.monotonic + kSpoolRetryEvery;
    // It may have been removed by the function.
    directory_made_ = false;
    if (failed_gate_.open(now)) {
      log_line(LogLevel::kWarn, "cannot write to the spool (LOKI_SPOOL_DIR %s): %s", directory_.c_str(), error->text());
    }
  } else if (full_gate_.open(now)) {
    if (why == Store::kNoDisk) {
      log_line(LogLevel::kWarn,
               "nothing more is spooled: the file system of LOKI_SPOOL_DIR %s must keep %" PRIu64
               " MiB, and a quarter of itself (up to 10 GiB), free",
               directory_.c_str(), uint64_t{kSpoolFreeBytesMin / kMiB});
    } else {
      log_line(LogLevel::kWarn, "the spool is full: %" PRIu64 " bytes in %s (LOKI_SPOOL_MAX_BYTES %" PRIu64 ")",
               counts_.bytes_on_disk, directory_.c_str(), bytes_max_);
    }
  }
  return why;
}

Status Spool::provide_directory() {
  if (directory_made_) return Done{};
  const Status made = files_.make_directory(directory_.c_str());
  directory_made_ = static_cast<bool>(made);
  return made;
}

// How many bytes may be written now, and what the refusal of more is called.
Result<uint64_t> Spool::allowance(Store& why) {
  const Result<FileSystem::Space> space = files_.space(directory_.c_str());
  if (!space) return space.error();
  const uint64_t kept = std::clamp(space->total_bytes / 4, kSpoolFreeBytesMin, kSpoolFreeBytesMax);
  const uint64_t disk = space->free_bytes - std::min(space->free_bytes, kept);
  const uint64_t cap = bytes_max_ - std::min(bytes_max_, counts_.bytes_on_disk);
  why = cap <= disk ? Store::kFull : Store::kNoDisk;
  return std::min(cap, disk);
}

// The segment to write to; null: there are as many as there may be.
Result<SpoolSegment*> Spool::current_segment(Instant now) {
  SpoolSegment* const current = find(current_);
  if (current != nullptr && current->writable() && current->bytes() < segment_bytes_max_) {
    if (current->still_there(files_)) return current;
    // The function has tidied up /tmp. What is in it can still be read by us, but a restart would not find it.
  }
  current_ = 0;
  if (current != nullptr) retire_if_over(*current);
  Result<SpoolSegment*> made = new_segment(now);
  if (made) return made;
  // The directory may have gone with it, or another process took the new file for an abandoned one.
  directory_made_ = false;
  if (Status directory = provide_directory(); !directory) return directory.error();
  return new_segment(now);
}

Result<SpoolSegment*> Spool::new_segment(Instant now) {
  SpoolSegment* const segment = unused_segment();
  if (segment == nullptr) return segment;
  // Names sort by time; the random part keeps apart what two processes make in the same millisecond.
  char name[kSpoolNameBytes + 1];
  const auto time_ms = static_cast<uint64_t>(std::max<int64_t>(unix_ms(now.wall), 0)) % 10'000'000'000'000;
  snprintf(name, sizeof(name), "%013" PRIu64 "-%016" PRIx64 "%.*s", time_ms, random_.next(),
           static_cast<int>(kSpoolNameEnd.size()), kSpoolNameEnd.data());
  const Status made = segment->create(files_, last_id_ + 1, path_of(name), push_prefix_);
  if (!made) return made.error();
  current_ = ++last_id_;
  recount();
  return segment;
}

}  // namespace sleipnir
