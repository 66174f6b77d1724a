// Parcel: a batch in the sender's hands, and what of it still has to be delivered.
//
// A batch usually goes as one push. When Loki refuses it for its size, or because of one record in it, it is delivered
// in ranges: a stack of them, because a refused range is halved and its first half goes next. Sender thread.
#pragma once

#include <algorithm>
#include <array>

#include "app/spool.h"
#include "base/check.h"
#include "base/clock.h"
#include "batch/batch.h"

namespace sleipnir {

class Parcel {
 public:
  explicit Parcel(Batch* batch) : batch_(batch) { push(batch->all()); }
  Parcel() = default;

  Batch* batch() const { return batch_; }
  uint64_t sequence() const { return batch_->sequence; }

  // The range to push next. REQUIRES: not done().
  EntryRange next() const { return todo_[count_ - 1]; }
  bool done() const { return count_ == 0; }
  // The next range is settled, one way or another.
  void settle_next() { count_--; }
  // Replaces the next range by its two halves. False: it is a single entry, or the stack is full.
  bool halve_next();
  // Nothing of it is settled.
  bool whole() const { return count_ == 1 && todo_[0] == batch_->all(); }
  // Records that wait.
  uint64_t records_left() const;

  // Failures in a row; what the back-off goes by.
  int failures = 0;
  // Attempts within the flush under way; what LOKI_MAX_RETRIES limits.
  int flush_attempts = 0;
  // Answers since the batch was first halved: it cannot be bisected for ever.
  int answers_since_halved = 0;
  bool halved = false;
  // Our own back-off, and what the server asked for (Retry-After): the next attempt is at the later of the two.
  MonotonicTime backed_off_until = MonotonicTime::min();
  MonotonicTime put_off_until = MonotonicTime::min();
  MonotonicTime due() const { return std::max(backed_off_until, put_off_until); }
  bool in_flight = false;
  // How often its entries were refused and written anew; see kAmendmentsMax.
  int amendments = 0;
  // The frame of the spool it was restored from; none: it is fresh.
  SpoolTicket ticket;
  // Its entries have lost their structured metadata already.
  bool stripped = false;
  // It goes compressed however small it is; see Sender::hide_from_firewall().
  bool always_compressed = false;

 private:
  // Halving a range of 2^20 entries down to one leaves at most 20 others waiting.
  static constexpr size_t kRangesMax = 24;

  void push(EntryRange range) { todo_[count_++] = range; }

  Batch* batch_ = nullptr;
  std::array<EntryRange, kRangesMax> todo_{};
  size_t count_ = 0;
};

}  // namespace sleipnir
