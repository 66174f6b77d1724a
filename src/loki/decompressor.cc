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

GzipDecompressor::Member GzipDecompressor::decompress_member(std::string_view in, std::span<char> out) {
  Member member;
  if (state_ == nullptr) state_ = libdeflate_alloc_decompressor();
  if (state_ == nullptr) return member;
  size_t consumed = 0;
  const libdeflate_result result =
      libdeflate_gzip_decompress_ex(state_, in.data(), in.size(), out.data(), out.size(), &consumed, &member.bytes);
  if (result == LIBDEFLATE_SUCCESS) member.stored_bytes = consumed;
  member.too_long = result == LIBDEFLATE_INSUFFICIENT_SPACE;
  return member;
}

}  // namespace sleipnir
