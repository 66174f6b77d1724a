// Where random numbers come from: the kernel, at each call.
//
// There is no generator state that a snapshot could clone. A simulation passes a seeded source instead.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sleipnir {

class RandomSource {
 public:
  virtual ~RandomSource() = default;
  virtual void fill(void* out, size_t bytes) = 0;

  uint64_t next() {
    uint64_t value = 0;
    fill(&value, sizeof(value));
    return value;
  }
};

// getrandom(2). Never drawn from before the first INVOKE (see lambda/lifecycle.h on SnapStart).
class KernelRandom final : public RandomSource {
 public:
  void fill(void* out, size_t bytes) override;
};

}  // namespace sleipnir
