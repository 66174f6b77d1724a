// For the tests of SmallHeap: blocks that tell whether somebody else wrote into them, and random use of a heap.
#pragma once

#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "base/small_heap.h"

namespace sleipnir::test {

// Blocks with a letter written all over them, checked before each is given back.
class Holder {
 public:
  explicit Holder(SmallHeap& heap) : heap_(heap) {}
  ~Holder() {
    while (!held_.empty()) give(held_.size() - 1);
  }

  bool take(size_t bytes, size_t alignment, char letter) {
    char* const memory = static_cast<char*>(heap_.take(bytes, alignment));
    if (memory == nullptr || reinterpret_cast<uintptr_t>(memory) % alignment != 0 || SmallHeap::room(memory) < bytes)
      return false;
    memset(memory, letter, bytes);
    held_.push_back({memory, bytes, letter});
    return true;
  }
  void give(size_t index) {
    const Held held = held_[index];
    for (size_t i = 0; i < held.bytes; i++) damaged_ += held.memory[i] != held.letter ? 1 : 0;
    heap_.give(held.memory);
    held_.erase(held_.begin() + static_cast<ptrdiff_t>(index));
  }
  size_t count() const { return held_.size(); }
  size_t damaged() const { return damaged_; }

 private:
  struct Held {
    char* memory;
    size_t bytes;
    char letter;
  };
  SmallHeap& heap_;
  std::vector<Held> held_;
  size_t damaged_ = 0;
};

// Nothing here asserts: several threads run it, and Catch2's assertions are for one. Returns how many blocks were
// refused or damaged.
inline size_t faults_of_random_use(SmallHeap& heap, unsigned seed) {
  std::mt19937 random(seed);
  Holder holder(heap);
  size_t refused = 0;
  for (int i = 0; i < 20'000; i++) {
    if (holder.count() > 50 || (holder.count() != 0 && random() % 2 == 0)) {
      holder.give(random() % holder.count());
    } else {
      const size_t bytes = random() % (size_t{1} << random() % 16);
      const size_t alignment = SmallHeap::kAlignment << (random() % 8 == 0 ? random() % 4 : 0);
      if (!holder.take(bytes, alignment, static_cast<char>(random()))) refused++;
    }
  }
  while (holder.count() != 0) holder.give(0);
  return refused + holder.damaged();
}

}  // namespace sleipnir::test
