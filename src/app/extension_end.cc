// The end: SHUTDOWN, a runtime API that is gone, SIGTERM; what is drained, in which order, with which budget.

#include <algorithm>

#include "app/extension.h"
#include "app/ledger.h"
#include "base/log.h"

namespace sleipnir {

void Extension::begin_shutdown(const RuntimeEvent& event, Instant now) {
  if (!intake_) {
    end(0);
    return;
  }
  lifecycle_.on_shutdown();
  flush_id_ = 0;
  restart_comes_ = event.reason != ShutdownReason::kSpindown;
  const auto given = std::chrono::duration_cast<Milliseconds>(event.deadline - now.wall) - kShutdownMargin;
  leave_within(std::clamp(given, kShutdownShortest, kShutdownLongest), now);
  // The report of the last invocation is written only now, and comes within moments if at all.
  const bool report_comes =
      event.reason == ShutdownReason::kSpindown && report_missing_ && server_ && server_->listening();
  drain_until_ = report_comes ? std::min(now.monotonic + kLastReportWait, settle_by_) : now.monotonic;
  phase_ = Phase::kDraining;
  intake_->release_held();
  intake_->seal();
}

// Register or /next failed for good: whatever waits gets a moment, then we leave.
void Extension::orphaned(const char* why, Instant now) {
  log_line(LogLevel::kError, "Lambda's runtime API failed (%s); leaving", why);
  code_at_end_ = 1;
  restart_comes_ = true;
  leave_soon(now);
}

void Extension::terminate(Instant now) {
  leave_soon(now);
}

void Extension::leave_soon(Instant now) {
  if (phase_ == Phase::kDraining || phase_ == Phase::kFinishing || phase_ == Phase::kOver) return;
  if (!intake_) {
    end(code_at_end_);
    return;
  }
  start_sender();
  lifecycle_.on_shutdown();
  leave_within(kOrphanedFlush, now);
  drain_until_ = now.monotonic;
  phase_ = Phase::kDraining;
}

// Where a restart comes, what Loki has not taken by the sender's deadline is written to the spool after it.
void Extension::leave_within(Nanoseconds time, Instant now) {
  const Nanoseconds spooling = restart_comes_ ? std::min<Nanoseconds>(kSpoolAtEndMax, time / 4) : Nanoseconds(0);
  leave_by_ = now.monotonic + time;
  settle_by_ = leave_by_ - kSenderGrace - spooling;
}

// Still listening: the last records come in and are sent as they come.
void Extension::drain(Instant now) {
  const bool wait = report_missing_ && now.monotonic < drain_until_;
  const bool receiving = server_ && server_->receiving();
  if ((wait || receiving) && now.monotonic < settle_by_) return;
  phase_ = Phase::kFinishing;
  settle_rest();
}

// Hands over what there is, and asks the sender to be done with all of it by the deadline.
void Extension::settle_rest() {
  intake_->release_held();
  intake_->seal();
  handoff_.finished.store(false, std::memory_order_relaxed);
  intake_->put(SenderMessage{
      .kind = SenderMessage::Kind::kShutdown, .flush = {.deadline = settle_by_}, .restart_comes = restart_comes_});
}

void Extension::finish(Instant now) {
  const bool settled = handoff_.finished.load(std::memory_order_acquire);
  if (!settled && now.monotonic < leave_by_) return;
  const Counters& counters = handoff_.counters;
  if (server_ && server_->listening()) {
    // The last thing to go; what has come in meanwhile gets its turn.
    server_->close();
    if (settled && counters.pending() != 0) {
      settle_rest();
      return;
    }
  }
  const bool lost = counters.dropped_total() + counters.dead_lettered.get() != 0;
  const bool incomplete =
      lost || counters.spooled.get() != 0 || counters.pending() != 0 || counters.sampled_out.get() != 0;
  if (incomplete && !ledger_sent_) {
    ledger_sent_ = true;
    const LedgerLine line = ledger_line(counters);
    // What was spooled and has been delivered since is no trouble.
    const bool trouble = lost || counters.spooled.get() > counters.restored.get() || counters.pending() != 0;
    log_line(trouble ? LogLevel::kError : LogLevel::kInfo, "%s", line.c_str());
    // Loki gets it too, if it takes anything at all and there is time.
    if (settled && worthwhile(now) && now.monotonic < settle_by_) {
      intake_->add_own_line(line.view(), trouble ? Level::kError : Level::kInfo, now.wall);
      settle_rest();
      return;
    }
  }
  end(code_at_end_);
}

void Extension::end(int code) {
  phase_ = Phase::kOver;
  exit_code_ = code;
}

}  // namespace sleipnir
