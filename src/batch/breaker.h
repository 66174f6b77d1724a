// Breaker: whether Loki is worth waiting for.
//
// Opened by a flush that ended in failure; while it is open no invocation is held, except one for each probe
// interval. Wall clock, because a function that runs for 20 ms once a minute is frozen in between and must still see
// its interval pass. Owned by the sender; the loop reads what it publishes.
#pragma once

#include "base/clock.h"
#include "base/random.h"

namespace sleipnir {

class Breaker {
 public:
  bool open() const { return open_; }
  // REQUIRES: open().
  WallTime probe_at() const { return probe_at_; }
  // True when closed, or when the time of the next probe has come.
  bool allows(WallTime now) const { return !open_ || now >= probe_at_; }

  // A flush or a probe has failed. The interval doubles from kProbeFirst to kProbeLast, jittered.
  void fail(WallTime now, RandomSource& random);
  void succeed() { *this = Breaker(); }

 private:
  bool open_ = false;
  WallTime probe_at_{};
  int failures_ = 0;
};

}  // namespace sleipnir
