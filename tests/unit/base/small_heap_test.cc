#include "base/small_heap.h"

#include <catch2/catch_test_macros.hpp>
#include <cstdint>

#include "base/small_heap_use.h"

namespace sleipnir::test {
namespace {

TEST_CASE("small_heap_blocks_are_aligned_and_apart_at_each_edge_of_a_size") {
  SmallHeap heap;
  Holder holder(heap);
  char letter = 'a';
  for (size_t whole = 32; whole <= 4 * SmallHeap::kBlockBytesMax; whole *= 2) {
    for (const size_t bytes : {whole - 17, whole - 16, whole - 15})
      for (const size_t alignment : {size_t{16}, size_t{64}, size_t{4096}}) {
        CAPTURE(bytes, alignment);
        REQUIRE(holder.take(bytes, alignment, letter++));
      }
  }
  REQUIRE(holder.take(0, 16, letter));
  while (holder.count() != 0) holder.give(0);
  CHECK(holder.damaged() == 0);
}

TEST_CASE("small_heap_uses_again_what_was_given_back") {
  SmallHeap heap;
  void* const first = heap.take(100);
  heap.give(first);
  CHECK(heap.take(100) == first);
  CHECK(heap.take(100) != first);
}

TEST_CASE("small_heap_has_nothing_for_a_size_that_nobody_has") {
  SmallHeap heap;
  CHECK(heap.take(SIZE_MAX) == nullptr);
  CHECK(heap.take(PTRDIFF_MAX) == nullptr);
  CHECK(heap.take(size_t{1} << 46) == nullptr);
  heap.give(nullptr);
  CHECK(heap.take(1) != nullptr);
}

TEST_CASE("small_heap_serves_random_use") {
  SmallHeap heap;
  CHECK(faults_of_random_use(heap, 1) == 0);
}

}  // namespace
}  // namespace sleipnir::test
