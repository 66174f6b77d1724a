// A fast 64-bit hash of a stretch of bytes, to notice one that was seen before. Not for anything an attacker gains by.
#pragma once

#include <cstdint>
#include <string_view>

namespace sleipnir {

// About 8 bytes a nanosecond. The same bytes give the same value within one process; equal values of different bytes
// are a matter of 2^-64.
uint64_t hash_bytes(std::string_view bytes);

}  // namespace sleipnir
