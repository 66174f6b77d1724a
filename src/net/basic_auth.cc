#include "net/basic_auth.h"

#include <cstdint>

namespace sleipnir {

BorrowedText base64(std::string_view bytes, TextStore& texts) {
  static constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  char* const begin = texts.room((bytes.size() + 2) / 3 * 4);
  char* end = begin;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t taken = bytes.size() - i < 3 ? bytes.size() - i : 3;
    uint32_t group = 0;
    for (size_t k = 0; k < 3; k++) {
      group = group << 8 | (k < taken ? static_cast<uint8_t>(bytes[i + k]) : 0U);
    }
    for (size_t k = 0; k < 4; k++) {
      *end++ = k <= taken ? kAlphabet[group >> (18 - 6 * k) & 63] : '=';
    }
  }
  return TextStore::close(begin, end);
}

BorrowedText basic_authorization(std::string_view user, std::string_view password, TextStore& texts) {
  return texts.keep({"Basic ", base64(texts.keep({user, ":", password}), texts)});
}

}  // namespace sleipnir
