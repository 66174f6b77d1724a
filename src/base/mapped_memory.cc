#include "base/mapped_memory.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstdint>

namespace sleipnir {

namespace {
constexpr uintptr_t kPageBytes = 4096;
}

Result<MappedMemory> MappedMemory::create(size_t bytes) {
  void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (data == MAP_FAILED) return Error::from_os(errno, "mapping %zu bytes of memory", bytes);
  // A huge page would be touched whole by its first byte.
  madvise(data, bytes, MADV_NOHUGEPAGE);
  return MappedMemory(static_cast<char*>(data), bytes);
}

MappedMemory::MappedMemory(MappedMemory&& other) noexcept : data_(other.data_), bytes_(other.bytes_) {
  other.data_ = nullptr;
  other.bytes_ = 0;
}

MappedMemory::~MappedMemory() {
  if (data_ != nullptr) munmap(data_, bytes_);
}

void MappedMemory::discard(std::span<char> part) {
  const auto begin = reinterpret_cast<uintptr_t>(part.data());
  const uintptr_t first = (begin + kPageBytes - 1) & ~(kPageBytes - 1);
  const uintptr_t last = (begin + part.size()) & ~(kPageBytes - 1);
  if (first < last) madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
}

}  // namespace sleipnir
