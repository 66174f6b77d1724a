// JSON inside a JSON string. A quote of the inner text is `\"` outside, a backslash of the inner text `\\`; so an
// escape of the inner text, such as `\"` or `\n`, is `\\\"` or `\\n`. Brackets, colons and commas stand for themselves.
#include "base/json_fields.h"

#include <cstdint>

#include "base/byte_block.h"

namespace sleipnir {
namespace {

// The next byte at or behind `at` that is a backslash; text.size() if there is none.
size_t find_backslash(std::string_view text, size_t at) {
  for (; at + kBlockBytes <= text.size(); at += kBlockBytes) {
    const BlockMask hits = block_mask(ByteBlock(text.data() + at).equal('\\'));
    if (hits != 0) return at + first_index(hits);
  }
  while (at < text.size() && text[at] != '\\') ++at;
  return at;
}

// `\u0022` and `\u005c`: a quote or a backslash in disguise. No runtime writes them; we do not look inside.
bool is_disguised(std::string_view text, size_t at) {
  const std::string_view digits = text.substr(at + 2, 4);
  return digits == "0022" || digits == "005c" || digits == "005C";
}

}  // namespace

size_t EscapedJson::skip_any_space(std::string_view text, size_t at) {
  for (;;) {
    at = skip_json_space(text, at);
    if (at + 1 >= text.size() || text[at] != '\\') return at;
    const char c = text[at + 1];
    if (c != 'n' && c != 't' && c != 'r') return at;
    at += 2;
  }
}

TokenEnd EscapedJson::string_end(std::string_view text, size_t at) {
  at += kQuoteBytes;
  for (;;) {
    at = find_backslash(text, at);
    if (at + 1 >= text.size()) return {at, false};
    switch (text[at + 1]) {
      case '"': return {at + 2, true};
      case '\\':
        // An escape of the inner text: of a quote or a backslash, which are escaped outside too, or of a letter.
        at += 2;
        if (at >= text.size()) return {at, false};
        at += text[at] == '\\' ? 2 : 1;
        break;
      case 'u':
        if (is_disguised(text, at)) return {at, false};
        at += 2;
        break;
      default: at += 2; break;
    }
    if (at > text.size()) return {text.size(), false};
  }
}

TokenEnd EscapedJson::value_end(std::string_view text, size_t at) {
  if (text[at] != '{' && text[at] != '[') {
    size_t end = at;
    while (end < text.size() && !is_json_space(text[end]) && text[end] != ',' && text[end] != '}' && text[end] != ']' &&
           text[end] != '\\') {
      ++end;
    }
    return {end, is_json_scalar(text.substr(at, end - at))};
  }
  size_t depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '\\') {
      if (is_quote(text, at)) {
        const TokenEnd string = string_end(text, at);
        if (!string.complete) return string;
        at = string.at;
        continue;
      }
      const size_t behind = skip_space(text, at);
      if (behind == at) return {at, false};
      at = behind;
      continue;
    }
    ++at;
    if (c == '{' || c == '[') {
      if (++depth > kJsonDepthMax) return {at, false};
    } else if ((c == '}' || c == ']') && --depth == 0) {
      return {at, true};
    }
  }
  return {at, false};
}

JsonField json_field(std::string_view object, std::string_view key) {
  JsonFields<PlainJson> fields(object);
  for (JsonField field; fields.next(field);) {
    if (field.key == key) return field;
  }
  return {};
}

}  // namespace sleipnir
