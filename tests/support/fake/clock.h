// FakeClock: both clocks of a test. They stand still until somebody moves them.
#pragma once

#include "base/clock.h"

namespace sleipnir::test {

class FakeClock {
 public:
  // Some day in 2026; monotonic time never was zero on a machine that runs.
  static constexpr int64_t kWallBeginMs = 1'780'000'000'000;
  static constexpr std::chrono::seconds kMonotonicBegin{1000};

  Instant now() const { return now_; }
  MonotonicTime monotonic() const { return now_.monotonic; }
  WallTime wall() const { return now_.wall; }

  // Time passes: both clocks alike.
  void advance(Nanoseconds by) {
    now_.monotonic += by;
    now_.wall += by;
  }
  void advance_to(MonotonicTime time) {
    if (time > now_.monotonic) advance(time - now_.monotonic);
  }
  // A freeze during which the monotonic clock stood still, or somebody set the wall clock.
  void jump_wall(Nanoseconds by) { now_.wall += by; }

 private:
  Instant now_{.monotonic = MonotonicTime(kMonotonicBegin), .wall = wall_from_unix_ms(kWallBeginMs)};
};

}  // namespace sleipnir::test
