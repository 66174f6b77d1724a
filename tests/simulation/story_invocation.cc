// One invocation and the freeze behind it.

#include <algorithm>

#include "story.h"

namespace sleipnir::simulation {

namespace {

// The deadline goes over the wire in whole milliseconds.
constexpr Nanoseconds kRounding = Milliseconds(1);

Nanoseconds margin(Nanoseconds timeout) {
  return std::clamp<Nanoseconds>(timeout / 50, std::chrono::milliseconds(100), std::chrono::milliseconds(500));
}

double ms(Nanoseconds time) {
  return static_cast<double>(time.count()) / 1e6;
}

}  // namespace

void Story::maybe_change_weather() {
  if (healed_ || !random().chance(scenario_.weather_changes_percent)) return;
  loki_.set_weather(draw_weather(random(), random().chance(scenario_.bad_weather_percent)));
}

void Story::write_lines() {
  size_t lines = random().below(scenario_.lines_max + 1);
  if (random().chance(scenario_.burst_percent)) lines += scenario_.burst_lines;
  for (size_t i = 0; i < lines; i++) {
    lambda_.write_line({.bytes = random().below(scenario_.line_bytes_max),
                        .json = random().chance(scenario_.json_percent),
                        .level = random().chance(scenario_.error_percent) ? "ERROR" : "INFO"});
  }
}

void Story::invoke(bool times_out) {
  test::Driver& driver = process_->driver();
  char id[32];
  snprintf(id, sizeof(id), "request-%llu", static_cast<unsigned long long>(++invocations_));
  const Nanoseconds timeout = scenario_.timeout;
  const Nanoseconds duration =
      times_out ? timeout : std::min<Nanoseconds>(up_to(scenario_.function_up_to), timeout / 2);
  const bool done_first = !times_out && random().chance(scenario_.done_first_percent);
  const bool done_never = times_out || (!healed_ && random().chance(scenario_.done_never_percent));
  findings_.note("invocation %s, %.0f ms%s%s", id, ms(duration), done_first ? ", runtimeDone first" : "",
                 done_never ? ", no runtimeDone" : "");
  lambda_.await_runtime_done(id);

  const auto done = [&] {
    lambda_.write_event("platform.runtimeDone", id,
                        random().chance(10) ? R"(,"status":"error")" : R"(,"status":"success")");
  };
  lambda_.write_event("platform.start", id, "");
  if (random().chance(10)) lambda_.write_filtered_event();
  if (done_first) {
    write_lines();
    if (!done_never) done();
    driver.run_for(Milliseconds(30));
  }
  const Instant begin = machine_.clock.now();
  lambda_.invoke(id, now_ms() + std::chrono::duration_cast<Milliseconds>(timeout).count());
  if (!done_first) {
    // The function writes now and then, its last lines at its end.
    const MonotonicTime end = begin.monotonic + duration;
    while (machine_.clock.monotonic() < end && !over()) {
      write_lines();
      const auto left = std::chrono::duration_cast<Milliseconds>(end - machine_.clock.monotonic());
      driver.run_for(std::max<Nanoseconds>(up_to(left), Nanoseconds(1'000'000)));
      if (random().chance(5)) maybe_change_weather();
    }
    write_lines();
    if (!done_never) done();
  }
  if (times_out || over()) return;

  // In the background it may be out long since.
  const MonotonicTime latest = begin.monotonic + timeout;
  driver.run_until([&] { return lambda_.next_pending() && (done_never || lambda_.runtime_done_posted()); },
                   latest - machine_.clock.monotonic());
  if (over()) return;
  if (!lambda_.next_pending()) {
    findings_.fail("hold: no /next until the deadline of %s", id);
    return;
  }
  if (lambda_.next_asked_at() > latest - margin(timeout) + kRounding) {
    findings_.fail("hold: /next %.1f ms before the deadline of %s, the margin is %.1f ms",
                   ms(latest - lambda_.next_asked_at()), id, ms(margin(timeout)));
  }
  // With more lines than can be taken in time it was never posted; then the margin has to do.
  if (lambda_.runtime_done_posted()) {
    const MonotonicTime from = std::max(begin.monotonic, lambda_.runtime_done_posted()->monotonic);
    const Nanoseconds hold = std::max(lambda_.next_asked_at() - from, Nanoseconds(0));
    const Nanoseconds budget = (flushed_before_ ? 1 : 2) * Nanoseconds(config_.flush_budget);
    if (hold > budget) findings_.fail("hold: %s for %.1f ms, the budget is %.1f ms", id, ms(hold), ms(budget));
    const bool pointless = probe_when_done_ != 0 && probe_when_done_ == process_->handoff().probe_at_ms.load();
    if (pointless && !done_first && hold.count() != 0) {
      findings_.fail("hold: %s for %.1f ms with the breaker open and no probe due", id, ms(hold));
    }
    findings_.note("held for %.1f ms", ms(hold));
  }
  if (random().chance(scenario_.done_twice_percent)) done();
  lambda_.write_event("platform.report", id, R"(,"status":"success")");
}

void Story::freeze(Milliseconds gap) {
  // Lambda is not always quick to freeze.
  process_->driver().run_for(up_to(Milliseconds(30)));
  if (over()) return;
  const bool stands = random().chance(scenario_.monotonic_stands_percent);
  findings_.note("frozen for %lld ms%s", static_cast<long long>(gap.count()),
                 stands ? ", the monotonic clock stands" : "");
  if (stands) {
    machine_.clock.jump_wall(gap);
  } else {
    machine_.clock.advance(gap);
  }
  loki_.on_freeze();
}

}  // namespace sleipnir::simulation
