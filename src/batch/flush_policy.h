// FlushPolicy: whether an invocation is held for its records, or they go in the background. A pure function of the
// strategy, the clock and the gaps between invocations; loop thread.
#pragma once

#include <array>

#include "base/clock.h"
#include "base/limits.h"
#include "batch/record.h"

namespace sleipnir {

enum class FlushStrategy : uint8_t { kAdaptive, kEnd, kBackground };

enum class FlushDecision : uint8_t {
  kHold,        // flush after runtimeDone, then ask for the next event
  kBackground,  // ask for the next event at once
};

// What the decision at runtimeDone depends on beside the history.
struct FlushFacts {
  bool succeeded = true;              // runtimeDone said success
  Level level_max = Level::kUnknown;  // the most severe record that waits
  WallTime oldest = WallTime::max();  // the oldest record that waits
};

class FlushPolicy {
 public:
  explicit FlushPolicy(FlushStrategy strategy) : strategy_(strategy) {}

  void on_invoke(WallTime now);
  // A runtimeDone was missing at the margin: nothing is held until one is seen again.
  void on_runtime_done_missing() { runtime_done_missing_ = true; }
  void on_runtime_done() { runtime_done_missing_ = false; }

  // Whether the loop must wait for runtimeDone at all before it asks for the next event.
  bool waits_for_runtime_done() const;
  FlushDecision decide(const FlushFacts& facts, WallTime now) const;
  uint64_t invocations() const { return invocations_; }

 private:
  bool sparse() const;

  const FlushStrategy strategy_;
  uint64_t invocations_ = 0;
  WallTime last_invoke_{};
  std::array<Milliseconds, kGapsRemembered> gaps_{};
  bool runtime_done_missing_ = false;
};

}  // namespace sleipnir
