#include "batch/pool.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace sleipnir {

Result<std::unique_ptr<BatchPool>> BatchPool::create(size_t count, BatchLayout layout) {
  CHECK(count >= 1 && count <= kPoolBatchesMax);
  Result<MappedMemory> memory = MappedMemory::create(count * layout.arena_bytes);
  if (!memory) return memory.error();
  return std::unique_ptr<BatchPool>(new BatchPool(count, layout, std::move(memory.value())));
}

size_t BatchPool::count_for(size_t memory_limit_bytes, size_t arena_bytes) {
  return std::clamp<size_t>((memory_limit_bytes - kOutsidePoolBytes) / arena_bytes, 1, kPoolBatchesMax);
}

BatchPool::BatchPool(size_t count, BatchLayout layout, MappedMemory memory)
    : count_(count),
      layout_(layout),
      memory_(std::move(memory)),
      free_(count == 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1) {
  for (size_t i = 0; i < count; i++) {
    batches_[i].attach(memory_.bytes().subspan(i * layout.arena_bytes, layout.arena_bytes), layout);
  }
}

Batch* BatchPool::take() {
  uint64_t free = free_.load(std::memory_order_relaxed);
  do {
    if (free == 0) return nullptr;
    // Clears the lowest bit set.
  } while (!free_.compare_exchange_weak(free, free & (free - 1), std::memory_order_acquire, std::memory_order_relaxed));
  const auto index = static_cast<size_t>(std::countr_zero(free));
  touched_.fetch_or(uint64_t{1} << index, std::memory_order_relaxed);
  batches_[index].reset();
  return &batches_[index];
}

void BatchPool::give_back(Batch* batch) {
  const auto index = static_cast<size_t>(batch - batches_.data());
  CHECK(index < count_);
  const uint64_t before = free_.fetch_or(uint64_t{1} << index, std::memory_order_release);
  CHECK((before & (uint64_t{1} << index)) == 0);
}

size_t BatchPool::free_count() const {
  return static_cast<size_t>(std::popcount(free_.load(std::memory_order_relaxed)));
}

void BatchPool::trim(size_t kept) {
  for (size_t i = kept; i < count_; i++) {
    const uint64_t bit = uint64_t{1} << i;
    if ((touched_.load(std::memory_order_relaxed) & bit) == 0) continue;
    // Taken for the moment, so that nobody fills it meanwhile.
    const uint64_t before = free_.fetch_and(~bit, std::memory_order_acquire);
    if ((before & bit) == 0) continue;
    MappedMemory::discard(memory_.bytes().subspan(i * layout_.arena_bytes, layout_.arena_bytes));
    touched_.fetch_and(~bit, std::memory_order_relaxed);
    free_.fetch_or(bit, std::memory_order_release);
  }
}

}  // namespace sleipnir
