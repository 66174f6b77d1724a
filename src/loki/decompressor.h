// GzipDecompressor: one gzip member back into its content, in memory that the caller bounds.
//
// libdeflate's state (about 12 KiB) is made at the first use and kept. For what the spool wrote; whatever the bytes
// are, nothing is written beyond `out`. Owned by the spool; sender thread.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

struct libdeflate_decompressor;

namespace sleipnir {

class GzipDecompressor {
 public:
  GzipDecompressor() = default;
  GzipDecompressor(const GzipDecompressor&) = delete;
  GzipDecompressor& operator=(const GzipDecompressor&) = delete;
  ~GzipDecompressor();

  // True if `in` is one whole gzip member whose content fills `out` exactly. Otherwise `out` may hold anything.
  [[nodiscard]] bool decompress(std::string_view in, std::span<char> out);

  // The member at the beginning of `in`, of which nobody has said how long its content is.
  struct Member {
    size_t stored_bytes = 0;  // of `in`; 0: there is none, or it is too long
    size_t bytes = 0;         // written to `out`
    bool too_long = false;    // for `out`
  };
  [[nodiscard]] Member decompress_member(std::string_view in, std::span<char> out);

 private:
  libdeflate_decompressor* state_ = nullptr;
};

}  // namespace sleipnir
