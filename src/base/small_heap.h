// SmallHeap: a heap for a program that allocates kilobytes, and nothing on its record path.
//
// Blocks come in powers of two from 32 bytes to 16 KiB, each size with a list of its free ones; a fresh one is cut from
// a chunk of 64 KiB. What is larger is a mapping of its own and goes back to the kernel when it is freed; smaller
// blocks stay. Up to half of a block is waste, which for kilobytes is the price of 400 bytes of code in the place of 7
// kB: the release binary has this as its malloc (base/runtime_cut.cc), native builds the system's.
//
// Threads: any, under one lock that is a futex; nobody holds it for longer than a dozen instructions and a mmap(2).
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace sleipnir {

class SmallHeap {
 public:
  static constexpr size_t kAlignment = 16;
  static constexpr size_t kBlockBytesMax = 16 * 1024;  // header included; beyond it: a mapping
  static constexpr size_t kChunkBytes = 64 * 1024;

  constexpr SmallHeap() = default;
  SmallHeap(const SmallHeap&) = delete;
  SmallHeap& operator=(const SmallHeap&) = delete;

  // At least `bytes`, aligned to `alignment` (a power of two). What is in it is anything. nullptr: the kernel gives
  // none.
  void* take(size_t bytes, size_t alignment = kAlignment);
  // `memory` is from take(), or nullptr.
  void give(void* memory);
  // How much of `memory`, which is from take(), may be used; at least what was asked for.
  static size_t room(const void* memory);

 private:
  // In front of what take() returns. may_alias: link-time optimisation sees the users of the memory too, and must not
  // move what they read behind what is written here.
  struct [[gnu::may_alias]] Header {
    size_t bytes;         // of the whole block
    uint32_t offset;      // of the header in it
    uint32_t size_class;  // kMapped, or the index of its list
  };
  static_assert(sizeof(Header) == kAlignment);
  struct [[gnu::may_alias]] Free {
    Free* next;
  };
  static constexpr uint32_t kMapped = 10;
  static constexpr size_t kSmallest = 32;
  static_assert(kSmallest << (kMapped - 1) == kBlockBytesMax);

  static char* map(size_t bytes);
  char* take_block(uint32_t size_class);
  void lock();
  void unlock();

  std::atomic<int> lock_{0};  // 0: free; 1: held; 2: held, and somebody may be waiting
  std::array<Free*, kMapped> free_{};
  char* chunk_ = nullptr;
  size_t chunk_left_ = 0;
};

}  // namespace sleipnir
