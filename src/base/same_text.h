// same_text: whether two short texts have the same bytes, for the record path.
//
// musl's memcmp goes byte by byte, which is 150 instructions for a request id, once or twice per record.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace sleipnir {

[[nodiscard]] inline bool same_text(std::string_view a, std::string_view b) {
  constexpr size_t kWord = sizeof(uint64_t);
  const size_t bytes = a.size();
  if (bytes != b.size()) return false;
  const auto difference = [&](size_t at) {
    uint64_t left = 0, right = 0;
    memcpy(&left, a.data() + at, kWord);
    memcpy(&right, b.data() + at, kWord);
    return left ^ right;
  };
  // Two words with one question; the rest again with what stands before it, where there is that much.
  if (bytes >= 2 * kWord) {
    size_t at = 0;
    for (; bytes - at >= 2 * kWord; at += 2 * kWord) {
      if ((difference(at) | difference(at + kWord)) != 0) return false;
    }
    return (difference(bytes - 2 * kWord) | difference(bytes - kWord)) == 0;
  }
  if (bytes >= kWord) return (difference(0) | difference(bytes - kWord)) == 0;
  for (size_t at = 0; at < bytes; ++at) {
    if (a[at] != b[at]) return false;
  }
  return true;
}

}  // namespace sleipnir
