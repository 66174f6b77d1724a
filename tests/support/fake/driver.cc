#include "fake/driver.h"

#include <algorithm>

namespace sleipnir::test {

namespace {
// Rounds at one moment. Splitting a body of 4 MiB into pieces of 64 bytes takes 65,536 reads, and many fit in a round.
constexpr int kRoundsMax = 2'000'000;
// Steps of one object at one moment by its deadline alone.
constexpr int kIdleStepsMax = 50;
}  // namespace

bool Driver::round() {
  bool busy = false;
  order_.resize(objects_.size());
  for (size_t i = 0; i < order_.size(); i++) order_[i] = i;
  if (seeded_) {
    for (size_t i = order_.size(); i > 1; i--) std::swap(order_[i - 1], order_[random_.below(i)]);
  }
  for (const size_t index : order_) {
    Object& object = objects_[index];
    const Instant now = network_.clock().now();
    if (stopped_ || (!object.kernel->wants_step() && object.deadline > now.monotonic)) continue;
    busy = true;
    if (seeded_ && random_.chance(late_percent)) continue;
    const std::vector<Ready> ready = object.kernel->ready();
    object.deadline = object.step(now, ready);
    steps_++;
    if (after_step_) after_step_(index);
  }
  if (stopped_) return false;
  for (const Action& action : actions_) busy = action() || busy;
  return busy;
}

void Driver::settle() {
  std::vector<int> idle_steps(objects_.size(), 0);
  for (int rounds = 0; rounds < kRoundsMax; rounds++) {
    for (size_t i = 0; i < objects_.size(); i++) {
      const Object& object = objects_[i];
      const bool only_deadline = object.deadline <= network_.clock().monotonic() && !object.kernel->wants_step();
      idle_steps[i] = only_deadline ? idle_steps[i] + 1 : 0;
      if (idle_steps[i] > kIdleStepsMax) fake_failed("object %zu spins: its deadline is always now", i);
    }
    if (!round()) return;
  }
  fake_failed("no end to what is to be done at one moment: somebody spins");
}

MonotonicTime Driver::next_event() const {
  MonotonicTime next = network_.next_event();
  for (const Object& object : objects_) next = std::min(next, object.deadline);
  for (const auto& wakes_at : wakes_) next = std::min(next, wakes_at());
  return next;
}

bool Driver::run_until(const std::function<bool()>& done, Nanoseconds limit) {
  FakeClock& clock = network_.clock();
  const MonotonicTime end = clock.monotonic() + limit;
  for (;;) {
    settle();
    if (done()) return true;
    if (stopped_) return false;
    if (clock.monotonic() >= end) return false;
    const MonotonicTime next = std::min(end, next_event());
    if (next <= clock.monotonic()) fake_failed("a peer wants its turn now and does nothing with it");
    clock.advance_to(next);
  }
}

}  // namespace sleipnir::test
