#include "base/clock.h"

#include <ctime>

namespace sleipnir {

Instant read_clocks() {
  timespec monotonic{};
  timespec wall{};
  clock_gettime(CLOCK_MONOTONIC, &monotonic);
  clock_gettime(CLOCK_REALTIME, &wall);
  using std::chrono::seconds;
  return Instant{
      .monotonic = MonotonicTime(seconds(monotonic.tv_sec) + Nanoseconds(monotonic.tv_nsec)),
      .wall = WallTime(seconds(wall.tv_sec) + Nanoseconds(wall.tv_nsec)),
  };
}

}  // namespace sleipnir
