// What became of a push: the verdict on Loki's answer carried out, failures counted, the breaker moved.

#include <algorithm>

#include "app/secrets.h"
#include "app/sender.h"
#include "base/planted_bug.h"
#include "loki/amend.h"
#include "loki/answer_text.h"

namespace sleipnir {

namespace {

// Seconds only: Loki sends none at all, gateways send seconds.
std::optional<Milliseconds> parse_retry_after(std::string_view text) {
  if (text.empty() || text.size() > 9) return std::nullopt;
  int64_t seconds = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return std::nullopt;
    seconds = seconds * 10 + (digit - '0');
  }
  return std::min<Milliseconds>(std::chrono::seconds(seconds), kRetryAfterMax);
}

// The present to stamp entries with. Where the two clocks disagree, it is Loki's that refuses; its Date has seconds
// only.
WallTime present(std::string_view date, WallTime own) {
  const std::optional<int64_t> told = http_date(date);
  if (!told) return own;
  const WallTime theirs{Nanoseconds(*told)};
  const auto seconds = std::chrono::floor<std::chrono::seconds>(own);
  return theirs - seconds < kClockTrusted && seconds - theirs < kClockTrusted ? own : theirs + (own - seconds);
}

// A failure of Loki or of the way to it, as opposed to a refusal of this push.
bool is_outage(int status) {
  return status >= 500 || status == 408;
}

}  // namespace

void Sender::handle(Slot& slot, PushConnection::Event event, Instant now) {
  switch (event) {
    case PushConnection::Event::kNone: break;
    case PushConnection::Event::kReady:
      if (slot.parcel != nullptr) start_push(slot, now);
      break;
    case PushConnection::Event::kAnswered: on_answer(slot, now); break;
    case PushConnection::Event::kStale:
      // As if it had not been tried; dispatch() opens a new connection for it.
      slot.parcel->in_flight = false;
      slot.parcel = nullptr;
      break;
    case PushConnection::Event::kFailed: on_failure(slot, now); break;
  }
}

void Sender::on_answer(Slot& slot, Instant now) {
  const PushConnection& connection = slot.connection;
  const PushAnswer answer{
      .status = connection.status(),
      .retry_after = parse_retry_after(connection.retry_after()),
      .content_type = connection.content_type(),
      .body = connection.body(),
      .body_read = connection.body_cut() ? BodyRead::kCut : BodyRead::kWhole,
  };
  const PushedRange pushed{
      .entries = slot.range.count,
      .body_bytes = slot.body_bytes,
      .metadata = strip_metadata_ ? PushedMetadata::kAbsent : PushedMetadata::kPresent,
  };
  const Verdict verdict = judge_answer(answer, pushed);
  slot.parcel->in_flight = false;
  apply(slot, verdict, now);
  slot.parcel = nullptr;
}

void Sender::apply(Slot& slot, const Verdict& verdict, Instant now) {
  Parcel& parcel = *slot.parcel;
  const EntryRange range = parcel.next();
  const uint64_t records = parcel.batch()->record_count(range);
  Counters& counters = with_.handoff.counters;
  const std::string_view words = verdict.words.view();
  if (slot.connection.status() == 429) counters.throttled.add(1);
  switch (verdict.action) {
    case Verdict::Action::kSent:
      counters.sent.add(records);
      answered_ = true;
      if (with_.secrets != nullptr) with_.secrets->accepted();
      waited_in_vain_ = false;
      parcel.failures = 0;
      parcel.settle_next();
      close_breaker();
      break;

    case Verdict::Action::kRetry:
      if (failure_gate_.open(now)) {
        log_line(LogLevel::kWarn, "Loki answered %d: %.*s; the batch is kept and tried again", slot.connection.status(),
                 static_cast<int>(words.size()), words.data());
      }
      fail_attempt(parcel, is_outage(slot.connection.status()), verdict.retry_after, now);
      break;

    case Verdict::Action::kSplit:
    case Verdict::Action::kBisect: {
      if (verdict.body_bytes_max) body_bytes_max_ = *verdict.body_bytes_max;
      if (parcel.halve_next()) {
        parcel.halved = true;
        break;
      }
      const bool poisoned = verdict.action == Verdict::Action::kBisect;
      drop(parcel, range, records, poisoned ? DropReason::kRejected : DropReason::kTooLarge, words);
      break;
    }

    case Verdict::Action::kAmend: amend(parcel, verdict, present(slot.connection.date(), now.wall), now); break;

    case Verdict::Action::kDrop:
      close_breaker();
      drop(parcel, range, std::min<uint64_t>(records, verdict.dropped_entries), verdict.reason, words);
      break;

    case Verdict::Action::kRefused: {
      if (renew_secrets(slot, slot.connection.status()) || hide_from_firewall(slot, verdict)) break;
      const std::string_view location = slot.connection.location();
      if (refused_gate_.open(now)) {
        log_line(LogLevel::kError,
                 "Loki answered %d%s%.*s: %.*s; nothing is dropped, but nothing gets through either: "
                 "check LOKI_ENDPOINT, LOKI_TENANT_ID and the credentials",
                 slot.connection.status(), location.empty() ? "" : ", Location ", static_cast<int>(location.size()),
                 location.data(), static_cast<int>(words.size()), words.data());
      }
      parcel.flush_attempts = attempts_allowed();
      open_breaker(now);
      break;
    }
  }
  if (parcel.halved && ++parcel.answers_since_halved >= kAnswersPerBatchMax) {
    while (!parcel.done())
      drop(parcel, parcel.next(), parcel.batch()->record_count(parcel.next()), DropReason::kRejected, words);
  }
  if (parcel.done()) release(parcel);
}

// A page that refuses a push in plain text may be a firewall's that took offence at a line: such rules do not look into
// what is compressed, so it goes once more that way. True: it does.
bool Sender::hide_from_firewall(const Slot& slot, const Verdict& verdict) {
  const int status = slot.connection.status();
  if (!verdict.page || (status != 400 && status != 403) || !options_.gzip) return false;
  // Compressed already, or there was no memory for it.
  if (slot.compressed_bytes != 0 || slot.parcel->always_compressed) return false;
  slot.parcel->always_compressed = true;
  return true;
}

// The valid entries of the range are stored; the others are written anew into a batch of their own.
void Sender::amend(Parcel& parcel, const Verdict& verdict, WallTime present, Instant now) {
  const EntryRange range = parcel.next();
  const uint64_t records = parcel.batch()->record_count(range);
  const std::string_view words = verdict.words.view();
  close_breaker();
  if (verdict.amend.line_bytes_max) {
    with_.handoff.line_bytes_max.store(*verdict.amend.line_bytes_max, std::memory_order_relaxed);
  }
  if (verdict.amend.strip_metadata && !strip_metadata_) {
    log_line(LogLevel::kWarn,
             "Loki takes no structured metadata (%.*s); sending without it from now on. Set "
             "LOKI_STRUCTURED_METADATA=false, and LOKI_REQUEST_ID_AS=line to keep the request ids",
             static_cast<int>(words.size()), words.data());
    // The whole range once more: entries that were stored without any are swallowed as repeats.
    strip_metadata_ = true;
    return;
  }
  // Split once, a line would get the metadata of its parts a second time.
  const bool again = parcel.amendments != 0 && verdict.amend.line_bytes_max.has_value();
  if (parcel.amendments >= kAmendmentsMax || again || verdict.amend.strip_metadata) {
    drop(parcel, range, std::min<uint64_t>(records, verdict.dropped_entries + verdict.amend.entries), verdict.reason,
         words);
    return;
  }
  Batch* anew = with_.pool.take();
  if (anew == nullptr) {
    // No memory at the moment: the same push again later gets the same answer.
    fail_attempt(parcel, false, std::nullopt, now);
    return;
  }
  const AmendResult result = amend_entries(*parcel.batch(), range, verdict.amend, present, *anew);
  if (result.overflow || result.entries == 0) {
    with_.pool.give_back(anew);
    // What was stored already is swallowed as a repeat.
    if (result.overflow && parcel.halve_next()) return;
    drop(parcel, range, std::min<uint64_t>(records, verdict.dropped_entries + verdict.amend.entries), verdict.reason,
         words);
    return;
  }
  if (amended_gate_.open(now)) {
    log_line(LogLevel::kInfo, "%u entries were refused and are sent once more, restamped or split: %.*s",
             result.entries, static_cast<int>(words.size()), words.data());
  }
  anew->sequence = parcel.sequence();
  anew->request_id = parcel.batch()->request_id;
  add(anew).amendments = parcel.amendments + 1;
  drop(parcel, range, std::min<uint64_t>(records - result.records, verdict.dropped_entries), verdict.reason, words,
       result.records);
}

void Sender::on_failure(Slot& slot, Instant now) {
  with_.upstream.on_failed();
  if (slot.parcel == nullptr) {
    log_line(LogLevel::kDebug, "connecting to Loki ahead of need failed: %s", slot.connection.failure());
    return;
  }
  if (failure_gate_.open(now)) {
    log_line(LogLevel::kWarn, "cannot push to Loki (LOKI_ENDPOINT %s): %s; records are kept", with_.upstream.name(),
             slot.connection.failure());
  }
  Parcel& parcel = *slot.parcel;
  slot.parcel = nullptr;
  parcel.in_flight = false;
  if (planted(PlantedBug::kLostOnMidBodyReset)) {
    drop(parcel, parcel.next(), 0, DropReason::kShutdown, "");
    return parcel.done() ? release(parcel) : void();
  }
  fail_attempt(parcel, true, std::nullopt, now);
}

// Loki's address could not be found: an attempt for the batch that would have gone next, if one was to go.
void Sender::on_lookup_failed(Instant now) {
  warm_up_ = false;
  Parcel* const parcel = may_push(now) ? next_parcel(now) : nullptr;
  if (parcel == nullptr) return;
  if (failure_gate_.open(now)) {
    log_line(LogLevel::kWarn, "cannot find Loki (LOKI_ENDPOINT %s): %s; records are kept", with_.upstream.name(),
             with_.upstream.failure());
  }
  fail_attempt(*parcel, true, std::nullopt, now);
}

void Sender::fail_attempt(Parcel& parcel, bool opens_breaker, std::optional<Milliseconds> retry_after, Instant now) {
  with_.handoff.counters.push_failures.add(1);
  parcel.failures++;
  parcel.flush_attempts++;
  if (retry_after) {
    parcel.put_off_until = now.monotonic + *retry_after;
  } else {
    parcel.backed_off_until = now.monotonic + backoff_after(parcel.failures, with_.random);
  }
  // For the flush that waits, an attempt behind its deadline is none: this was the last one.
  const bool in_flush = flush_.id != 0 && parcel.sequence() <= flush_.through_sequence;
  const bool last = parcel.flush_attempts >= attempts_allowed() || (in_flush && parcel.due() >= flush_.deadline);
  if (opens_breaker && (breaker_.open() || last)) open_breaker(now);
  if (shutdown_deadline_ && breaker_.open()) {
    // That was the one last attempt, for all of them.
    for (std::optional<Parcel>& other : parcels_) {
      if (other) other->flush_attempts = options_.critical_attempts_max;
    }
  }
}

void Sender::open_breaker(Instant now) {
  breaker_.fail(now.wall, with_.random);
  with_.handoff.probe_at_ms.store(unix_ms(breaker_.probe_at()), std::memory_order_relaxed);
}

void Sender::close_breaker() {
  if (!breaker_.open() || planted(PlantedBug::kBreakerStuckOpen)) return;
  breaker_.succeed();
  with_.handoff.probe_at_ms.store(0, std::memory_order_relaxed);
  for (std::optional<Parcel>& parcel : parcels_) {
    if (parcel) parcel->backed_off_until = MonotonicTime::min();
  }
  // What it has not sealed because nobody took anything may go now.
  with_.loop.wake();
}

// Settles the next range: of its records so many are lost, `pending` live on in another batch, the others are stored.
// `words` are the server's own.
void Sender::drop(Parcel& parcel, EntryRange range, uint64_t records, DropReason reason, std::string_view words,
                  uint64_t pending) {
  Counters& counters = with_.handoff.counters;
  const uint64_t all = parcel.batch()->record_count(range);
  const bool kept = records != 0 && to_dead_letter(*parcel.batch(), range, reason, records);
  if (!kept) counters.dropped[static_cast<size_t>(reason)].add(records);
  counters.sent.add(all - records - pending);
  parcel.settle_next();
  parcel.failures = 0;
  if (records != 0 && dropped_gate_.open(last_step_)) {
    const std::string_view name = drop_reason_name(reason);
    log_line(LogLevel::kError, "%llu records %s (%.*s): %.*s; ledger lines in Loki count them all",
             static_cast<unsigned long long>(records), kept ? "taken for the dead letter" : "dropped",
             static_cast<int>(name.size()), name.data(), static_cast<int>(words.size()), words.data());
  }
}

void Sender::release(Parcel& parcel) {
  Batch* batch = parcel.batch();
  if (parcel.ticket) with_.spool.delivered(parcel.ticket, last_step_);
  for (std::optional<Parcel>& place : parcels_) {
    if (place && &*place == &parcel) {
      place.reset();
      break;
    }
  }
  with_.pool.give_back(batch);
  if (room_wanted_by_) {
    room_wanted_by_.reset();
    with_.loop.wake();
  }
}

}  // namespace sleipnir
