#include "net/pem.h"

#include <array>
#include <cstdint>
#include <cstring>

namespace sleipnir {

namespace {

constexpr uint8_t kWhiteSpace = 0x40;
constexpr uint8_t kEnd = 0x80;

constexpr std::array<uint8_t, 256> make_digits() {
  std::array<uint8_t, 256> digits{};
  digits.fill(kEnd);
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < kAlphabet.size(); i++) {
    digits[static_cast<unsigned char>(kAlphabet[i])] = static_cast<uint8_t>(i);
  }
  for (const char space : std::string_view(" \t\r\n\v\f")) digits[static_cast<unsigned char>(space)] = kWhiteSpace;
  return digits;
}

constexpr std::array<uint8_t, 256> kDigits = make_digits();

uint32_t digit(char c) {
  return kDigits[static_cast<unsigned char>(c)];
}

}  // namespace

size_t find_pem_certificate(std::string_view text, size_t from) {
  // Base64 has no hyphen, so looking for one leaps over whole certificates.
  while (from < text.size()) {
    const void* hyphen = memchr(text.data() + from, '-', text.size() - from);
    if (hyphen == nullptr) break;
    from = static_cast<size_t>(static_cast<const char*>(hyphen) - text.data());
    if (text.substr(from).starts_with(kPemCertificate)) return from;
    from++;
  }
  return std::string_view::npos;
}

size_t decode_base64(std::string_view text, std::span<unsigned char> out) {
  size_t read = 0;
  size_t written = 0;
  uint32_t bits = 0;
  unsigned bits_held = 0;
  for (;;) {
    // Four digits at once, as long as nothing else comes between.
    while (bits_held == 0 && text.size() - read >= 4 && out.size() - written >= 3) {
      const uint32_t a = digit(text[read]);
      const uint32_t b = digit(text[read + 1]);
      const uint32_t c = digit(text[read + 2]);
      const uint32_t d = digit(text[read + 3]);
      if ((a | b | c | d) >= kWhiteSpace) break;
      const uint32_t group = (a << 18) | (b << 12) | (c << 6) | d;
      out[written] = static_cast<unsigned char>(group >> 16);
      out[written + 1] = static_cast<unsigned char>(group >> 8);
      out[written + 2] = static_cast<unsigned char>(group);
      read += 4;
      written += 3;
    }
    if (read == text.size() || written == out.size()) return written;
    const uint32_t value = digit(text[read++]);
    if (value == kEnd) return written;
    if (value == kWhiteSpace) continue;
    bits = (bits << 6) | value;
    bits_held += 6;
    if (bits_held < 8) continue;
    bits_held -= 8;
    out[written++] = static_cast<unsigned char>(bits >> bits_held);
  }
}

}  // namespace sleipnir
