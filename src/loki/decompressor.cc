#include "loki/decompressor.h"

#include <libdeflate.h>

namespace sleipnir {

GzipDecompressor::~GzipDecompressor() {
  if (state_ != nullptr) libdeflate_free_decompressor(state_);
}

bool GzipDecompressor::decompress(std::string_view in, std::span<char> out) {
  if (state_ == nullptr) state_ = libdeflate_alloc_decompressor();
  if (state_ == nullptr) return false;
  size_t consumed = 0;
  // No pointer for the bytes written: then fewer than asked for is an error.
  return libdeflate_gzip_decompress_ex(state_, in.data(), in.size(), out.data(), out.size(), &consumed, nullptr) ==
             LIBDEFLATE_SUCCESS &&
         consumed == in.size();
}

}  // namespace sleipnir
