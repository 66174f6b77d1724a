#include "loki/compressor.h"

#include <libdeflate.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace sleipnir {

namespace {

// libdeflate asks once, for the whole state. A mapping of its own costs pages only where the state is touched, and
// leaves the heap alone. The size is kept in front, for unmapping; 64 bytes keep what follows aligned.
constexpr size_t kMappingHeader = 64;

void* map_state(size_t bytes) {
  if (bytes > SIZE_MAX - kMappingHeader) return nullptr;
  const size_t mapped = bytes + kMappingHeader;
  void* const mapping = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED) return nullptr;
  memcpy(mapping, &mapped, sizeof(mapped));
  return static_cast<char*>(mapping) + kMappingHeader;
}

void unmap_state(void* state) {
  if (state == nullptr) return;
  void* const mapping = static_cast<char*>(state) - kMappingHeader;
  size_t mapped = 0;
  memcpy(&mapped, mapping, sizeof(mapped));
  munmap(mapping, mapped);
}

}  // namespace

GzipCompressor::GzipCompressor(int level) : level_(std::clamp(level, kLevelMin, kLevelMax)) {}

GzipCompressor::~GzipCompressor() {
  if (state_ != nullptr) libdeflate_free_compressor(state_);
}

size_t GzipCompressor::compress(std::string_view in, std::span<char> out) {
  if (state_ == nullptr) {
    libdeflate_options options{};
    options.sizeof_options = sizeof(options);
    options.malloc_func = map_state;
    options.free_func = unmap_state;
    state_ = libdeflate_alloc_compressor_ex(level_, &options);
    if (state_ == nullptr) return 0;
  }
  return libdeflate_gzip_compress(state_, in.data(), in.size(), out.data(), out.size());
}

}  // namespace sleipnir
