// SeededRandom: the same numbers for the same seed, on every machine.
#pragma once

#include <cstring>

#include "base/random.h"

namespace sleipnir::test {

class SeededRandom final : public RandomSource {
 public:
  explicit SeededRandom(uint64_t seed) : state_(seed) {}

  void fill(void* out, size_t bytes) override {
    auto* at = static_cast<char*>(out);
    while (bytes != 0) {
      const uint64_t word = draw();
      const size_t taken = bytes < sizeof(word) ? bytes : sizeof(word);
      memcpy(at, &word, taken);
      at += taken;
      bytes -= taken;
    }
  }

  // REQUIRES: limit > 0.
  uint64_t below(uint64_t limit) { return draw() % limit; }
  bool chance(unsigned percent) { return percent != 0 && below(100) < percent; }

 private:
  // splitmix64
  uint64_t draw() {
    state_ += 0x9e3779b97f4a7c15;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  uint64_t state_;
};

// Always the same number: for bounds of what is random.
class ConstantRandom final : public RandomSource {
 public:
  explicit ConstantRandom(uint64_t value) : value_(value) {}
  void fill(void* out, size_t bytes) override { memcpy(out, &value_, bytes < sizeof(value_) ? bytes : sizeof(value_)); }

 private:
  uint64_t value_;
};

}  // namespace sleipnir::test
