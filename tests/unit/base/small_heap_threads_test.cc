#include <catch2/catch_test_macros.hpp>
#include <thread>
#include <vector>

#include "base/small_heap.h"
#include "base/small_heap_use.h"

namespace sleipnir::test {
namespace {

TEST_CASE("small_heap_keeps_the_blocks_of_several_threads_apart") {
  SmallHeap heap;
  size_t faults[4] = {};
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 4; i++)
    threads.emplace_back([&heap, &faults, i] { faults[i] = faults_of_random_use(heap, i + 1); });
  for (std::thread& thread : threads) thread.join();
  for (const size_t count : faults) CHECK(count == 0);
}

}  // namespace
}  // namespace sleipnir::test
