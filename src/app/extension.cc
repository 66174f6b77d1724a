// The running extension: events from Lambda, telemetry, flushes, and when the next event is asked for.

#include "app/extension.h"

#include <algorithm>

#include "app/ledger.h"
#include "base/log.h"

namespace sleipnir {

namespace {

constexpr std::chrono::seconds kDropsSaidEvery{10};
constexpr std::chrono::seconds kThrottleSaidEvery{60};

}  // namespace

Extension::Extension(const Config& config, std::string_view name, Kernel& kernel, RandomSource& random,
                     Handoff& handoff, ExtensionHost& host)
    : config_(config),
      name_(name),
      kernel_(kernel),
      random_(random),
      handoff_(handoff),
      host_(host),
      lifecycle_(config.flush_strategy, {.flush_budget = config.flush_budget}) {}

MonotonicTime Extension::step(Instant now, std::span<const Ready> ready) {
  // I/O first, timers after it: after a thaw an expired timer must not kill what has arrived in the meantime.
  bool api_ready = false;
  for (const Ready& one : ready) {
    if (api_->owns(one.tag)) api_ready = true;
    if (server_ && server_->owns(one.tag)) server_->on_ready(one, now);
  }
  if (api_ready || api_->next_deadline() <= now.monotonic) advance_api(now);
  if (server_) {
    server_->resume(now);
    server_->on_time(now);
  }
  if (phase_ == Phase::kListenRetry) retry_listen(now);
  if (intake_) {
    watch_flush(now);
    carry_out(lifecycle_.on_time(now), now);
    intake_->on_time(invocations_run(), worthwhile(now), now);
    log_drops(now);
  }
  if (phase_ == Phase::kDraining) drain(now);
  if (phase_ == Phase::kFinishing) finish(now);
  if (intake_ && intake_->take_wake_wish()) host_.wake_sender();
  return next_deadline(now);
}

// ---- Lambda's answers ----

void Extension::advance_api(Instant now) {
  // Bounded: each round answers one call, and there are three between exec and /next; then /next waits.
  for (int round = 0; round < 8; round++) {
    const RuntimeApi::Call call = api_->call();
    const RuntimeApi::Progress progress = api_->step(now);
    if (progress == RuntimeApi::Progress::kUnreachable) {
      orphaned(api_->failure(), now);
      return;
    }
    if (progress == RuntimeApi::Progress::kAnswered) on_answer(call, now);
    const bool asked_next = api_->call() == RuntimeApi::Call::kNext && api_->request_written();
    if (asked_next && phase_ == Phase::kSubscribing) begin_running(now);
    if (asked_next && phase_ == Phase::kDisabled && !problems_said_) log_problems();
    // A call asked anew gets its first step at once.
    if (progress != RuntimeApi::Progress::kAnswered || api_->call() == RuntimeApi::Call::kNone) return;
  }
}

void Extension::on_answer(RuntimeApi::Call call, Instant now) {
  switch (call) {
    case RuntimeApi::Call::kNone: break;
    case RuntimeApi::Call::kRegister:
      if (api_->status() == 200) {
        on_registered(now);
      } else {
        on_register_refused(now);
      }
      break;
    case RuntimeApi::Call::kSubscribe: on_subscribe_answer(now); break;
    case RuntimeApi::Call::kNext: on_event(now); break;
    case RuntimeApi::Call::kInitError: end(1); break;
  }
}

void Extension::on_event(Instant now) {
  if (api_->status() != 200) {
    orphaned("Lambda refused the next event", now);
    return;
  }
  Result<RuntimeEvent> event = parse_runtime_event(api_->body());
  if (!event) {
    log_line(LogLevel::kWarn, "an event that cannot be read is skipped: %s", event.error().text());
    ask_next(now);
    return;
  }
  start_sender();
  switch (event->type) {
    case RuntimeEvent::Type::kInvoke: on_invoke(event.value(), now); break;
    case RuntimeEvent::Type::kShutdown: begin_shutdown(event.value(), now); break;
    case RuntimeEvent::Type::kUnknown: ask_next(now); break;
  }
}

void Extension::on_invoke(const RuntimeEvent& event, Instant now) {
  if (!intake_) {
    ask_next(now);
    return;
  }
  // Frozen since then, most likely: connections of before are suspect, and nothing has stalled.
  const bool thawed = now.monotonic - asked_next_at_.monotonic > kThawGap || now.wall - asked_next_at_.wall > kThawGap;
  if (thawed) {
    if (server_) server_->on_thaw(now);
    intake_->put(SenderMessage{.kind = SenderMessage::Kind::kThaw});
  }
  name_instance();
  last_request_id_ = event.request_id;
  report_missing_ = true;
  intake_->decoder().set_tracing(event.request_id.view(), event.tracing.view());
  const bool worth = worthwhile(now);
  const Lifecycle::Action action = lifecycle_.on_invoke(event, intake_->waiting(), worth, now);
  // What the freeze caught in Lambda's buffer comes next and has waited long enough; unless this invocation flushes
  // anyway.
  seal_next_body_ = thawed && worth && action == Lifecycle::Action::kAskNext;
  // Made ready while the function runs, so that the flush behind it costs one round trip.
  if (action == Lifecycle::Action::kNone && worth) intake_->put(SenderMessage{.kind = SenderMessage::Kind::kWarmUp});
  carry_out(action, now);
}

// ---- telemetry ----

Handled Extension::on_post(std::string_view body, Instant now) {
  return intake_ ? intake_->on_post(body, now) : Handled::kLater;
}

void Extension::on_refused(int status) {
  if (intake_) intake_->on_refused(status);
}

void Extension::on_platform_event(const Decoded& event, Instant arrived_at) {
  intake_->on_platform_event(event);
  if (event.kind == EventKind::kReport && last_request_id_ == event.request_id) report_missing_ = false;
  if (event.kind != EventKind::kRuntimeDone || phase_ != Phase::kRunning) return;
  FlushFacts waiting = intake_->waiting();
  waiting.succeeded = event.status == EventStatus::kSuccess;
  const Lifecycle::Action action =
      lifecycle_.on_runtime_done(event.request_id, waiting, worthwhile(arrived_at), arrived_at);
  // A flush now would leave out what stands behind runtimeDone in the same body.
  if (action != Lifecycle::Action::kNone) deferred_ = action;
}

void Extension::on_body_stored(Instant now) {
  if (phase_ == Phase::kDraining || phase_ == Phase::kFinishing || seal_next_body_) intake_->seal();
  seal_next_body_ = false;
  carry_out(std::exchange(deferred_, Lifecycle::Action::kNone), now);
}

// Until Lambda tells the environment's name, and where it never does, 64 random bits tell its records from those of its
// siblings: equal lines of one millisecond would be one to Loki.
void Extension::name_instance() {
  if (!intake_->decoder().instance().empty()) return;
  const uint64_t random = random_.next();
  char text[17];
  snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(random));
  intake_->decoder().set_instance(text);
}

// ---- flush and hold ----

void Extension::carry_out(Lifecycle::Action action, Instant now) {
  switch (action) {
    case Lifecycle::Action::kNone: break;
    case Lifecycle::Action::kAskNext:
      flush_id_ = 0;
      ask_next(now);
      break;
    case Lifecycle::Action::kFlush:
      // The function's deadline is near: it may never tell its outcome.
      intake_->release_held();
      intake_->seal();
      break;
    case Lifecycle::Action::kFlushAndHold:
      if (intake_->drained()) {
        carry_out(lifecycle_.on_flush_settled(), now);
        break;
      }
      flush_id_ = intake_->request_flush(lifecycle_.hold_deadline(), static_cast<int>(config_.critical_flush_attempts));
      break;
  }
}

void Extension::watch_flush(Instant now) {
  if (flush_id_ == 0 || handoff_.flush_settled.load(std::memory_order_acquire) < flush_id_) return;
  flush_id_ = 0;
  intake_->on_flush_settled();
  carry_out(lifecycle_.on_flush_settled(), now);
}

void Extension::ask_next(Instant now) {
  if (phase_ != Phase::kRunning && phase_ != Phase::kDisabled) return;
  if (api_->call() != RuntimeApi::Call::kNone) return;
  asked_next_at_ = now;
  api_->ask_next(now);
  advance_api(now);
}

bool Extension::worthwhile(Instant now) const {
  const int64_t probe_at_ms = handoff_.probe_at_ms.load(std::memory_order_relaxed);
  return probe_at_ms == 0 || unix_ms(now.wall) >= probe_at_ms;
}

// Says what was dropped, in Loki too, at most every ten seconds; and to Loki alone, for its alerts, that it throttles
// us.
void Extension::log_drops(Instant now) {
  const uint64_t drops = handoff_.counters.dropped_total() + handoff_.counters.dead_lettered.get();
  const uint64_t throttled = handoff_.counters.throttled.get();
  if (phase_ != Phase::kRunning || (drops == drops_said_ && throttled == throttled_said_)) return;
  const bool dropped = drops != drops_said_;
  if (now.monotonic < (dropped ? drops_said_at_ + kDropsSaidEvery : throttled_said_at_ + kThrottleSaidEvery)) return;
  const LedgerLine line = ledger_line(handoff_.counters);
  if (dropped) {
    drops_said_ = drops;
    drops_said_at_ = now.monotonic;
    log_line(LogLevel::kError, "%s", line.c_str());
  }
  throttled_said_ = throttled;
  throttled_said_at_ = now.monotonic;
  intake_->add_own_line(line.view(), dropped ? Level::kError : Level::kWarn, now.wall);
}

MonotonicTime Extension::next_deadline(Instant now) const {
  MonotonicTime deadline = api_->next_deadline();
  if (server_) deadline = std::min(deadline, server_->next_deadline());
  if (phase_ == Phase::kListenRetry) deadline = std::min(deadline, listen_retry_at_);
  if (intake_ && phase_ == Phase::kRunning) {
    deadline = std::min(deadline, lifecycle_.next_deadline());
    const MonotonicTime background = intake_->next_deadline(invocations_run());
    const Nanoseconds to_probe = wall_from_unix_ms(handoff_.probe_at_ms.load(std::memory_order_relaxed)) - now.wall;
    deadline = std::min(deadline, std::max(background, now.monotonic + std::max(to_probe, Nanoseconds(0))));
  }
  if (phase_ == Phase::kDraining)
    deadline = std::min(deadline, now.monotonic < drain_until_ ? drain_until_ : settle_by_);
  if (phase_ == Phase::kFinishing) deadline = std::min(deadline, leave_by_);
  return deadline;
}

}  // namespace sleipnir
