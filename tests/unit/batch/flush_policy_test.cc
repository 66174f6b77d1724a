#include "batch/flush_policy.h"

#include <catch2/catch_test_macros.hpp>

#include "fake/clock.h"

namespace sleipnir::test {
namespace {

using namespace std::chrono_literals;

// A policy that has seen so many invocations, `gap` apart.
struct Seen {
  explicit Seen(FlushStrategy strategy, uint64_t invocations = 0, Nanoseconds gap = 1s) : policy(strategy) {
    invoke(invocations, gap);
  }
  void invoke(uint64_t invocations, Nanoseconds gap) {
    for (uint64_t i = 0; i < invocations; i++) {
      clock.advance(gap);
      policy.on_invoke(clock.wall());
    }
  }
  bool holds(FlushFacts facts = {}) const { return policy.decide(facts, clock.wall()) == FlushDecision::kHold; }

  FakeClock clock;
  FlushPolicy policy;
};

TEST_CASE("flush_policy_end_always_holds") {
  CHECK(Seen(FlushStrategy::kEnd, 1).holds());
  CHECK(Seen(FlushStrategy::kEnd, 1000, 1ms).holds());
  CHECK(Seen(FlushStrategy::kEnd).policy.waits_for_runtime_done());
}

TEST_CASE("flush_policy_background_never_holds") {
  const Seen seen(FlushStrategy::kBackground, 1);
  CHECK_FALSE(seen.holds());
  CHECK_FALSE(seen.holds({.succeeded = false, .level_max = Level::kFatal, .oldest = WallTime{}}));
  CHECK_FALSE(seen.policy.waits_for_runtime_done());
}

TEST_CASE("flush_policy_adaptive_holds_the_first_twenty_invocations") {
  CHECK(Seen(FlushStrategy::kAdaptive, 1).holds());
  CHECK(Seen(FlushStrategy::kAdaptive, 20).holds());
  CHECK_FALSE(Seen(FlushStrategy::kAdaptive, 21).holds());
}

TEST_CASE("flush_policy_adaptive_holds_where_invocations_are_more_than_two_seconds_apart") {
  CHECK_FALSE(Seen(FlushStrategy::kAdaptive, 50, 2000ms).holds());
  CHECK(Seen(FlushStrategy::kAdaptive, 50, 2001ms).holds());
}

TEST_CASE("flush_policy_adaptive_goes_by_the_median_of_the_last_twenty_gaps") {
  Seen seen(FlushStrategy::kAdaptive, 50, 1s);
  // Of 20 gaps ten long ones make the upper median long.
  seen.invoke(9, 1min);
  CHECK_FALSE(seen.holds());
  seen.invoke(1, 1min);
  CHECK(seen.holds());
  seen.invoke(10, 1s);
  CHECK(seen.holds());
  seen.invoke(1, 1s);
  CHECK_FALSE(seen.holds());
}

TEST_CASE("flush_policy_adaptive_takes_a_clock_that_went_back_for_no_gap") {
  Seen seen(FlushStrategy::kAdaptive, 30);
  seen.clock.jump_wall(-1h);
  seen.policy.on_invoke(seen.clock.wall());
  CHECK_FALSE(seen.holds());
}

TEST_CASE("flush_policy_adaptive_holds_for_an_invocation_that_failed") {
  const Seen seen(FlushStrategy::kAdaptive, 30);
  CHECK(seen.holds({.succeeded = false}));
}

TEST_CASE("flush_policy_adaptive_holds_for_a_record_of_level_error_or_above") {
  const Seen seen(FlushStrategy::kAdaptive, 30);
  CHECK_FALSE(seen.holds({.level_max = Level::kWarn}));
  CHECK(seen.holds({.level_max = Level::kError}));
  CHECK(seen.holds({.level_max = Level::kFatal}));
}

TEST_CASE("flush_policy_adaptive_holds_when_a_record_is_over_ten_seconds_old") {
  const Seen seen(FlushStrategy::kAdaptive, 30);
  CHECK_FALSE(seen.holds({.oldest = seen.clock.wall() - 10s}));
  CHECK(seen.holds({.oldest = seen.clock.wall() - 10s - 1ms}));
}

TEST_CASE("flush_policy_holds_nobody_until_runtime_done_is_seen_again") {
  for (const FlushStrategy strategy : {FlushStrategy::kEnd, FlushStrategy::kAdaptive}) {
    Seen seen(strategy, 1);
    seen.policy.on_runtime_done_missing();
    CHECK_FALSE(seen.holds());
    CHECK_FALSE(seen.policy.waits_for_runtime_done());
    seen.policy.on_runtime_done();
    CHECK(seen.holds());
    CHECK(seen.policy.waits_for_runtime_done());
  }
}

}  // namespace
}  // namespace sleipnir::test
