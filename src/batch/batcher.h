// Batcher: puts records into the open batch and seals it when it is full or when somebody asks.
//
// Owned by the loop, loop thread. The encoder (the Loki entry writer) is a template parameter, so that the call per
// record is direct. A batch closes before the entry that would exceed its size; an entry is never cut for that.
//
//   Encoder: EncodeStep write(const Record&, int64_t time_ns, EncodeCursor&, std::span<char> room, EntryShape&)
#pragma once

#include <algorithm>

#include "base/check.h"
#include "batch/pool.h"
#include "batch/timestamp.h"

namespace sleipnir {

// Takes a sealed batch. Null function: not bound yet.
struct SealedBatchSink {
  void* owner = nullptr;
  void (*take)(void* owner, Batch* batch) = nullptr;
};

template <typename Encoder>
class Batcher {
 public:
  struct Limits {
    size_t wire_bytes_max = 0;  // of one batch
    uint32_t entries_max = 0;   // of one batch; 0: bytes alone decide
    bool one_request = false;   // a batch holds the records of one request: its id is a label of the stream
  };

  enum class Append : uint8_t {
    kStored,
    kPoolEmpty,   // nothing of the record is stored: call again with the same record
    kPartStored,  // neither is the rest of its parts: likewise
  };

  Batcher(BatchPool& pool, Encoder& encoder, Limits limits, SealedBatchSink sink)
      : pool_(pool), encoder_(encoder), limits_(limits), sink_(sink) {}

  Append append(const Record& record) { return append(record, Counted::kYes); }

  // A line of our own, which no ledger counts. Lost when the pool is empty: the room is for others' records.
  void append_uncounted(const Record& record) {
    if (!in_record()) append(record, Counted::kNo);
  }

  // Hands the open batch on, if it holds anything. Returns the sequence of the last batch ever sealed.
  uint64_t seal() {
    if (open_ != nullptr && !open_->empty()) {
      open_->sequence = ++last_sequence_;
      Batch* sealed = open_;
      open_ = nullptr;
      sink_.take(sink_.owner, sealed);
    }
    return last_sequence_;
  }

  // The open batch, for those who decide whether to seal it; null or empty when nothing waits.
  const Batch* open() const { return open_; }
  bool has_records() const { return open_ != nullptr && !open_->empty(); }
  // A record waits half stored for room: the encoder must not change meanwhile.
  bool in_record() const { return cursor_.part != 0 || next_time_ns_ != 0; }
  uint64_t last_sequence() const { return last_sequence_; }

 private:
  enum class Counted : bool { kNo, kYes };

  Append append(const Record& record, Counted counted) {
    for (;;) {
      if (open_ == nullptr) {
        open_ = pool_.take();
        if (open_ == nullptr) return cursor_.part == 0 ? Append::kPoolEmpty : Append::kPartStored;
      }
      if (limits_.one_request && !keep_to_request(record)) continue;
      if (next_time_ns_ == 0) next_time_ns_ = timestamps_.stamp(record.time);
      EntryShape shape;
      const bool first_part = cursor_.part == 0;
      const EncodeStep step = encoder_.write(record, next_time_ns_, cursor_, room(), shape);
      if (step == EncodeStep::kNoRoom) {
        // An empty batch takes every entry: the encoder's own limit sees to it.
        CHECK(!open_->empty());
        seal();
        continue;
      }
      open_->commit(shape, first_part && counted == Counted::kYes, record);
      next_time_ns_ = 0;
      if (limits_.entries_max != 0 && open_->entry_count() >= limits_.entries_max) seal();
      if (step == EncodeStep::kLast) {
        cursor_ = EncodeCursor{};
        return Append::kStored;
      }
    }
  }

  // False: the open batch was another request's, and is sealed.
  bool keep_to_request(const Record& record) {
    if (open_->empty()) open_->request_id.assign(record.request_id);
    if (open_->request_id == record.request_id) return true;
    seal();
    return false;
  }

  std::span<char> room() {
    const std::span<char> room = open_->room();
    // The size limit counts from the first entry on; the first one may exceed it.
    if (open_->empty()) return room;
    const size_t used = open_->wire_bytes();
    return room.first(std::min(room.size(), limits_.wire_bytes_max - std::min(used, limits_.wire_bytes_max)));
  }

  BatchPool& pool_;
  Encoder& encoder_;
  const Limits limits_;
  const SealedBatchSink sink_;
  Timestamps timestamps_;
  Batch* open_ = nullptr;
  uint64_t last_sequence_ = 0;
  // A record of several parts that waits for room, and the stamp of its next part (0: not drawn yet).
  EncodeCursor cursor_;
  int64_t next_time_ns_ = 0;
};

}  // namespace sleipnir
