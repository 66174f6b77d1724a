// What kind of character a byte is, and letters without their case: in ASCII alone, whatever the locale. Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace sleipnir {

inline bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

inline char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

inline bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

inline bool is_letter(char c) {
  return is_upper(static_cast<char>(c & ~0x20));
}

inline bool is_letter_or_digit(char c) {
  return is_letter(c) || is_digit(c);
}

// 0 to 15; -1 for what is no hex digit.
inline int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const int letter = (c | 0x20) - 'a';
  return letter >= 0 && letter < 6 ? letter + 10 : -1;
}

// The code unit that four hex digits are; -1: they are none. REQUIRES: four readable bytes.
int32_t hex4(const char* digits);

bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace sleipnir
