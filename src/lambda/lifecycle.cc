#include "lambda/lifecycle.h"

#include <algorithm>

#include "base/planted_bug.h"

namespace sleipnir {

Lifecycle::Action Lifecycle::on_invoke(const RuntimeEvent& event, const FlushFacts& waiting, bool worthwhile,
                                       Instant now) {
  policy_.on_invoke(now.wall);
  request_id_ = event.request_id;
  running_ = true;
  // A wall clock that is wrong must neither make us wait for ever nor let go at once for good.
  const Nanoseconds timeout =
      std::clamp<Nanoseconds>(event.deadline - now.wall, Nanoseconds(0), Nanoseconds(kDeadlineMax));
  const Nanoseconds margin = std::clamp<Nanoseconds>(timeout / 50, kDeadlineMarginMin, kDeadlineMarginMax);
  const Nanoseconds push_before = std::min<Nanoseconds>(kPreDeadlineFlushMax, timeout / 4);
  margin_at_ = now.monotonic + std::max(timeout - margin, Nanoseconds(0));
  pre_deadline_at_ = now.monotonic + timeout - push_before;
  if (!options_.telemetry || !policy_.waits_for_runtime_done()) return let_go();
  state_ = State::kInvocation;
  for (FixedText<64>& early : done_early_) {
    if (!early.empty() && early == request_id_.view()) {
      early.clear();
      return hold_or_go(waiting, worthwhile, now);
    }
  }
  return Action::kNone;
}

Lifecycle::Action Lifecycle::on_runtime_done(std::string_view request_id, const FlushFacts& waiting, bool worthwhile,
                                             Instant now) {
  const bool current = request_id_ == request_id;
  // Said twice. (Not remembered: an asynchronous retry has the same id again.)
  if (current && !running_) return Action::kNone;
  if (!current) {
    // It overtook its INVOKE; or it is a late one, whose id will not be asked for.
    done_early_[done_early_next_].assign(request_id);
    done_early_next_ = (done_early_next_ + 1) % done_early_.size();
    return Action::kNone;
  }
  return hold_or_go(waiting, worthwhile, now);
}

Lifecycle::Action Lifecycle::hold_or_go(const FlushFacts& waiting, bool worthwhile, Instant now) {
  running_ = false;
  pre_deadline_at_ = kNever;
  policy_.on_runtime_done();
  if (state_ != State::kInvocation) return state_ == State::kIdle ? Action::kFlush : Action::kNone;
  if (policy_.decide(waiting, now.wall) == FlushDecision::kBackground || !worthwhile) return let_go();
  const Milliseconds budget = first_flush_ ? 2 * options_.flush_budget : options_.flush_budget;
  first_flush_ = false;
  hold_until_ = std::min(now.monotonic + budget, margin_at_);
  if (planted(PlantedBug::kHoldOverBudget)) hold_until_ += Milliseconds(20);
  state_ = State::kHeld;
  return Action::kFlushAndHold;
}

Lifecycle::Action Lifecycle::on_flush_settled() {
  return state_ == State::kHeld ? let_go() : Action::kNone;
}

Lifecycle::Action Lifecycle::on_time(Instant now) {
  if (state_ == State::kHeld && now.monotonic >= hold_until_) return let_go();
  if (state_ == State::kInvocation && now.monotonic >= margin_at_) {
    policy_.on_runtime_done_missing();
    return let_go();
  }
  if (now.monotonic >= pre_deadline_at_) {
    pre_deadline_at_ = kNever;
    return Action::kFlush;
  }
  return Action::kNone;
}

Lifecycle::Action Lifecycle::let_go() {
  state_ = State::kIdle;
  hold_until_ = kNever;
  return Action::kAskNext;
}

MonotonicTime Lifecycle::next_deadline() const {
  switch (state_) {
    case State::kIdle: return pre_deadline_at_;
    case State::kInvocation: return std::min(pre_deadline_at_, margin_at_);
    case State::kHeld: return hold_until_;
    case State::kShutdown: return kNever;
  }
  return kNever;
}

}  // namespace sleipnir
