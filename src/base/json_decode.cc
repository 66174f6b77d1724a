#include "base/json_decode.h"

#include "base/ascii.h"

namespace sleipnir {
namespace {

FixedText<4> utf8(uint32_t code_point) {
  const auto byte = [](uint32_t value) { return static_cast<char>(static_cast<unsigned char>(value)); };
  const auto tail = [&](unsigned shift) { return byte(0x80u | (code_point >> shift & 0x3fu)); };
  char bytes[4];
  size_t count = 0;
  if (code_point < 0x80) {
    bytes[count++] = byte(code_point);
  } else if (code_point < 0x800) {
    bytes[count++] = byte(0xc0u | code_point >> 6);
    bytes[count++] = tail(0);
  } else if (code_point < 0x10000) {
    bytes[count++] = byte(0xe0u | code_point >> 12);
    bytes[count++] = tail(6);
    bytes[count++] = tail(0);
  } else {
    bytes[count++] = byte(0xf0u | code_point >> 18);
    bytes[count++] = tail(12);
    bytes[count++] = tail(6);
    bytes[count++] = tail(0);
  }
  return FixedText<4>({bytes, count});
}

bool is_high_surrogate(uint32_t unit) {
  return unit >= 0xd800 && unit < 0xdc00;
}
bool is_low_surrogate(uint32_t unit) {
  return unit >= 0xdc00 && unit < 0xe000;
}

char simple_escape(char letter) {
  switch (letter) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return letter;  // `"`, `\`, `/`
  }
}

}  // namespace

DecodedEscape decode_json_escape(std::string_view text, size_t at) {
  const size_t escape_bytes = json_escape_bytes(text, at);
  if (escape_bytes == 0) return {FixedText<4>(text.substr(at, 1)), 1};
  if (escape_bytes == 2) {
    const char c = simple_escape(text[at + 1]);
    return {FixedText<4>({&c, 1}), 2};
  }
  const auto unit = static_cast<uint32_t>(hex4(&text[at + 2]));
  if (is_high_surrogate(unit) && at + 6 < text.size() && text[at + 6] == '\\' && json_escape_bytes(text, at + 6) == 6) {
    const auto low = static_cast<uint32_t>(hex4(&text[at + 8]));
    if (is_low_surrogate(low)) return {utf8(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00)), 12};
  }
  if (is_high_surrogate(unit) || is_low_surrogate(unit)) return {utf8(0xfffd), 6};
  return {utf8(unit), 6};
}

void append_json_text(std::string_view inside, TextRoom out) {
  for (;;) {
    const size_t backslash = inside.find('\\');
    out.append(inside.substr(0, backslash));
    if (backslash == std::string_view::npos) return;
    const DecodedEscape escape = decode_json_escape(inside, backslash);
    if (escape.bytes.view().size() > out.left()) return;
    out.append(escape.bytes.view());
    inside.remove_prefix(backslash + escape.escape_bytes);
  }
}

}  // namespace sleipnir
