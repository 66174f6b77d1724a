// Batch: records in the form in which they will be pushed, in one arena of fixed size.
//
// The loop thread fills a batch through the Batcher, seals it and hands it to the sender; ownership moves with it and
// the loop does not touch it again until the pool gives it out anew. The batch knows no Loki: it holds wire entries,
// each one as an encoder wrote it, one behind the other, every one ending in a comma:
//
//   arena:  [ headroom | entry, entry, entry, ...  -> free <-  ... index, index, index ]
//
// A push is prefix + a range of entries less the last comma + suffix, and must lie in one piece to be compressed in
// one go. The headroom is where the prefix goes for the whole batch; suffix, and prefix of a sub-range, are laid over
// their neighbours for the moment and taken off again (PushText).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "base/fixed_text.h"
#include "batch/record.h"

namespace sleipnir {

// What an encoder tells about the entry it wrote.
struct EntryShape {
  uint32_t bytes = 0;            // all of it, the trailing comma included
  uint32_t metadata_offset = 0;  // where the part begins that a push without structured metadata leaves out
};

// How far an encoder has come with one record; all zero for a new one. A record longer than one entry may be gets
// several (`parts`).
struct EncodeCursor {
  size_t text_offset = 0;
  uint32_t part = 0;
  uint32_t parts = 0;
};

enum class EncodeStep : uint8_t {
  kLast,    // an entry was written and the record is done
  kMore,    // an entry was written and another part follows
  kNoRoom,  // nothing was written: the entry does not fit into the room that was given
};

// Entries [first, first + count) of a batch.
struct EntryRange {
  uint32_t first = 0;
  uint32_t count = 0;
  bool operator==(const EntryRange&) const = default;
};

// The sizes every batch of a pool has. All in bytes.
struct BatchLayout {
  size_t arena_bytes = 0;  // everything below fits in here
  size_t headroom = 0;     // the longest push prefix
};

class Batch {
 public:
  Batch() = default;
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  // Gives the batch its memory, once. `arena` is owned by the pool.
  void attach(std::span<char> arena, BatchLayout layout);

  // Empties it for a new use.
  void reset();

  // ---- filling: loop thread ----

  // Where the next entry may be written; empty when not even an index slot is left.
  std::span<char> room();
  // The bytes at the beginning of room() are an entry. `first_part`: it begins a record. The shape comes by reference:
  // it was written in two halves a moment ago, and a processor that loads both at once waits for them (13 ns).
  void commit(const EntryShape& shape, bool first_part, const Record& record);

  // Whether so many wire bytes in so many entries fit into it, empty as it is: then they may be put into room() all at
  // once and committed one by one. REQUIRES: empty.
  bool fits_all(size_t wire_bytes, size_t entries) const;

  // ---- reading: whoever owns it ----

  bool empty() const { return entry_count_ == 0; }
  EntryRange all() const { return {.first = 0, .count = entry_count_}; }
  uint32_t entry_count() const { return entry_count_; }
  // Records that begin in the range: what the ledger counts.
  uint32_t record_count(EntryRange range) const;
  uint32_t record_count() const { return record_count_; }
  // Wire bytes of the range, trailing commas included.
  size_t wire_bytes(EntryRange range) const;
  size_t wire_bytes() const { return fill_ - layout_.headroom; }
  // One entry's wire form, trailing comma included.
  std::string_view entry(uint32_t index) const;
  // The wire form of a range, trailing comma included.
  std::span<char> wire(EntryRange range);
  std::string_view wire_text(EntryRange range) const;
  // The entry without its structured metadata, as a string_view that lacks the closing bracket.
  std::string_view entry_without_metadata(uint32_t index) const;
  bool begins_record(uint32_t index) const;

  // Rewrites every entry in place without its structured metadata, for good: the server refuses it. Later pushes of
  // this batch are then byte-identical to each other again. `entry_end` closes an entry (`],`).
  void strip_metadata(std::string_view entry_end);

  // The most severe level in it, and the times of its oldest record.
  Level level_max() const { return level_max_; }
  WallTime oldest() const { return oldest_; }

  // Number of the batch in order of sealing, from 1; set by the batcher.
  uint64_t sequence = 0;
  // The request all its records are of, where that is a label of their stream; else empty. Set by the batcher.
  FixedText<kRequestIdBytesMax> request_id;

 private:
  friend class PushText;

  struct Slot {
    uint32_t start;     // offset into the arena
    uint32_t metadata;  // bytes from start; the top bit marks the first part of a record
  };
  static constexpr uint32_t kFirstPart = 1U << 31;

  Slot slot(uint32_t index) const;
  void set_slot(uint32_t index, Slot slot);
  size_t entry_end(uint32_t index) const;
  size_t index_begin() const;

  std::span<char> arena_;
  BatchLayout layout_;
  size_t fill_ = 0;  // end of the last entry
  uint32_t entry_count_ = 0;
  uint32_t record_count_ = 0;
  Level level_max_ = Level::kUnknown;
  WallTime oldest_{};
};

// A push body in one piece: lays prefix and suffix around a range for as long as it lives, and puts back what it
// covered. While it lives, the batch must not be read otherwise. REQUIRES: the prefix within the layout's headroom, the
// suffix at most kSuffixBytesMax, the range not empty.
class PushText {
 public:
  PushText(Batch& batch, EntryRange range, std::string_view prefix, std::string_view suffix, std::span<char> scratch);
  PushText(const PushText&) = delete;
  PushText& operator=(const PushText&) = delete;
  ~PushText();

  std::string_view view() const { return text_; }

  // The scratch that any push text of this layout needs.
  static size_t scratch_bytes(const BatchLayout& layout) { return layout.headroom + kSuffixBytesMax; }

  // The suffix covers the last comma and, at worst, one slot of the index behind it: there is always one.
  static constexpr size_t kSuffixBytesMax = 1 + 8;

 private:
  std::string_view text_;
  char* prefix_at_;
  char* suffix_at_;
  size_t prefix_bytes_;
  size_t suffix_bytes_;
  std::span<char> scratch_;
};

}  // namespace sleipnir
