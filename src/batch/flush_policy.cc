#include "batch/flush_policy.h"

#include <algorithm>

namespace sleipnir {

void FlushPolicy::on_invoke(WallTime now) {
  if (invocations_ != 0) {
    const auto gap = std::chrono::duration_cast<Milliseconds>(now - last_invoke_);
    gaps_[(invocations_ - 1) % kGapsRemembered] = std::max(gap, Milliseconds(0));
  }
  invocations_++;
  last_invoke_ = now;
}

bool FlushPolicy::waits_for_runtime_done() const {
  if (runtime_done_missing_ || strategy_ == FlushStrategy::kBackground) return false;
  return true;
}

FlushDecision FlushPolicy::decide(const FlushFacts& facts, WallTime now) const {
  if (runtime_done_missing_) return FlushDecision::kBackground;
  switch (strategy_) {
    case FlushStrategy::kEnd: return FlushDecision::kHold;
    case FlushStrategy::kBackground: return FlushDecision::kBackground;
    case FlushStrategy::kAdaptive: break;
  }
  if (!facts.succeeded || facts.level_max >= Level::kError) return FlushDecision::kHold;
  if (invocations_ <= kFirstInvocationsHeld || sparse()) return FlushDecision::kHold;
  if (facts.oldest != WallTime::max() && now - facts.oldest > kRecordAgeMax) return FlushDecision::kHold;
  return FlushDecision::kBackground;
}

// REQUIRES: more than kGapsRemembered invocations, so that every gap is known.
bool FlushPolicy::sparse() const {
  // Whether the median is beyond it, without sorting.
  size_t within = 0;
  for (const Milliseconds gap : gaps_) within += gap <= kBackgroundGapMax ? 1 : 0;
  return within <= gaps_.size() / 2;
}

static_assert(kFirstInvocationsHeld >= kGapsRemembered, "sparse() is asked only when every gap is known");

}  // namespace sleipnir
