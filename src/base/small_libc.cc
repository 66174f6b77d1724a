#include "base/small_libc.h"

#include <cstring>

#include "base/ascii.h"

namespace sleipnir::small_libc {

namespace {

// The value of a digit in any base; beyond all of them for what is none.
unsigned digit_of(char c) {
  if (is_digit(c)) return static_cast<unsigned>(c - '0');
  return is_letter(c) ? static_cast<unsigned>((c | 0x20) - 'a') + 10 : UINT8_MAX;
}

}  // namespace

uint64_t number(const char* text, char** end, int base) {
  const char* at = text;
  if ((base == 0 || base == 16) && at[0] == '0' && (at[1] == 'x' || at[1] == 'X') && digit_of(at[2]) < 16) {
    at += 2;
    base = 16;
  }
  if (base == 0) base = *at == '0' ? 8 : 10;
  const auto step = static_cast<unsigned>(base);
  uint64_t value = 0;
  for (unsigned digit = digit_of(*at); digit < step; digit = digit_of(*++at)) {
    value = value > (UINT64_MAX - digit) / step ? UINT64_MAX : value * step + digit;
  }
  if (end != nullptr) *end = const_cast<char*>(at);
  return value;
}

char* find_text(const char* text, const char* wanted) {
  const size_t bytes = strlen(wanted);
  for (; strncmp(text, wanted, bytes) != 0; text++) {
    if (*text == '\0') return nullptr;
  }
  return const_cast<char*>(text);
}

}  // namespace sleipnir::small_libc
