// When an invocation is let go: the promise to the customer's function, rule by rule.
#include "lambda/lifecycle.h"

#include <catch2/catch_test_macros.hpp>

#include "fake/clock.h"

namespace sleipnir::test {
namespace {

using namespace std::chrono_literals;
using Action = Lifecycle::Action;
using State = Lifecycle::State;

constexpr bool kWorthwhile = true;

struct Life {
  explicit Life(FlushStrategy strategy = FlushStrategy::kEnd, bool telemetry = true)
      : lifecycle(strategy, {.flush_budget = 500ms, .telemetry = telemetry}) {}

  Action invoke(std::string_view id, Nanoseconds timeout = 60s, bool worthwhile = kWorthwhile) {
    RuntimeEvent event{.type = RuntimeEvent::Type::kInvoke, .deadline = clock.wall() + timeout};
    event.request_id.assign(id);
    return lifecycle.on_invoke(event, facts, worthwhile, clock.now());
  }
  Action done(std::string_view id, bool worthwhile = kWorthwhile) {
    return lifecycle.on_runtime_done(id, facts, worthwhile, clock.now());
  }
  Action time() { return lifecycle.on_time(clock.now()); }
  Nanoseconds until_deadline() const { return lifecycle.next_deadline() - clock.monotonic(); }
  Nanoseconds until_let_go() const { return lifecycle.hold_deadline() - clock.monotonic(); }
  // One whole invocation with its flush.
  void live_through(std::string_view id) {
    invoke(id);
    done(id);
    lifecycle.on_flush_settled();
  }

  FakeClock clock;
  FlushFacts facts;
  Lifecycle lifecycle;
};

TEST_CASE("lifecycle_holds_from_runtime_done_until_the_flush_is_settled") {
  Life life;
  CHECK(life.invoke("a") == Action::kNone);
  CHECK(life.lifecycle.state() == State::kInvocation);
  CHECK(life.lifecycle.invocation_running());
  CHECK(life.done("a") == Action::kFlushAndHold);
  CHECK(life.lifecycle.state() == State::kHeld);
  CHECK_FALSE(life.lifecycle.invocation_running());
  CHECK(life.lifecycle.on_flush_settled() == Action::kAskNext);
  CHECK(life.lifecycle.state() == State::kIdle);
}

TEST_CASE("lifecycle_holds_no_longer_than_the_budget_and_twice_that_the_first_time") {
  Life life;
  for (const auto budget : {1000ms, 500ms, 500ms}) {
    life.invoke("a");
    life.done("a");
    CHECK(life.until_let_go() == budget);
    life.clock.advance(budget - 1ns);
    CHECK(life.time() == Action::kNone);
    life.clock.advance(1ns);
    CHECK(life.time() == Action::kAskNext);
    CHECK(life.lifecycle.state() == State::kIdle);
    // A flush that is settled later changes nothing.
    CHECK(life.lifecycle.on_flush_settled() == Action::kNone);
  }
}

TEST_CASE("lifecycle_never_holds_past_the_deadline_less_a_margin") {
  // 2 % of the timeout, at least 100 ms, at most 500 ms.
  for (const auto& [timeout, margin] : {std::pair<Nanoseconds, Nanoseconds>{3s, 100ms},
                                        {5s, 100ms},
                                        {10s, 200ms},
                                        {25s, 500ms},
                                        {60s, 500ms},
                                        {900s, 500ms}}) {
    Life life;
    life.invoke("a", timeout);
    life.clock.advance(timeout - margin - 200ms);
    life.time();  // the push before the deadline
    life.done("a");
    CHECK(life.until_let_go() == 200ms);
  }
}

TEST_CASE("lifecycle_lets_go_at_the_margin_when_runtime_done_is_missing") {
  Life life;
  life.invoke("a", 3s);
  life.clock.advance(2500ms);
  CHECK(life.time() == Action::kFlush);
  CHECK(life.until_deadline() == 400ms);
  life.clock.advance(399ms);
  CHECK(life.time() == Action::kNone);
  life.clock.advance(1ms);
  CHECK(life.time() == Action::kAskNext);
}

TEST_CASE("lifecycle_holds_nobody_after_a_missing_runtime_done_until_one_is_seen_again") {
  Life life;
  life.invoke("a", 3s);
  life.clock.advance(3s);
  life.time();
  REQUIRE(life.lifecycle.state() == State::kIdle);
  CHECK(life.invoke("b") == Action::kAskNext);
  // Seen: what is there goes, though nobody waits for it.
  CHECK(life.done("b") == Action::kFlush);
  CHECK(life.invoke("c") == Action::kNone);
  CHECK(life.done("c") == Action::kFlushAndHold);
}

TEST_CASE("lifecycle_pushes_what_is_buffered_before_the_functions_own_timeout") {
  // At deadline - min(500 ms, timeout / 4).
  for (const auto& [timeout, before] :
       {std::pair<Nanoseconds, Nanoseconds>{1s, 250ms}, {2s, 500ms}, {3s, 500ms}, {60s, 500ms}}) {
    Life life;
    life.invoke("a", timeout);
    life.clock.advance(timeout - before - 1ns);
    CHECK(life.time() == Action::kNone);
    CHECK(life.until_deadline() == 1ns);
    life.clock.advance(1ns);
    // At the same moment the margin may be reached: it follows in the next round.
    const Action first = life.time();
    CHECK((first == Action::kFlush || life.time() == Action::kFlush));
    CHECK(life.lifecycle.next_deadline() > life.clock.monotonic());
  }
}

TEST_CASE("lifecycle_pushes_before_the_timeout_in_the_background_too") {
  Life life(FlushStrategy::kBackground);
  CHECK(life.invoke("a", 4s) == Action::kAskNext);
  CHECK(life.until_deadline() == 3500ms);
  life.clock.advance(3500ms);
  CHECK(life.time() == Action::kFlush);
  CHECK(life.lifecycle.next_deadline() == kNever);
}

TEST_CASE("lifecycle_forgets_the_push_before_the_timeout_when_the_invocation_is_over") {
  Life life;
  life.invoke("a", 10s);
  life.done("a");
  life.lifecycle.on_flush_settled();
  CHECK(life.lifecycle.next_deadline() == kNever);
  life.clock.advance(1h);
  CHECK(life.time() == Action::kNone);
}

TEST_CASE("lifecycle_knows_a_runtime_done_that_overtook_its_invoke") {
  Life life;
  CHECK(life.done("a") == Action::kNone);
  CHECK(life.invoke("a") == Action::kFlushAndHold);
  CHECK(life.lifecycle.on_flush_settled() == Action::kAskNext);
  // Once only.
  CHECK(life.invoke("a") == Action::kNone);
}

TEST_CASE("lifecycle_ignores_a_runtime_done_that_comes_twice") {
  Life life;
  life.invoke("a");
  life.done("a");
  CHECK(life.done("a") == Action::kNone);
  CHECK(life.lifecycle.state() == State::kHeld);
  life.lifecycle.on_flush_settled();
  CHECK(life.done("a") == Action::kNone);
  CHECK(life.lifecycle.state() == State::kIdle);
  CHECK(life.invoke("b") == Action::kNone);
  CHECK(life.done("a") == Action::kNone);
  CHECK(life.lifecycle.state() == State::kInvocation);
}

TEST_CASE("lifecycle_waits_for_a_retry_with_the_same_request_id") {
  Life life;
  life.live_through("a");
  CHECK(life.invoke("a") == Action::kNone);
  CHECK(life.lifecycle.state() == State::kInvocation);
  CHECK(life.done("a") == Action::kFlushAndHold);
}

TEST_CASE("lifecycle_does_not_take_anothers_runtime_done_for_this_one") {
  Life life;
  life.invoke("a");
  for (const char* other : {"x", "y", "z", "", "aa"}) CHECK(life.done(other) == Action::kNone);
  CHECK(life.lifecycle.state() == State::kInvocation);
  CHECK(life.done("a") == Action::kFlushAndHold);
}

TEST_CASE("lifecycle_asks_for_the_next_event_at_once_in_the_background") {
  Life life(FlushStrategy::kBackground);
  CHECK(life.invoke("a") == Action::kAskNext);
  CHECK(life.lifecycle.invocation_running());
  CHECK(life.done("a") == Action::kFlush);
  CHECK_FALSE(life.lifecycle.invocation_running());
}

TEST_CASE("lifecycle_asks_for_the_next_event_at_once_without_telemetry") {
  Life life(FlushStrategy::kEnd, false);
  CHECK(life.invoke("a") == Action::kAskNext);
  Life later;
  later.lifecycle.set_telemetry(false);
  CHECK(later.invoke("a") == Action::kAskNext);
}

TEST_CASE("lifecycle_lets_go_at_runtime_done_when_waiting_is_known_to_be_useless") {
  Life life;
  life.invoke("a");
  CHECK(life.done("a", !kWorthwhile) == Action::kAskNext);
  // The doubled budget is for the first flush, which is yet to come.
  life.invoke("b");
  life.done("b");
  CHECK(life.until_let_go() == 1000ms);
}

TEST_CASE("lifecycle_follows_the_policy_at_runtime_done") {
  Life life(FlushStrategy::kAdaptive);
  for (int i = 0; i < 21; i++) {
    life.clock.advance(1s);
    life.invoke("a");
    const Action action = life.done("a");
    CHECK(action == (i < 20 ? Action::kFlushAndHold : Action::kAskNext));
    life.lifecycle.on_flush_settled();
  }
  life.facts.level_max = Level::kError;
  life.invoke("a");
  CHECK(life.done("a") == Action::kFlushAndHold);
}

TEST_CASE("lifecycle_believes_no_deadline_that_a_wrong_clock_makes") {
  Life life;
  // In the past: the margin is reached at once.
  life.invoke("a", -1h);
  CHECK(life.lifecycle.next_deadline() <= life.clock.monotonic());
  CHECK(life.time() == Action::kAskNext);
  // Far in the future: fifteen minutes at most.
  Life other;
  other.invoke("a", 24h);
  CHECK(other.until_deadline() <= kDeadlineMax);
  other.clock.advance(kDeadlineMax);
  other.time();
  other.time();
  CHECK(other.lifecycle.state() == State::kIdle);
}

TEST_CASE("lifecycle_does_nothing_any_more_after_shutdown") {
  Life life;
  life.invoke("a", 3s);
  life.lifecycle.on_shutdown();
  CHECK(life.lifecycle.next_deadline() == kNever);
  CHECK(life.done("a") == Action::kNone);
  CHECK(life.lifecycle.on_flush_settled() == Action::kNone);
  CHECK(life.lifecycle.state() == State::kShutdown);
}

}  // namespace
}  // namespace sleipnir::test
