// What json_text must give, written a second time: slow, by the letter, and read back with another JSON parser.
//
// Shared by the unit tests and fuzz targets of everything that writes JSON strings.
#pragma once

#include <yyjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sleipnir::test {

// Decodes as WHATWG's UTF-8 decoder does, with U+FFFD for what is ill-formed.
inline std::string sanitized_utf8(std::string_view bytes) {
  std::string out;
  std::string pending;
  int needed = 0;
  uint8_t lower = 0x80;
  uint8_t upper = 0xBF;
  const auto replace = [&] {
    out += "\xEF\xBF\xBD";
    pending.clear();
    needed = 0;
    lower = 0x80;
    upper = 0xBF;
  };
  for (size_t i = 0; i < bytes.size(); i++) {
    const auto byte = static_cast<uint8_t>(bytes[i]);
    if (needed == 0) {
      if (byte < 0x80) {
        out += bytes[i];
      } else if (byte >= 0xC2 && byte <= 0xF4) {
        needed = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
        if (byte == 0xE0) lower = 0xA0;
        if (byte == 0xED) upper = 0x9F;
        if (byte == 0xF0) lower = 0x90;
        if (byte == 0xF4) upper = 0x8F;
        pending = bytes[i];
      } else {
        replace();
      }
    } else if (byte < lower || byte > upper) {
      replace();
      i--;  // looked at again as a first byte
    } else {
      lower = 0x80;
      upper = 0xBF;
      pending += bytes[i];
      if (--needed == 0) {
        out += pending;
        pending.clear();
      }
    }
  }
  if (needed != 0) replace();
  return out;
}

inline std::string encoded_utf8(uint32_t code_point) {
  std::string out;
  if (code_point < 0x80) {
    out += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    out += static_cast<char>(0xC0 | code_point >> 6);
    out += static_cast<char>(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    out += static_cast<char>(0xE0 | code_point >> 12);
    out += static_cast<char>(0x80 | (code_point >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code_point & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | code_point >> 18);
    out += static_cast<char>(0x80 | (code_point >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (code_point >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code_point & 0x3F));
  }
  return out;
}

inline std::optional<uint32_t> escape_value(std::string_view token, size_t at) {
  if (token.size() < at + 6 || token[at] != '\\' || token[at + 1] != 'u') return {};
  const std::string digits(token.substr(at + 2, 4));
  if (digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) return {};
  return static_cast<uint32_t>(std::stoul(digits, nullptr, 16));
}

// The text that the inside of a JSON string token stands for.
inline std::string token_text(std::string_view token) {
  std::string out;
  std::string raw;
  const auto flush = [&] {
    out += sanitized_utf8(raw);
    raw.clear();
  };
  for (size_t i = 0; i < token.size();) {
    constexpr std::string_view kLetters = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    if (token[i] != '\\') {
      raw += token[i++];
      continue;
    }
    flush();
    const size_t letter = i + 1 < token.size() ? kLetters.find(token[i + 1]) : std::string_view::npos;
    if (letter != std::string_view::npos) {
      out += kMeanings[letter];
      i += 2;
    } else if (const std::optional<uint32_t> value = escape_value(token, i)) {
      const std::optional<uint32_t> low = escape_value(token, i + 6);
      if (*value >= 0xD800 && *value < 0xDC00 && low && *low >= 0xDC00 && *low < 0xE000) {
        out += encoded_utf8(0x10000 + ((*value - 0xD800) << 10) + (*low - 0xDC00));
        i += 12;
      } else {
        out += *value >= 0xD800 && *value < 0xE000 ? "\xEF\xBF\xBD" : encoded_utf8(*value);
        i += 6;
      }
    } else {
      out += '\\';
      i += 1;
    }
  }
  flush();
  return out;
}

inline std::string without_last_newline(std::string text) {
  if (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

// The text of `"` + inside + `"` as yyjson reads it; none if that is no JSON.
inline std::optional<std::string> parsed_string(std::string_view inside) {
  const std::string document = "\"" + std::string(inside) + "\"";
  yyjson_doc* const doc = yyjson_read(document.data(), document.size(), YYJSON_READ_NOFLAG);
  if (doc == nullptr) return {};
  std::optional<std::string> text;
  if (yyjson_val* const root = yyjson_doc_get_root(doc); yyjson_is_str(root)) {
    text = std::string(yyjson_get_str(root), yyjson_get_len(root));
  }
  yyjson_doc_free(doc);
  return text;
}

// What yyjson says of a whole document. Numbers are not converted: one that is too large for a double is JSON all the
// same.
inline bool parses_as_json(std::string_view text) {
  yyjson_doc* const doc = yyjson_read(text.data(), text.size(), YYJSON_READ_NUMBER_AS_RAW);
  yyjson_doc_free(doc);
  return doc != nullptr;
}

}  // namespace sleipnir::test
