// BatchPool: every batch there will ever be, made at start.
//
// The loop takes for what comes in, the sender for what it has to write anew; whoever holds a batch gives it back. An
// empty pool is a decision of the caller's (wait for the sender to make room), never a malloc. Low numbers are given
// out first, so that a quiet function touches the memory of one or two arenas only.
#pragma once

#include <array>
#include <atomic>
#include <memory>

#include "base/limits.h"
#include "base/mapped_memory.h"
#include "batch/batch.h"

namespace sleipnir {

class BatchPool {
 public:
  // `count` batches (at most kPoolBatchesMax) of `layout`. Their memory costs nothing until it is touched.
  static Result<std::unique_ptr<BatchPool>> create(size_t count, BatchLayout layout);

  // How many batches of `arena_bytes` a memory limit allows, and how large they may be at most.
  static size_t count_for(size_t memory_limit_bytes, size_t arena_bytes);

  // An empty batch, or null when all are out. Any thread.
  Batch* take();
  // Any thread. REQUIRES: taken from this pool, and not touched by the caller again.
  void give_back(Batch* batch);

  size_t count() const { return count_; }
  // A moment's view; exact only where nobody else takes or gives.
  size_t free_count() const;
  const BatchLayout& layout() const { return layout_; }

  // Gives the memory of free batches back to the system, all but the first `kept`. Any thread.
  void trim(size_t kept);

 private:
  BatchPool(size_t count, BatchLayout layout, MappedMemory memory);

  const size_t count_;
  const BatchLayout layout_;
  MappedMemory memory_;
  std::array<Batch, kPoolBatchesMax> batches_;
  // Bit i: batch i is free. Released by give_back() after the giver's last use, acquired by take().
  std::atomic<uint64_t> free_;
  // Bit i: batch i has been out since the last trim. Relaxed: trim() only frees memory of batches it has taken itself.
  std::atomic<uint64_t> touched_{0};
};

}  // namespace sleipnir
