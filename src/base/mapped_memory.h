// MappedMemory: a fixed stretch of address space whose pages cost nothing until they are touched.
//
// For the large buffers (arenas, telemetry body): sized at start, never grown, given back to the system in part by
// discard(). Unmapped when destroyed.
#pragma once

#include <cstddef>
#include <span>

#include "base/result.h"

namespace sleipnir {

class MappedMemory {
 public:
  static Result<MappedMemory> create(size_t bytes);
  MappedMemory(MappedMemory&& other) noexcept;
  MappedMemory& operator=(MappedMemory&&) = delete;
  ~MappedMemory();

  std::span<char> bytes() const { return {data_, bytes_}; }

  // Gives the pages that lie wholly within the part back to the system; they read as zero afterwards.
  static void discard(std::span<char> part);

 private:
  MappedMemory(char* data, size_t bytes) : data_(data), bytes_(bytes) {}

  char* data_;
  size_t bytes_;
};

}  // namespace sleipnir
