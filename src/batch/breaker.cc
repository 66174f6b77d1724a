#include "batch/breaker.h"

#include <algorithm>

#include "base/limits.h"

namespace sleipnir {

void Breaker::fail(WallTime now, RandomSource& random) {
  // Another push of the same outage that ends before the probe's time says nothing new.
  if (open_ && now < probe_at_) return;
  const int doublings = std::min(failures_, 16);
  const std::chrono::nanoseconds full =
      std::min<std::chrono::nanoseconds>(kProbeFirst * (int64_t{1} << doublings), kProbeLast);
  // Between 80 and 100 % of it: environments that failed together do not probe together.
  const auto fifth = static_cast<uint64_t>(full.count() / 5);
  probe_at_ = now + full - std::chrono::nanoseconds(static_cast<int64_t>(random.next() % (fifth + 1)));
  failures_++;
  open_ = true;
}

}  // namespace sleipnir
