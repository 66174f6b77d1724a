// Hex digits and UUIDs, recognised sixteen bytes at a time: every line of a managed runtime carries one. Pure.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/ascii.h"
#include "base/byte_block.h"

namespace sleipnir {

inline constexpr size_t kUuidBytes = 36;

inline bool is_hex(std::string_view text) {
  for (const char c : text) {
    if (hex_value(c) < 0) return false;
  }
  return true;
}

// 8-4-4-4-12 hex digits, the form of Lambda's request ids; version and variant are not looked at.
inline bool is_uuid(std::string_view text) {
  if (text.size() != kUuidBytes) return false;
  struct Part {
    size_t at;
    BlockMask hyphens;
  };
  constexpr auto kHyphen = [](size_t index) { return ((BlockMask{1} << kMaskStep) - 1) << (index * kMaskStep); };
  // The third part overlaps the second, so that nothing beyond the text is read.
  constexpr Part kParts[] = {{0, kHyphen(8) | kHyphen(13)}, {16, kHyphen(2) | kHyphen(7)}, {20, kHyphen(3)}};
  for (const Part& part : kParts) {
    const ByteBlock block(text.data() + part.at);
    if (block_mask(block.equal('-')) != part.hyphens) return false;
    const BlockMask digits = block_mask(block.within('0', '9') | block.folded().within('a', 'f'));
    if ((digits | part.hyphens) != kWholeMask) return false;
  }
  return true;
}

}  // namespace sleipnir
