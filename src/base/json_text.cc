// Runs of plain ASCII go in blocks of 16 bytes, runs of two- and three-byte characters four bytes at a time, everything
// else unit by unit.
//
// A block is classified without a table: as signed bytes, everything below 0x20 is a control character or not ASCII, so
// three comparisons find every byte that cannot be copied as it is. The functions are instantiated for escaping and for
// copying a token, for writing and for measuring, so that neither choice costs anything inside the loops and measuring
// cannot disagree with writing.
#include "base/json_text.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/ascii.h"
#include "base/json_scan.h"

namespace sleipnir {

namespace {

enum class Input : uint8_t { kPlain, kToken };
enum class Output : uint8_t { kWrite, kMeasure };

using Block = signed char __attribute__((vector_size(16)));
constexpr size_t kBlockBytes = sizeof(Block);

// U+FFFD, raw where bytes were unreadable, as an escape where an escape was.
constexpr char kReplacement[] = "\xEF\xBF\xBD";
constexpr char kReplacementEscape[] = "\\ufffd";

// A unit as it goes out: `bytes` point into the input or at a constant. A last newline that is cut has wire 0.
struct Unit {
  const char* bytes;
  uint32_t consumed;
  uint32_t wire;
  uint32_t decoded;
};

// "\u0000" to "\u001f", and the short forms where JSON has one.
struct ControlEscapes {
  char text[32][6];
  uint8_t bytes[32];

  constexpr ControlEscapes() : text(), bytes() {
    constexpr char kHex[] = "0123456789abcdef";
    for (size_t i = 0; i < 32; i++) {
      const char form[6] = {'\\', 'u', '0', '0', kHex[i >> 4], kHex[i & 15]};
      std::copy(form, form + 6, text[i]);
      bytes[i] = 6;
    }
    set_short('\b', 'b');
    set_short('\f', 'f');
    set_short('\n', 'n');
    set_short('\r', 'r');
    set_short('\t', 't');
  }

 private:
  constexpr void set_short(char control, char letter) {
    text[static_cast<size_t>(control)][1] = letter;
    bytes[static_cast<size_t>(control)] = 2;
  }
};
constexpr ControlEscapes kControlEscapes;

bool is_plain(unsigned char byte) {
  return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

bool is_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

// One well-formed code point (Unicode table 3-7), or U+FFFD for the longest beginning of one.
Unit utf8_unit(const char* at, const char* end) {
  const auto first = static_cast<unsigned char>(*at);
  unsigned char second_min = 0x80;
  unsigned char second_max = 0xBF;
  uint32_t length = 0;
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3;
    if (first == 0xE0) second_min = 0xA0;
    if (first == 0xED) second_max = 0x9F;  // surrogates
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4;
    if (first == 0xF0) second_min = 0x90;
    if (first == 0xF4) second_max = 0x8F;  // above U+10FFFF
  }
  uint32_t taken = 1;
  if (length != 0 && end - at > 1) {
    const auto second = static_cast<unsigned char>(at[1]);
    if (second >= second_min && second <= second_max) {
      taken = 2;
      while (taken < length && end - at > taken && is_continuation(at[taken])) taken++;
    }
  }
  if (taken == length) return {.bytes = at, .consumed = length, .wire = length, .decoded = length};
  return {.bytes = kReplacement, .consumed = taken, .wire = 3, .decoded = 3};
}

Unit unicode_escape_unit(const char* at, const char* end, LastNewline last_newline) {
  const int32_t unit = end - at < 6 ? -1 : hex4(at + 2);
  if (unit < 0) return {.bytes = "\\\\", .consumed = 1, .wire = 2, .decoded = 1};
  if (unit >= 0xD800 && unit <= 0xDFFF) {
    if (unit <= 0xDBFF && end - at >= 12 && at[6] == '\\' && at[7] == 'u') {
      const int32_t low = hex4(at + 8);
      if (low >= 0xDC00 && low <= 0xDFFF) return {.bytes = at, .consumed = 12, .wire = 12, .decoded = 4};
    }
    return {.bytes = kReplacementEscape, .consumed = 6, .wire = 6, .decoded = 3};
  }
  if (unit == '\n' && end - at == 6 && last_newline == LastNewline::kCut) {
    return {.bytes = at, .consumed = 6, .wire = 0, .decoded = 0};
  }
  const uint32_t decoded = unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3;
  return {.bytes = at, .consumed = 6, .wire = 6, .decoded = decoded};
}

Unit escape_unit(const char* at, const char* end, LastNewline last_newline) {
  if (end - at >= 2) {
    if (at[1] == 'u') return unicode_escape_unit(at, end, last_newline);
    if (at[1] == 'n' && end - at == 2 && last_newline == LastNewline::kCut) {
      return {.bytes = at, .consumed = 2, .wire = 0, .decoded = 0};
    }
    if (is_simple_escape(at[1])) return {.bytes = at, .consumed = 2, .wire = 2, .decoded = 1};
  }
  return {.bytes = "\\\\", .consumed = 1, .wire = 2, .decoded = 1};
}

template <Input kInput>
Unit next_unit(const char* at, const char* end, LastNewline last_newline) {
  const auto byte = static_cast<unsigned char>(*at);
  if (byte >= 0x80) return utf8_unit(at, end);
  if (byte == '"') return {.bytes = "\\\"", .consumed = 1, .wire = 2, .decoded = 1};
  if (byte == '\\') {
    if constexpr (kInput == Input::kToken) return escape_unit(at, end, last_newline);
    return {.bytes = "\\\\", .consumed = 1, .wire = 2, .decoded = 1};
  }
  if (byte < 0x20) {
    if (byte == '\n' && end - at == 1 && last_newline == LastNewline::kCut) {
      return {.bytes = at, .consumed = 1, .wire = 0, .decoded = 0};
    }
    return {.bytes = kControlEscapes.text[byte], .consumed = 1, .wire = kControlEscapes.bytes[byte], .decoded = 1};
  }
  return {.bytes = at, .consumed = 1, .wire = 1, .decoded = 1};
}

// Takes bytes that stand for themselves, at most `bytes_max`; returns how many. Writes whole blocks, so up to
// bytes_max bytes of `out` are written over, also behind what was taken. The last block begins as early as it must to
// be whole.
template <Output kOutput>
size_t take_plain(const char* in, char* out, size_t bytes_max) {
  size_t taken = 0;
  while (bytes_max >= kBlockBytes) {
    if (taken == bytes_max) return taken;
    const size_t at = std::min(taken, bytes_max - kBlockBytes);
    Block block;
    memcpy(&block, in + at, kBlockBytes);
    if constexpr (kOutput == Output::kWrite) memcpy(out + at, &block, kBlockBytes);
    const Block special = (block < 0x20) | (block == '"') | (block == '\\');
    uint64_t half[2];
    memcpy(half, &special, sizeof(half));
    if ((half[0] | half[1]) != 0) {
      static_assert(std::endian::native == std::endian::little);
      const int bit = half[0] != 0 ? std::countr_zero(half[0]) : 64 + std::countr_zero(half[1]);
      return at + static_cast<size_t>(bit) / 8;
    }
    taken = at + kBlockBytes;
  }
  while (taken < bytes_max && is_plain(static_cast<unsigned char>(in[taken]))) {
    if constexpr (kOutput == Output::kWrite) out[taken] = in[taken];
    taken++;
  }
  return taken;
}

// Takes well-formed code points of two and three bytes, at most `bytes_max`; returns how many bytes. The common ones of
// text that is not ASCII, without the generality of a unit. Writes four bytes at a time, as take_plain does blocks.
template <Output kOutput>
size_t take_multibyte(const char* in, char* out, size_t bytes_max) {
  size_t taken = 0;
  while (bytes_max - taken >= 4) {
    uint32_t word = 0;
    memcpy(&word, in + taken, 4);
    size_t length = 0;
    if ((word & 0xC0E0) == 0x80C0 && (word & 0xFF) >= 0xC2) {
      length = 2;
    } else if ((word & 0xC0C0F0) == 0x8080E0) {
      // The first byte, and the bit that halves the range of the second.
      const uint32_t lead = word & 0x20FF;
      if (lead == 0x00E0 || lead == 0x20ED) break;  // overlong; a surrogate
      length = 3;
    } else {
      break;
    }
    if constexpr (kOutput == Output::kWrite) memcpy(out + taken, &word, 4);
    taken += length;
  }
  return taken;
}

// memcpy for 1 to 12 bytes, by overlapping moves of fixed size.
void copy_unit(char* out, const char* from, uint32_t bytes) {
  if (bytes >= 4) {
    memcpy(out, from, 4);
    if (bytes > 8) memcpy(out + 4, from + 4, 4);
    memcpy(out + bytes - 4, from + bytes - 4, 4);
  } else if (bytes >= 2) {
    memcpy(out, from, 2);
    memcpy(out + bytes - 2, from + bytes - 2, 2);
  } else if (bytes == 1) {
    *out = *from;
  }
}

template <Input kInput, Output kOutput>
JsonCopied run(std::string_view text, char* out, size_t wire_max, size_t decoded_max, LastNewline last_newline) {
  const char* in = text.data();
  const char* const end = in + text.size();
  size_t wire_left = wire_max;
  size_t decoded_left = decoded_max;
  JsonStop stop = JsonStop::kEnd;
  while (in != end) {
    const auto byte = static_cast<unsigned char>(*in);
    const size_t bytes_max = std::min({static_cast<size_t>(end - in), wire_left, decoded_left});
    size_t taken = 0;
    if (is_plain(byte)) {
      taken = take_plain<kOutput>(in, out, bytes_max);
    } else if (byte >= 0x80) {
      taken = take_multibyte<kOutput>(in, out, bytes_max);
    }
    if (taken != 0) {
      in += taken;
      if constexpr (kOutput == Output::kWrite) out += taken;
      wire_left -= taken;
      decoded_left -= taken;
      continue;
    }
    // The units that are frequent, where no limit is near: a two-byte escape stays as it is (but for a newline that is
    // the last thing in the text), a quote or backslash becomes one.
    const bool is_escape = byte == '\\' && kInput == Input::kToken && bytes_max > 2 && is_simple_escape(in[1]);
    const bool needs_escape = kInput == Input::kPlain && (byte == '"' || byte == '\\') && bytes_max > 2;
    if (is_escape || needs_escape) {
      if constexpr (kOutput == Output::kWrite) {
        out[0] = '\\';
        out[1] = is_escape ? in[1] : *in;
        out += 2;
      }
      in += is_escape ? 2 : 1;
      wire_left -= 2;
      decoded_left -= 1;
      continue;
    }
    // Everything that does not stand for itself, and whatever comes close to a limit.
    const Unit unit = next_unit<kInput>(in, end, last_newline);
    if (unit.decoded > decoded_left) {
      stop = JsonStop::kDecoded;
      break;
    }
    if (unit.wire > wire_left) {
      stop = JsonStop::kWire;
      break;
    }
    if constexpr (kOutput == Output::kWrite) {
      copy_unit(out, unit.bytes, unit.wire);
      out += unit.wire;
    }
    in += unit.consumed;
    wire_left -= unit.wire;
    decoded_left -= unit.decoded;
  }
  return {.consumed = static_cast<size_t>(in - text.data()),
          .written = wire_max - wire_left,
          .decoded = decoded_max - decoded_left,
          .stop = stop};
}

}  // namespace

JsonCopied escape_json(std::string_view plain, std::span<char> out, size_t decoded_bytes_max,
                       LastNewline last_newline) {
  return run<Input::kPlain, Output::kWrite>(plain, out.data(), out.size(), decoded_bytes_max, last_newline);
}

size_t copy_plain(std::string_view plain, std::span<char> out) {
  return take_plain<Output::kWrite>(plain.data(), out.data(), plain.size());
}

size_t remove_replacements(std::span<char> json) {
  if (json.empty() || memchr(json.data(), kReplacement[0], json.size()) == nullptr) return json.size();
  const std::string_view from(json.data(), json.size());
  const std::string_view replacement = kReplacement;
  size_t to = 0;
  for (size_t i = 0; i < from.size();) {
    const bool found = from.substr(i, replacement.size()) == replacement;
    json[to++] = found ? '?' : json[i];
    i += found ? replacement.size() : 1;
  }
  return to;
}

JsonCopied copy_json_token(std::string_view token, std::span<char> out, size_t decoded_bytes_max,
                           LastNewline last_newline) {
  return run<Input::kToken, Output::kWrite>(token, out.data(), out.size(), decoded_bytes_max, last_newline);
}

std::string_view cut_newline(std::string_view token) {
  if (!token.ends_with("\\n")) return token;
  // A backslash that is escaped itself begins no escape: only an odd number of them ends in one.
  size_t backslashes = 1;
  while (backslashes + 1 < token.size() && token[token.size() - 2 - backslashes] == '\\') backslashes++;
  return token.substr(0, token.size() - 2 * (backslashes % 2));
}

JsonCopied measure_json(std::string_view plain, size_t wire_bytes_max, size_t decoded_bytes_max,
                        LastNewline last_newline) {
  return run<Input::kPlain, Output::kMeasure>(plain, nullptr, wire_bytes_max, decoded_bytes_max, last_newline);
}

JsonCopied measure_json_token(std::string_view token, size_t wire_bytes_max, size_t decoded_bytes_max,
                              LastNewline last_newline) {
  return run<Input::kToken, Output::kMeasure>(token, nullptr, wire_bytes_max, decoded_bytes_max, last_newline);
}

}  // namespace sleipnir
