// Lifecycle: when the environment may be let go. Events in, one action out; no I/O and no clock of its own.
//
// Owned by the loop, loop thread. Between INVOKE and the next call of /next Lambda cannot freeze us, and the customer
// pays: this decides how long that is. The promise: never longer than the flush budget after runtimeDone (twice that
// for the first flush of an environment), never past the invocation's deadline less a margin, and not at all where
// waiting is known to be useless.
//
//            INVOKE                  runtimeDone                  settled, or hold over
//   kIdle ----------> kInvocation --------------> kHeld --------------------------------> kIdle (ask next)
//                          | background, no telemetry, margin reached        |
//                          +-------------------------------------------------+-> kIdle (ask next)
#pragma once

#include <array>

#include "base/clock.h"
#include "base/limits.h"
#include "batch/flush_policy.h"
#include "lambda/runtime_event.h"

namespace sleipnir {

class Lifecycle {
 public:
  enum class State : uint8_t {
    kIdle,        // /next is out; an invocation may be running all the same (background)
    kInvocation,  // an invocation runs; /next is not asked before its runtimeDone
    kHeld,        // runtimeDone was seen; a flush is under way
    kShutdown,    // the last phase
  };

  enum class Action : uint8_t {
    kNone,
    kAskNext,       // let the environment go
    kFlushAndHold,  // flush what waits; tell on_flush_settled(); hold_deadline() bounds it
    kFlush,         // flush what waits, nobody waits for it
  };

  struct Options {
    Milliseconds flush_budget{0};
    // False without a live subscription: no runtimeDone will come, so nothing is waited for.
    bool telemetry = true;
  };

  Lifecycle(FlushStrategy strategy, Options options) : policy_(strategy), options_(options) {}

  // `waiting`: what waits to be sent at this moment. `worthwhile`: false while the breaker is open and this is
  // no probe: then nobody is held.
  Action on_invoke(const RuntimeEvent& event, const FlushFacts& waiting, bool worthwhile, Instant now);
  Action on_runtime_done(std::string_view request_id, const FlushFacts& waiting, bool worthwhile, Instant now);
  Action on_flush_settled();
  // Something has become pointless to wait for (the breaker opened during the hold).
  Action on_time(Instant now);
  void on_shutdown() { state_ = State::kShutdown; }
  void set_telemetry(bool live) { options_.telemetry = live; }

  State state() const { return state_; }
  // When on_time() wants to be called.
  MonotonicTime next_deadline() const;
  // Valid in kHeld: when the environment is let go whatever has become of the flush.
  MonotonicTime hold_deadline() const { return hold_until_; }
  // An invocation runs, as far as is known: flushes go by its shorter interval.
  bool invocation_running() const { return running_; }
  const FlushPolicy& policy() const { return policy_; }

 private:
  Action hold_or_go(const FlushFacts& waiting, bool worthwhile, Instant now);
  Action let_go();

  FlushPolicy policy_;
  Options options_;
  State state_ = State::kIdle;
  bool running_ = false;
  bool first_flush_ = true;
  FixedText<64> request_id_;

  // Valid while running_. From deadlineMs, on the monotonic clock.
  MonotonicTime margin_at_ = kNever;        // not held past this
  MonotonicTime pre_deadline_at_ = kNever;  // push what is buffered; kNever once done
  // Valid in kHeld.
  MonotonicTime hold_until_ = kNever;

  // Request ids of runtimeDone events that overtook their INVOKE, the latest few.
  std::array<FixedText<64>, 4> done_early_;
  size_t done_early_next_ = 0;
};

}  // namespace sleipnir
