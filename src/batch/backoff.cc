#include "batch/backoff.h"

#include <algorithm>

#include "base/limits.h"

namespace sleipnir {

Milliseconds backoff_after(int failures, RandomSource& random) {
  const int doublings = std::clamp(failures - 1, 0, 16);
  const Milliseconds full = std::min(kBackoffFirst * (int64_t{1} << doublings), kBackoffLast);
  const auto half = static_cast<uint64_t>(full.count() / 2);
  return Milliseconds(static_cast<int64_t>(half + random.next() % (half + 1)));
}

}  // namespace sleipnir
