#include "base/ascii.h"

#include <cstddef>

namespace sleipnir {

int32_t hex4(const char* digits) {
  int32_t value = 0;
  for (int i = 0; i < 4; i++) {
    const int digit = hex_value(digits[i]);
    if (digit < 0) return -1;
    value = value << 4 | digit;
  }
  return value;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); i++) {
    if (to_lower(a[i]) != to_lower(b[i])) return false;
  }
  return true;
}

}  // namespace sleipnir
