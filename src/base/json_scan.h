// Where a JSON token ends: strings by their escapes, objects and arrays by counting their brackets.
//
// The innermost loop of the program: every byte of every record passes here once. No allocation, no recursion, never
// a read outside `text`, any bytes allowed. Strings are checked as RFC 8259 section 7 wants (escapes, no raw control
// characters; not UTF-8, not surrogates); between the tokens of an object nothing is checked but the nesting.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace sleipnir {

// Deeper nesting makes a token malformed. Guess, not tuned: no logging library comes near, and it bounds what a
// hostile body can make us scan twice.
inline constexpr size_t kJsonDepthMax = 1024;

struct TokenEnd {
  size_t at;  // complete: one past the token; else how far it was read
  bool complete;
  // Of a complete string: it is ASCII, and its escapes are of two bytes. False may also mean that nobody has looked: of
  // its last block the bytes behind the string are looked at too.
  bool verbatim = false;
};

// REQUIRES: at < text.size() and text[at] == '"'.
TokenEnd json_string_end(std::string_view text, size_t at);

// Any value. REQUIRES: at < text.size().
TokenEnd json_value_end(std::string_view text, size_t at);

inline bool is_json_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

inline size_t skip_json_space(std::string_view text, size_t at) {
  if (at < text.size() && static_cast<unsigned char>(text[at]) > ' ') return at;  // nearly always
  while (at < text.size() && is_json_space(text[at])) ++at;
  return at;
}

// Whether a key or type, as it stands, is the literal: a comparison of known length, without a call.
template <size_t N>
bool is_literal(std::string_view text, const char (&literal)[N]) {
  return text.size() == N - 1 && memcmp(text.data(), literal, N - 1) == 0;
}

template <size_t N>
bool begins_with_literal(std::string_view text, size_t at, const char (&literal)[N]) {
  return text.size() - at >= N - 1 && memcmp(text.data() + at, literal, N - 1) == 0;
}

// Whether it makes a two-byte escape behind a backslash: one of `"\/bfnrt`.
inline bool is_simple_escape(char letter) {
  // One bit for each byte from 0x20 on, `"` and `/` in the first word.
  constexpr auto kBit = [](char c) { return uint64_t{1} << (c & 63); };
  constexpr uint64_t kBelow64 = kBit('"') | kBit('/');
  constexpr uint64_t kFrom64 = kBit('\\') | kBit('b') | kBit('f') | kBit('n') | kBit('r') | kBit('t');
  const auto byte = static_cast<unsigned char>(letter);
  if (byte >= 128) return false;
  return ((byte < 64 ? kBelow64 : kFrom64) >> (byte & 63) & 1) != 0;
}

// true, false, null or a number, whole.
bool is_json_scalar(std::string_view token);

// Length of the escape that begins with the backslash at `at`, 0 if it is none (or cut off).
size_t json_escape_bytes(std::string_view text, size_t at);

}  // namespace sleipnir
