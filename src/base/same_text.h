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
  const auto differs = [&](size_t at) {
    uint64_t left = 0, right = 0;
    memcpy(&left, a.data() + at, kWord);
    memcpy(&right, b.data() + at, kWord);
    return left != right;
  };
  size_t at = 0;
  for (; bytes - at >= kWord; at += kWord) {
    if (differs(at)) return false;
  }
  // The rest again with what stands before it, where there is that much.
  if (bytes >= kWord) return at == bytes || !differs(bytes - kWord);
  for (; at < bytes; ++at) {
    if (a[at] != b[at]) return false;
  }
  return true;
}

}  // namespace sleipnir
