#include "base/hash.h"

#include <cstring>

namespace sleipnir {

namespace {

// Two odd constants with about as many ones as zeros; any such would do.
constexpr uint64_t kFirst = 0x9e3779b97f4a7c15;
constexpr uint64_t kSecond = 0xd6e8feb86659fd93;

uint64_t word_at(const char* at) {
  uint64_t word;
  memcpy(&word, at, sizeof(word));
  return word;
}

// A full 64 x 64 bit product, folded: every input bit reaches every output bit.
uint64_t mix(uint64_t a, uint64_t b) {
  const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

}  // namespace

uint64_t hash_bytes(std::string_view bytes) {
  uint64_t hash = mix(bytes.size() ^ kFirst, kSecond);
  const char* at = bytes.data();
  size_t left = bytes.size();
  // Two at once where there is much: a product waits for the one before it.
  if (left >= 64) {
    uint64_t other = hash;
    for (; left >= 32; left -= 32, at += 32) {
      hash = mix(word_at(at) ^ hash ^ kFirst, word_at(at + 8) ^ kSecond);
      other = mix(word_at(at + 16) ^ other ^ kSecond, word_at(at + 24) ^ kFirst);
    }
    hash ^= other;
  }
  for (; left >= 16; left -= 16, at += 16) {
    hash = mix(word_at(at) ^ hash ^ kFirst, word_at(at + 8) ^ kSecond);
  }
  char tail[16] = {};
  if (left != 0) memcpy(tail, at, left);
  return mix(word_at(tail) ^ hash ^ kFirst, word_at(tail + 8) ^ kSecond);
}

}  // namespace sleipnir
