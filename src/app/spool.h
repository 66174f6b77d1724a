// Spool: batches that could not be delivered, on disk, until they can be.
//
//   store(): a range of a batch -> frame, appended to the current segment file
//   scan():  segments that an earlier process of this sandbox left behind are adopted
//   restore(): the oldest frame -> an empty batch, and a ticket      (frames stay on disk meanwhile)
//   delivered(ticket): the frame is marked on disk; a segment without waiting frames is unlinked
//
// Owned by the sender, sender thread. The constructor touches nothing; the first scan() or store() is the first use of
// the disk. What can be relied on:
//  - kill -9 at any point: a frame is there whole, or is a torn tail that is not taken and costs no other frame. A
//    frame restored and not marked when the process ended is restored again, byte-identical, so that Loki swallows it.
//    There is no fsync: the page cache outlives the process, and /tmp does not outlive the machine anyway. On a file
//    system that does, a crash of the machine can cost the frames of the last seconds; checksums notice.
//  - A segment is adopted only with its lock, which its owner holds as long as it lives: two environments in one
//    directory never touch each other's. Names are drawn at random.
//  - Files that are not ours, of another version or with other labels are never changed.
//  - The function's disk: nothing is written when the file system would keep less than a quarter free, but at least
//    kSpoolFreeBytesMin and at most kSpoolFreeBytesMax, and the segments held never sum up to more than
//    LOKI_SPOOL_MAX_BYTES.
//  - Nothing in a file is believed: lengths, checksums and each entry's JSON are verified before a batch has them.
//
// A batch of which only some ranges are left to deliver: store() the ranges, then delivered() its old ticket.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "app/spool_segment.h"
#include "base/file_system.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/random.h"
#include "batch/batch.h"
#include "loki/compressor.h"
#include "loki/decompressor.h"

namespace sleipnir {

// Which frame, or part of one, a restored batch came from.
struct SpoolTicket {
  uint64_t id = 0;              // 0: from none
  uint32_t entries_before = 0;  // of the frame, before the part
  uint32_t records_before = 0;
  explicit operator bool() const { return id != 0; }
};

// In records where nothing else is said; each grows only, but for the bytes.
struct SpoolCounts {
  uint64_t stored = 0;         // by this process
  uint64_t restored = 0;       // into a batch; those that were put back and restored again count again
  uint64_t unreadable = 0;     // in frames that are damaged, as far as their headers tell
  uint64_t bytes_on_disk = 0;  // all segments held
};

class Spool {
 public:
  struct Options {
    std::string_view directory;  // absolute
    uint64_t bytes_max = 0;      // 0: there is no spool
  };

  enum class Store : uint8_t {
    kStored,
    kOff,     // LOKI_SPOOL_MAX_BYTES is 0
    kFull,    // LOKI_SPOOL_MAX_BYTES would be exceeded
    kNoDisk,  // the file system has to keep more free
    kFailed,  // the file system refused; it is not asked again for kSpoolRetryEvery
  };

  enum class Restore : uint8_t {
    kRestored,
    kNothing,  // no frame waits
    kBusy,     // not now: as many tickets are out as there may be, or too much had to be skipped, or no memory
  };

  // `files`, `random` and `push_prefix` outlive the spool; nothing of them is used yet.
  Spool(FileSystem& files, RandomSource& random, const Options& options, std::string_view push_prefix);
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;
  // Closes the segments, which lets another process adopt them.
  ~Spool();

  bool enabled() const { return bytes_max_ != 0; }

  // Looks for segments of earlier processes, once; later calls do nothing. store() does it too, so that the cap counts
  // what is there. Never fails: what cannot be adopted is left alone.
  void scan(Instant now);

  // Appends the range, exactly as it is, as one frame. kStored: it may be taken out of memory; the batch is not
  // changed. `gzip` null: stored plain. REQUIRES: the range is not empty; `buffer` has kSpoolBufferBytesMin at least
  // (the larger, the more is compressed: kCompressedBytesMax is good) and is free for the time of the call.
  [[nodiscard]] Store store(const Batch& batch, EntryRange range, GzipCompressor* gzip, std::span<char> buffer,
                            Instant now);

  // Loads the oldest frame that waits into `into`, counts included, and gives a ticket for it: one of delivered() and
  // put_back() has to follow. A frame too large for the batch comes in several parts, each with its own ticket.
  // kNothing or kBusy: `into` is empty. REQUIRES: `into` empty; `buffer` as for store().
  [[nodiscard]] Restore restore(Batch& into, std::span<char> buffer, SpoolTicket& ticket, Instant now);

  // Nothing of it has to be restored again: it was delivered, dropped for good, or stored anew.
  void delivered(SpoolTicket ticket, Instant now);
  // It was not delivered, but for its first entries, and waits again, before frames not yet restored: once all parts of
  // its frame have come back, from the first such entry on, what was delivered behind it included. Only this process
  // knows how far it was: another one restores the frame as a whole. At the end of the process this is not needed.
  struct Settled {
    uint32_t entries = 0;
    uint32_t records = 0;
  };
  void put_back(SpoolTicket ticket, Settled settled);

  // Nobody will come back for what waits: gives up every frame of it, those of earlier processes included, and returns
  // their records. The files stay as they are.
  uint64_t abandon(Instant now);

  // Whether restore() may find something. May be wrong in saying yes, never in saying no (after scan()).
  bool waiting() const;

  const SpoolCounts& counts() const { return counts_; }
  // The directory, for log lines.
  const char* directory() const { return directory_.c_str(); }

 private:
  // A frame of which parts are out, or still to be loaded.
  struct Loan {
    SegmentId segment = 0;  // 0: unused
    uint64_t offset = 0;
    FrameHeader header;
    uint32_t next_entry = 0;  // parts up to here are loaded
    uint32_t records = 0;     // in them
    uint32_t parts_out = 0;   // tickets
    uint64_t serial = 0;      // tells tickets of earlier loans in this place apart
    // A part came back undelivered: from here on the frame waits again when all are back.
    std::optional<Settled> put_back;

    bool used() const { return segment != 0; }
    bool more_parts() const { return used() && !put_back && next_entry < header.entries; }
    uint32_t records_left() const { return header.records - std::min(records, header.records); }
  };

  // ---- writing (spool.cc) ----
  Store refuse(Store why, const Error* error, Instant now);
  Status provide_directory();
  Result<uint64_t> allowance(Store& why);
  Result<SpoolSegment*> current_segment(Instant now);
  Result<SpoolSegment*> new_segment(Instant now);

  // ---- segments (spool_scan.cc) ----
  struct Skipped;
  void adopt_more(Instant now);
  void adopt(std::string_view name, Skipped& skipped);
  std::string path_of(std::string_view name) const;
  SpoolSegment* find(SegmentId id);
  SpoolSegment* unused_segment();
  size_t adopted_count() const;
  void retire(SpoolSegment& segment);
  void recount();

  // ---- reading (spool_restore.cc) ----
  SpoolSegment* oldest_waiting();
  bool load_part(SpoolSegment& segment, Loan& loan, Batch& into, std::span<char> buffer, SpoolTicket& ticket,
                 Instant now);
  Loan& loan_of(SpoolTicket ticket);
  void end_part(Loan& loan, Instant now);
  void retire_if_over(SpoolSegment& segment);

  FileSystem& files_;
  RandomSource& random_;
  const uint64_t bytes_max_;
  const std::string directory_;
  const std::string_view push_prefix_;
  const uint64_t segment_bytes_max_;
  GzipDecompressor gunzip_;

  bool scanned_ = false;
  // Names up to here have been looked at; more_to_scan_: there are others behind it.
  std::string scanned_through_;
  bool more_to_scan_ = false;
  bool directory_made_ = false;
  MonotonicTime failed_until_ = MonotonicTime::min();
  // There was no room for a range of so many wire bytes; until then one as large is not even compressed.
  size_t refused_wire_bytes_ = 0;
  MonotonicTime refused_until_ = MonotonicTime::min();
  Store refused_why_ = Store::kFull;

  std::array<SpoolSegment, kSpoolSegmentsMax> segments_;
  SegmentId current_ = 0;  // the one that is written to; 0: none
  SegmentId last_id_ = 0;
  std::array<Loan, kPoolBatchesMax> loans_;
  uint64_t last_serial_ = 0;
  SpoolCounts counts_;

  LogGate full_gate_;
  LogGate failed_gate_;
  LogGate skipped_gate_;
  LogGate damaged_gate_;
};

}  // namespace sleipnir
