// GzipCompressor: a push body (or a spool file's content) into one gzip member.
//
// libdeflate's state is mapped at the first use and kept: 198 KiB at level 1, 652 KiB at levels 2 to 9 (measured,
// libdeflate 1.23, 64-bit). Levels 10 to 12 would need 9 MB and are not offered. The same input at the same level gives
// the same bytes: no time and no name in the header. Owned by the sender; sender thread.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

struct libdeflate_compressor;

namespace sleipnir {

class GzipCompressor {
 public:
  static constexpr int kLevelMin = 1;
  static constexpr int kLevelMax = 9;
  // Upper bounds of what a compressor maps, for the arithmetic of the memory promise; a test holds them.
  static constexpr size_t kStateBytesLevel1 = size_t{208} << 10;
  static constexpr size_t kStateBytesMax = size_t{672} << 10;

  // `level` is clamped into [kLevelMin, kLevelMax]. Allocates nothing yet.
  explicit GzipCompressor(int level);
  GzipCompressor(const GzipCompressor&) = delete;
  GzipCompressor& operator=(const GzipCompressor&) = delete;
  ~GzipCompressor();

  // Returns the bytes written to `out`; 0 when the result does not fit, or when the state cannot be mapped: then the
  // push goes uncompressed. Works whole bodies only.
  [[nodiscard]] size_t compress(std::string_view in, std::span<char> out);

  int level() const { return level_; }

 private:
  int level_;
  libdeflate_compressor* state_ = nullptr;
};

}  // namespace sleipnir
