#include "base/fixed_text.h"

#include <algorithm>
#include <cstring>

namespace sleipnir {

// Never inlined: hundreds of places have a text put together.
[[gnu::noinline]] size_t append_cut(char* text, size_t bytes, size_t bytes_max, std::string_view more) {
  const size_t taken = std::min(more.size(), bytes_max - bytes);
  if (taken != 0) memmove(text + bytes, more.data(), taken);
  text[bytes + taken] = '\0';
  return bytes + taken;
}

}  // namespace sleipnir
