#include "fake/driver.h"

#include <algorithm>

namespace sleipnir::test {

namespace {
// Rounds at one moment. Splitting a body of 4 MiB into pieces of 64 bytes takes 65,536 reads, many to a round.
constexpr int kRoundsMax = 2'000'000;
// Steps of one object at one moment by its deadline alone.
constexpr int kIdleStepsMax = 50;
}  // namespace

bool Driver::round() {
  bool busy = false;
  std::vector<size_t> order(objects_.size());
  for (size_t i = 0; i < order.size(); i++) order[i] = i;
  if (seeded_) {
    for (size_t i = order.size(); i > 1; i--) std::swap(order[i - 1], order[random_.below(i)]);
  }
  for (const size_t index : order) {
    Object& object = objects_[index];
    const Instant now = network_.clock().now();
    if (!object.kernel->wants_step() && object.deadline > now.monotonic) continue;
    const std::vector<Ready> ready = object.kernel->ready();
    object.deadline = object.step(now, ready);
    steps_++;
    busy = true;
  }
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
  return next;
}

bool Driver::run_until(const std::function<bool()>& done, Nanoseconds limit) {
  FakeClock& clock = network_.clock();
  const MonotonicTime end = clock.monotonic() + limit;
  for (;;) {
    settle();
    if (done()) return true;
    if (clock.monotonic() >= end) return false;
    clock.advance_to(std::min(end, next_event()));
  }
}

}  // namespace sleipnir::test
