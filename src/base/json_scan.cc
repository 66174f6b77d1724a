#include "base/json_scan.h"

#include "base/ascii.h"
#include "base/byte_block.h"

namespace sleipnir {
namespace {

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20;
}

// The bytes that matter inside a string: its end, an escape, what must not be there.
BlockMask string_stops(const ByteBlock& block) {
  return block_mask(block.equal('"') | block.equal('\\') | block.below(0x20));
}

bool is_ascii(const ByteBlock& block) {
  return block_mask(block.within(0x80, 0xff)) == 0;
}

// `at` stands on the opening bracket. Only the outermost pair is checked to be of one kind.
TokenEnd nested_end(std::string_view text, size_t at) {
  const char closing = text[at] == '{' ? '}' : ']';
  size_t depth = 0;
  while (at + kBlockBytes <= text.size()) {
    const ByteBlock block(text.data() + at);
    const ByteBlock folded = block.folded();  // one comparison for `[` and `{`, one for `]` and `}`
    const BlockBytes quotes = block.equal('"');
    BlockMask structure = block_mask(quotes | folded.equal('{') | folded.equal('}'));
    if (structure == 0) {
      at += kBlockBytes;
      continue;
    }
    const BlockMask stops = block_mask(quotes | block.equal('\\') | block.below(0x20));
    size_t next = at + kBlockBytes;
    while (structure != 0) {
      const size_t index = first_index(structure);
      const char c = text[at + index];
      if (c == '"') {
        // Most strings are short: the closing quote stands in this very block.
        const BlockMask rest = from_index(stops, index + 1);
        if (rest != 0 && text[at + first_index(rest)] == '"') {
          structure = from_index(structure, first_index(rest) + 1);
          continue;
        }
        const TokenEnd string = json_string_end(text, at + index);
        if (!string.complete) return string;
        next = string.at;
        if (next >= at + kBlockBytes) break;
        structure = from_index(structure, next - at);
        next = at + kBlockBytes;
        continue;
      }
      structure = from_index(structure, index + 1);
      if ((c | 0x20) == '{') {
        if (++depth > kJsonDepthMax) return {at + index, false};
      } else if (--depth == 0) {
        return {at + index + 1, text[at + index] == closing};
      }
    }
    at = next;
  }
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      const TokenEnd string = json_string_end(text, at);
      if (!string.complete) return string;
      at = string.at;
      continue;
    }
    ++at;
    if ((c | 0x20) == '{') {
      if (++depth > kJsonDepthMax) return {at, false};
    } else if ((c | 0x20) == '}' && --depth == 0) {
      return {at, c == closing};
    }
  }
  return {at, false};
}

size_t skip_digits(std::string_view text, size_t at) {
  while (at < text.size() && is_digit(text[at])) ++at;
  return at;
}

bool is_json_number(std::string_view token) {
  size_t at = !token.empty() && token[0] == '-' ? 1 : 0;
  const size_t digits = at;
  at = skip_digits(token, at);
  if (at == digits || (token[digits] == '0' && at > digits + 1)) return false;
  if (at < token.size() && token[at] == '.') {
    const size_t fraction = ++at;
    at = skip_digits(token, at);
    if (at == fraction) return false;
  }
  if (at < token.size() && (token[at] | 0x20) == 'e') {
    ++at;
    if (at < token.size() && (token[at] == '+' || token[at] == '-')) ++at;
    const size_t exponent = at;
    at = skip_digits(token, at);
    if (at == exponent) return false;
  }
  return at == token.size();
}

}  // namespace

size_t json_escape_bytes(std::string_view text, size_t at) {
  if (at + 1 >= text.size()) return 0;
  if (is_simple_escape(text[at + 1])) return 2;
  if (text[at + 1] != 'u' || at + 6 > text.size()) return 0;
  return hex4(&text[at + 2]) < 0 ? 0 : 6;
}

TokenEnd json_string_end(std::string_view text, size_t at) {
  ++at;
  ByteBlock all;
  bool verbatim = true;
  while (at + kBlockBytes <= text.size()) {
    const ByteBlock block(text.data() + at);
    all = all.joined(block);
    BlockMask stops = string_stops(block);
    size_t index = kBlockBytes;
    while (stops != 0) {
      index = first_index(stops);
      if (text[at + index] == '"') return {at + index + 1, true, verbatim && is_ascii(all)};
      if (text[at + index] != '\\') return {at + index, false};
      const bool is_simple = at + index + 1 < text.size() && is_simple_escape(text[at + index + 1]);
      const size_t escape_bytes = is_simple ? 2 : json_escape_bytes(text, at + index);
      if (escape_bytes == 0) return {at + index, false};
      verbatim = verbatim && is_simple;
      index += escape_bytes;
      stops = from_index(stops, index);
      // An escape that reaches into the next block moves its beginning; all others leave it where it was.
      if (index < kBlockBytes) index = kBlockBytes;
    }
    at += index;
  }
  verbatim = verbatim && is_ascii(all);
  while (at < text.size()) {
    if (text[at] == '"') return {at + 1, true, verbatim};
    if (is_control(text[at])) break;
    if (text[at] != '\\') {
      verbatim = verbatim && static_cast<unsigned char>(text[at]) < 0x80;
      ++at;
      continue;
    }
    const size_t escape_bytes = json_escape_bytes(text, at);
    if (escape_bytes == 0) break;
    verbatim = verbatim && escape_bytes == 2;
    at += escape_bytes;
  }
  return {at, false};
}

bool is_json_scalar(std::string_view token) {
  if (token.empty()) return false;
  switch (token[0]) {
    case 'n': return is_literal(token, "null");
    case 't': return is_literal(token, "true");
    case 'f': return is_literal(token, "false");
    default: return is_json_number(token);
  }
}

TokenEnd json_value_end(std::string_view text, size_t at) {
  if (text[at] == '"') return json_string_end(text, at);
  if (text[at] == '{' || text[at] == '[') return nested_end(text, at);
  size_t end = at;
  while (end < text.size() && !is_json_space(text[end]) && text[end] != ',' && text[end] != ']' && text[end] != '}') {
    // Everything else that may stand in a scalar is an ASCII letter, a digit or one of `+-.`: stop early on the rest.
    if (text[end] == '"' || text[end] == '{' || text[end] == '[' || text[end] == ':') return {end, false};
    ++end;
  }
  return {end, is_json_scalar(text.substr(at, end - at))};
}

}  // namespace sleipnir
