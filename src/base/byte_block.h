// ByteBlock: sixteen bytes compared at once, the one place that knows the vector instructions.
//
//   const ByteBlock block(text.data() + at);             // REQUIRES: 16 readable bytes
//   for (BlockMask hits = block_mask(block.equal('"') | block.below(0x20)); hits != 0; hits = without_first(hits))
//     found(at + first_index(hits));
//
// Comparisons are GCC vector expressions (SSE2 and NEON instructions where they exist, plain integer code elsewhere);
// only the step from a vector of 0x00/0xff bytes to an integer differs. In a BlockMask byte i owns the kMaskStep bits
// from i * kMaskStep on, all set or all clear: one bit a byte on x86, four on ARM, whose cheapest narrowing leaves so.
// Reads nothing beyond its sixteen bytes. Pure.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__ARM_NEON)
#include <arm_neon.h>
#endif

namespace sleipnir {

static_assert(std::endian::native == std::endian::little, "byte i of a block is bit i of its mask");

inline constexpr size_t kBlockBytes = 16;

using BlockBytes = uint8_t __attribute__((vector_size(kBlockBytes)));
using BlockMask = uint64_t;

#if defined(__ARM_NEON)
inline constexpr unsigned kMaskStep = 4;
#else
inline constexpr unsigned kMaskStep = 1;
#endif

class ByteBlock {
 public:
  ByteBlock() = default;  // sixteen zeros
  explicit ByteBlock(const char* from) { memcpy(&bytes_, from, kBlockBytes); }

  // Each gives 0xff for a byte that fits, 0x00 for one that does not; join them by `|` and `&`.
  BlockBytes equal(uint8_t wanted) const { return reinterpret(bytes_ == wanted); }
  BlockBytes below(uint8_t limit) const { return reinterpret(bytes_ < limit); }
  // first <= byte <= last.
  BlockBytes within(uint8_t first, uint8_t last) const {
    return reinterpret(bytes_ - first <= static_cast<uint8_t>(last - first));
  }
  // The block with ASCII capitals made small. Other bytes change too, but none of them becomes a letter or one of
  // `{` `}` that was not a letter, `[`, `]`, `{` or `}` before.
  ByteBlock folded() const { return ByteBlock(bytes_ | 0x20); }
  // Joins the bits of each byte with those of the other's: ASCII as long as both are.
  ByteBlock joined(const ByteBlock& other) const { return ByteBlock(bytes_ | other.bytes_); }

 private:
  explicit ByteBlock(BlockBytes bytes) : bytes_(bytes) {}
  template <typename Vector>
  static BlockBytes reinterpret(Vector vector) {
    return (BlockBytes)vector;
  }

  BlockBytes bytes_{};
};

inline BlockMask block_mask(BlockBytes hits) {
#if defined(__ARM_NEON)
  uint8x16_t vector;
  memcpy(&vector, &hits, sizeof vector);
  return vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(vector), 4)), 0);
#elif defined(__SSE2__)
  using SignedBytes = char __attribute__((vector_size(kBlockBytes)));
  return static_cast<BlockMask>(static_cast<unsigned>(__builtin_ia32_pmovmskb128((SignedBytes)hits)));
#else
  // The product moves the lowest bit of each byte to the top byte, in order; no two of them meet.
  uint64_t halves[2];
  memcpy(halves, &hits, sizeof halves);
  const uint64_t ones = 0x0101010101010101u, gather = 0x0102040810204080u;
  return ((halves[0] & ones) * gather >> 56) | ((halves[1] & ones) * gather >> 56 << 8);
#endif
}

// REQUIRES for these: mask != 0 where a first byte is asked for, index <= kBlockBytes.
inline size_t first_index(BlockMask mask) {
  return static_cast<unsigned>(std::countr_zero(mask)) / kMaskStep;
}
inline BlockMask from_index(BlockMask mask, size_t index) {
  return index >= kBlockBytes ? 0 : mask & (~BlockMask{0} << (index * kMaskStep));
}
inline BlockMask without_first(BlockMask mask) {
  return from_index(mask, first_index(mask) + 1);
}

// All sixteen bytes.
inline constexpr BlockMask kWholeMask = kMaskStep == 4 ? ~BlockMask{0} : BlockMask{0xffff};

// Where `wanted` is first, or npos. For short texts on the record path: musl's memchr is slow to begin.
inline size_t find_byte(std::string_view text, char wanted) {
  size_t at = 0;
  for (; text.size() - at >= kBlockBytes; at += kBlockBytes) {
    const BlockMask hits = block_mask(ByteBlock(text.data() + at).equal(static_cast<uint8_t>(wanted)));
    if (hits != 0) return at + first_index(hits);
  }
  for (; at < text.size(); ++at) {
    if (text[at] == wanted) return at;
  }
  return std::string_view::npos;
}

}  // namespace sleipnir
