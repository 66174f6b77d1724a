// Time as the program sees it: both clocks, read together, handed down as an argument.
//
// Monotonic time measures intervals (timeouts, back-off, the hold of an invocation); wall time stamps records
// and survives a freeze. Both jump when a frozen environment is thawed, wall time always, monotonic time
// perhaps; how far they jumped apart is how a thaw is noticed. Nothing below main reads a clock by itself, so a
// simulation can replace both.
#pragma once

#include <chrono>
#include <cstdint>

namespace sleipnir {

using Milliseconds = std::chrono::milliseconds;
using Nanoseconds = std::chrono::nanoseconds;

struct MonotonicClock {
  using rep = int64_t;
  using period = std::nano;
  using duration = Nanoseconds;
  using time_point = std::chrono::time_point<MonotonicClock>;
};

using MonotonicTime = MonotonicClock::time_point;
// Nanoseconds since the Unix epoch, UTC.
using WallTime = std::chrono::time_point<std::chrono::system_clock, Nanoseconds>;

struct Instant {
  MonotonicTime monotonic;
  WallTime wall;
};

// Reads CLOCK_MONOTONIC and CLOCK_REALTIME. For the thread shells in app/threads.cc, the resolver's
// thread (net/name_lookup.cc) and tests only.
Instant read_clocks();

constexpr WallTime wall_from_unix_ms(int64_t unix_ms) {
  return WallTime(std::chrono::duration_cast<Nanoseconds>(Milliseconds(unix_ms)));
}

constexpr int64_t unix_ms(WallTime time) {
  return std::chrono::duration_cast<Milliseconds>(time.time_since_epoch()).count();
}

// A deadline that never comes.
inline constexpr MonotonicTime kNever = MonotonicTime::max();

}  // namespace sleipnir
