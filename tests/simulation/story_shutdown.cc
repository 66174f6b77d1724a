// The end of a life: SHUTDOWN, and what its ledger has to say.

#include "story.h"

namespace sleipnir::simulation {

namespace {

constexpr std::chrono::milliseconds kShutdownTime{2000};
// Kept back by the extension, so that it has gone before Lambda loses its patience.
constexpr std::chrono::milliseconds kShutdownReserve{200};
constexpr std::chrono::milliseconds kRounding{1};

unsigned long long ull(uint64_t value) {
  return value;
}

}  // namespace

void Story::shut_down(End end) {
  static constexpr const char* kReasons[] = {"spindown", "timeout", "failure"};
  const char* const reason = kReasons[static_cast<size_t>(end)];
  findings_.note("SHUTDOWN %s", reason);
  spindown_ = end == End::kSpindown;
  if (!spindown_ && random().chance(scenario_.kill_percent)) process_->kill_after_steps(1 + random().below(60));
  test::Driver& driver = process_->driver();
  const MonotonicTime begin = machine_.clock.monotonic();
  lambda_.shut_down(reason, now_ms() + kShutdownTime.count());
  const auto left = [process = process_.get()] { return process->extension().exit_code().has_value(); };
  // What comes late comes now.
  while (!left() && !over() && random().chance(60) && machine_.clock.monotonic() < begin + kShutdownTime) {
    write_lines();
    maybe_change_weather();
    if (random().chance(50)) {
      lambda_.write_event("platform.report", "request-" + std::to_string(invocations_), R"(,"status":"success")");
    }
    driver.run_until(left, up_to(std::chrono::milliseconds(300)));
  }
  driver.run_until(left, begin + kShutdownTime - machine_.clock.monotonic());
  if (over()) return;
  if (!left()) {
    findings_.fail("SHUTDOWN: still running at the deadline");
    return;
  }
  const Nanoseconds took = machine_.clock.monotonic() - begin;
  if (took > kShutdownTime - kShutdownReserve + kRounding) {
    findings_.fail("SHUTDOWN: took %.1f ms of %lld", static_cast<double>(took.count()) / 1e6,
                   static_cast<long long>(kShutdownTime.count()));
  }
  if (process_->extension().exit_code() != 0)
    findings_.fail("SHUTDOWN: exit code %d", *process_->extension().exit_code());
}

// The last word of a life that ended in order.
void Story::check_ledger() {
  const Counters& counters = process_->counters();
  if (counters.pending() != 0) {
    findings_.fail("ledger: %lld records pending at exit", static_cast<long long>(counters.pending()));
  }
  const Lambda::Counts& counts = lambda_.counts();
  const uint64_t received = counters.received.get();
  if (received < counts.accepted || received > counts.accepted + lambda_.unanswered()) {
    findings_.fail("ledger: received %llu, but %llu were answered with 200 and %llu not yet", ull(received),
                   ull(counts.accepted), ull(lambda_.unanswered()));
  }
  if (counters.duplicate.get() != counts.duplicate && lambda_.unanswered() == 0) {
    findings_.fail("ledger: %llu duplicate, but %llu were delivered again", ull(counters.duplicate.get()),
                   ull(counts.duplicate));
  }
  if (counters.filtered.get() != counts.filtered && lambda_.unanswered() == 0) {
    findings_.fail("ledger: %llu filtered, but %llu should be", ull(counters.filtered.get()), ull(counts.filtered));
  }
  if (counters.dead_lettered.get() > bucket_.stored()) {
    findings_.fail("ledger: %llu dead-lettered, but the bucket has %llu", ull(counters.dead_lettered.get()),
                   ull(bucket_.stored()));
  }
  if (counters.sent.get() != loki_.acknowledged()) {
    findings_.fail("ledger: %llu sent, but Loki has acknowledged %llu", ull(counters.sent.get()),
                   ull(loki_.acknowledged()));
  }
}

}  // namespace sleipnir::simulation
