#include "batch/pool.h"

#include <catch2/catch_test_macros.hpp>
#include <set>

#include "base/limits.h"

namespace sleipnir::test {
namespace {

std::unique_ptr<BatchPool> make_pool(size_t count) {
  return std::move(BatchPool::create(count, {.arena_bytes = 4096, .headroom = 16}).value());
}

TEST_CASE("pool_gives_out_every_batch_once_and_then_none") {
  for (const size_t count : {size_t{1}, size_t{2}, size_t{63}, kPoolBatchesMax}) {
    const auto pool = make_pool(count);
    std::set<Batch*> taken;
    for (size_t i = 0; i < count; i++) taken.insert(pool->take());
    CHECK(taken.size() == count);
    CHECK_FALSE(taken.contains(nullptr));
    CHECK(pool->free_count() == 0);
    CHECK(pool->take() == nullptr);
    for (Batch* batch : taken) pool->give_back(batch);
    CHECK(pool->free_count() == count);
  }
}

TEST_CASE("pool_gives_out_the_same_memory_again_before_it_touches_more") {
  const auto pool = make_pool(4);
  Batch* const first = pool->take();
  for (int i = 0; i < 10; i++) {
    pool->give_back(first);
    CHECK(pool->take() == first);
  }
}

TEST_CASE("pool_gives_out_batches_that_are_empty") {
  const auto pool = make_pool(1);
  Batch* batch = pool->take();
  batch->room()[0] = ',';
  batch->commit({.bytes = 1, .metadata_offset = 1}, true, {});
  batch->sequence = 9;
  pool->give_back(batch);
  batch = pool->take();
  CHECK(batch->empty());
  CHECK(batch->record_count() == 0);
  CHECK(batch->sequence == 0);
}

TEST_CASE("pool_has_as_many_batches_as_the_memory_limit_allows") {
  CHECK(BatchPool::count_for(8 * kMiB, kMiB) == 6);
  CHECK(BatchPool::count_for(8 * kMiB - 1, kMiB) == 5);
  CHECK(BatchPool::count_for(kMemoryLimitBytesMin, 64 * kMiB) == 1);
  CHECK(BatchPool::count_for(1024 * kMiB, kMiB) == kPoolBatchesMax);
}

TEST_CASE("pool_trims_free_batches_alone") {
  const auto pool = make_pool(3);
  Batch* const kept = pool->take();
  Batch* const used = pool->take();
  Batch* const freed = pool->take();
  for (Batch* batch : {kept, used, freed}) {
    batch->room()[0] = 'x';
    batch->commit({.bytes = 1, .metadata_offset = 1}, true, {});
  }
  pool->give_back(freed);
  pool->trim(0);
  CHECK(used->entry(0) == "x");
  CHECK(kept->entry(0) == "x");
  CHECK(pool->free_count() == 1);
  // And what was trimmed can be used again.
  Batch* const again = pool->take();
  CHECK(again == freed);
  again->room()[0] = 'y';
  again->commit({.bytes = 1, .metadata_offset = 1}, true, {});
  CHECK(again->entry(0) == "y");
}

}  // namespace
}  // namespace sleipnir::test
