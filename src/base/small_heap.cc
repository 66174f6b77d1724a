#include "base/small_heap.h"

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sleipnir {

namespace {

constexpr size_t kPageBytes = 4096;

}  // namespace

void* SmallHeap::take(size_t bytes, size_t alignment) {
  const size_t extra = sizeof(Header) + (alignment > kAlignment ? alignment - kAlignment : 0);
  if (bytes > PTRDIFF_MAX - extra - kPageBytes) return nullptr;
  size_t whole = bytes + extra;
  uint32_t size_class = 0;
  char* block = nullptr;
  if (whole <= kBlockBytesMax) {
    while (kSmallest << size_class < whole) size_class++;
    whole = kSmallest << size_class;
    block = take_block(size_class);
  } else {
    whole = (whole + kPageBytes - 1) / kPageBytes * kPageBytes;
    size_class = kMapped;
    block = map(whole);
  }
  if (block == nullptr) return nullptr;
  const auto first = reinterpret_cast<uintptr_t>(block) + sizeof(Header);
  const uintptr_t start = (first + alignment - 1) / alignment * alignment;
  const size_t offset = start - first;
  *reinterpret_cast<Header*>(block + offset) = {
      .bytes = whole, .offset = static_cast<uint32_t>(offset), .size_class = size_class};
  return block + offset + sizeof(Header);
}

void SmallHeap::give(void* memory) {
  if (memory == nullptr) return;
  char* const at = static_cast<char*>(memory) - sizeof(Header);
  const Header header = *reinterpret_cast<const Header*>(at);
  char* const block = at - header.offset;
  if (header.size_class == kMapped) {
    munmap(block, header.bytes);
    return;
  }
  auto* const freed = reinterpret_cast<Free*>(block);
  lock();
  freed->next = free_[header.size_class];
  free_[header.size_class] = freed;
  unlock();
}

size_t SmallHeap::room(const void* memory) {
  const auto* const header = reinterpret_cast<const Header*>(static_cast<const char*>(memory) - sizeof(Header));
  return header->bytes - header->offset - sizeof(Header);
}

char* SmallHeap::map(size_t bytes) {
  void* const mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return mapped == MAP_FAILED ? nullptr : static_cast<char*>(mapped);
}

char* SmallHeap::take_block(uint32_t size_class) {
  const size_t bytes = kSmallest << size_class;
  lock();
  char* block = reinterpret_cast<char*>(free_[size_class]);
  if (block != nullptr) {
    free_[size_class] = free_[size_class]->next;
  } else {
    // The end of a chunk that is too small for this block is left: 16 KiB of address space at most, never touched.
    if (chunk_left_ < bytes) {
      chunk_ = map(kChunkBytes);
      chunk_left_ = chunk_ == nullptr ? 0 : kChunkBytes;
    }
    if (chunk_left_ != 0) {
      block = chunk_;
      chunk_ += bytes;
      chunk_left_ -= bytes;
    }
  }
  unlock();
  return block;
}

// Ulrich Drepper, "Futexes Are Tricky", the second mutex. Acquire pairs with the release in unlock().
void SmallHeap::lock() {
  int seen = 0;
  if (lock_.compare_exchange_strong(seen, 1, std::memory_order_acquire)) return;
  while (lock_.exchange(2, std::memory_order_acquire) != 0)
    syscall(SYS_futex, &lock_, FUTEX_WAIT_PRIVATE, 2, nullptr, nullptr, 0);
}

void SmallHeap::unlock() {
  if (lock_.exchange(0, std::memory_order_release) == 2)
    syscall(SYS_futex, &lock_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

}  // namespace sleipnir
