#include "app/sender.h"

#include <algorithm>

#include "app/dead_letter.h"
#include "app/secrets.h"
#include "base/log.h"

namespace sleipnir {

Sender::Sender(const SenderWiring& wiring, const SenderOptions& options, MappedMemory spool_buffer)
    : with_(wiring),
      options_(options),
      compressor_(options.compression_level),
      scratch_(new char[PushText::scratch_bytes(wiring.pool.layout())]),
      spool_buffer_(std::move(spool_buffer)) {
  // One batch is always open in the loop's hands, so more pushes than the others could never be under way.
  const size_t slots = std::clamp<size_t>(with_.pool.count() - 1, 1, kPushesInFlightMax);
  for (size_t i = 0; i < slots; i++) {
    Result<MappedMemory> buffer = MappedMemory::create(kCompressedBytesMax);
    // Without memory for a further connection the first ones have to do.
    if (!buffer) break;
    slots_[i].emplace(with_.kernel, with_.streams, i, std::move(buffer.value()));
  }
}

MonotonicTime Sender::step(Instant now, std::span<const Ready> ready) {
  note_thaw(now);
  for (const Ready& one : ready) {
    if (one.tag < slots_.size() && slots_[one.tag])
      handle(*slots_[one.tag], slots_[one.tag]->connection.step(now), now);
  }
  take_messages(now);
  for (std::optional<Slot>& slot : slots_) {
    if (slot && slot->connection.next_deadline() <= now.monotonic) handle(*slot, slot->connection.step(now), now);
  }
  if (with_.upstream.lookup_failed(now)) on_lookup_failed(now);
  step_secrets(now);
  dispatch(now);
  if (with_.dead_letter != nullptr) with_.dead_letter->step(now);
  if (room_wanted_by_) make_room(now);
  restore_if_idle(now);
  settle_flush_if_over(now);
  finish_if_over(now);
  last_step_ = now;
  // A deadline that has passed already means at once.
  planned_wake_ = std::max(next_deadline(now), now.monotonic);
  return planned_wake_;
}

// ---- what comes in ----

void Sender::take_messages(Instant now) {
  SenderMessage message;
  while (with_.handoff.queue.take(message)) {
    switch (message.kind) {
      case SenderMessage::Kind::kBatch: static_cast<void>(add(message.batch)); break;
      case SenderMessage::Kind::kFlush: begin_flush(message.flush); break;
      case SenderMessage::Kind::kMakeRoom:
        if (!room_wanted_by_) room_wanted_by_ = message.flush.deadline;
        break;
      case SenderMessage::Kind::kWarmUp: warm_up_ = true; break;
      case SenderMessage::Kind::kThaw: on_thaw(now); break;
      case SenderMessage::Kind::kShutdown: begin_shutdown(message, now); break;
    }
  }
}

void Sender::begin_shutdown(const SenderMessage& message, Instant now) {
  shutdown_deadline_ = message.flush.deadline;
  restart_comes_ = message.restart_comes;
  finished_ = false;
  push_until_ = *shutdown_deadline_;
  if (with_.dead_letter != nullptr && !spool_is_kept()) {
    push_until_ -= std::clamp<Nanoseconds>((push_until_ - now.monotonic) / 2, Nanoseconds(0), kDeadLetterAtEndMax);
  }
  for (std::optional<Parcel>& parcel : parcels_) {
    if (!parcel) continue;
    parcel->backed_off_until = MonotonicTime::min();
    // What failed in the background has its last attempt still before it.
    parcel->flush_attempts = 0;
  }
}

Parcel& Sender::add(Batch* batch) {
  for (std::optional<Parcel>& place : parcels_) {
    if (!place) return place.emplace(batch);
  }
  CHECK(false);  // there are as many places as batches in the pool
  __builtin_unreachable();
}

void Sender::begin_flush(const FlushRequest& flush) {
  flush_ = flush;
  for (std::optional<Parcel>& parcel : parcels_) {
    if (!parcel) continue;
    parcel->flush_attempts = 0;
    // Somebody waits: a back-off drawn in the background is not for him.
    parcel->backed_off_until = MonotonicTime::min();
  }
}

// A wait that took far longer than planned, or clocks that drift apart, mean that we did not run in between.
void Sender::note_thaw(Instant now) {
  const bool overslept = planned_wake_ != kNever && now.monotonic - planned_wake_ > kThawGap;
  const Nanoseconds drift = (now.wall - last_step_.wall) - (now.monotonic - last_step_.monotonic);
  const bool first = last_step_.monotonic == MonotonicTime{};
  if (!first && (overslept || drift >= kThawGap)) on_thaw(now);
}

void Sender::on_thaw(Instant now) {
  with_.upstream.on_thaw(now);
  if (with_.secrets != nullptr) with_.secrets->on_thaw(now);
  if (with_.dead_letter != nullptr) with_.dead_letter->on_thaw(now);
  for (std::optional<Slot>& slot : slots_) {
    if (slot) slot->connection.on_thaw(now.monotonic + options_.request_timeout, now);
  }
}

// ---- full, settled, over ----

int Sender::attempts_allowed() const {
  if (shutdown_deadline_) return breaker_.open() ? 1 : options_.critical_attempts_max;
  return flush_.id != 0 ? flush_.attempts_max : options_.attempts_max;
}

// Whether waiting until the flush's deadline can still deliver the parcel.
bool Sender::can_progress(const Parcel& parcel) const {
  if (parcel.in_flight) return true;
  if (parcel.flush_attempts >= attempts_allowed()) return false;
  if (breaker_.open() && pushes_under_way() == 0 && !breaker_.allows(last_step_.wall)) return false;
  return parcel.due() < flush_.deadline;
}

void Sender::settle_flush_if_over(Instant now) {
  if (flush_.id == 0) return;
  bool waits = false;
  for (const std::optional<Parcel>& parcel : parcels_) {
    if (parcel && parcel->sequence() <= flush_.through_sequence && can_progress(*parcel)) waits = true;
  }
  const bool late = now.monotonic >= flush_.deadline;
  if (waits && !late) return;
  if (late && waits) {
    // The whole budget and not a byte of an answer: the next invocations need not wait for the same. Should it only be
    // slow, its answer closes the breaker again.
    const bool silent = std::any_of(slots_.begin(), slots_.end(), [this](const std::optional<Slot>& slot) {
      return slot && slot->parcel != nullptr && slot->parcel->sequence() <= flush_.through_sequence &&
             (slot->connection.state() != PushConnection::State::kPushing || slot->connection.unanswered());
    });
    if (silent || with_.upstream.resolving()) {
      open_breaker(now);
      if (failure_gate_.open(now)) {
        log_line(LogLevel::kWarn,
                 "no answer from Loki (LOKI_ENDPOINT %s) within the flush budget (LOKI_FLUSH_BUDGET_MS); "
                 "records are kept, and invocations are not held until it answers",
                 with_.upstream.name());
      }
    }
  }
  with_.handoff.flush_settled.store(flush_.id, std::memory_order_release);
  flush_ = FlushRequest{};
  for (std::optional<Parcel>& parcel : parcels_) {
    if (parcel) parcel->flush_attempts = 0;
  }
  with_.loop.wake();
}

void Sender::finish_if_over(Instant now) {
  if (!shutdown_deadline_ || finished_) return;
  const bool late = now.monotonic >= push_until_;
  for (const std::optional<Parcel>& parcel : parcels_) {
    if (!parcel || late) continue;
    const bool hopeless = parcel->flush_attempts >= attempts_allowed() || parcel->due() > push_until_;
    if (parcel->in_flight || !hopeless) return;
  }
  if (!settle_rest(now)) return;
  finished_ = true;
  with_.handoff.finished.store(true, std::memory_order_release);
  with_.loop.wake();
}

MonotonicTime Sender::next_deadline(Instant now) const {
  MonotonicTime deadline = kNever;
  const auto consider = [&deadline](MonotonicTime time) { deadline = std::min(deadline, time); };
  for (const std::optional<Slot>& slot : slots_) {
    if (!slot) continue;
    consider(slot->connection.next_deadline());
    // When another connection may be opened beside a slow push.
    if (slot->parcel != nullptr && slot->began_at + kSlowPush > now.monotonic) consider(slot->began_at + kSlowPush);
  }
  if (flush_.id != 0) consider(flush_.deadline);
  if (shutdown_deadline_ && !finished_) consider(push_until_ > now.monotonic ? push_until_ : *shutdown_deadline_);
  // Once that has passed, only the end of a push can help.
  if (room_wanted_by_ && *room_wanted_by_ > now.monotonic) consider(*room_wanted_by_);
  consider(with_.upstream.next_deadline());
  if (with_.secrets != nullptr) consider(with_.secrets->next_deadline());
  if (with_.dead_letter != nullptr) consider(with_.dead_letter->next_deadline());
  for (const std::optional<Parcel>& parcel : parcels_) {
    if (!parcel || parcel->in_flight) continue;
    MonotonicTime due = parcel->due();
    if (breaker_.open()) due = std::max(due, now.monotonic + std::max(breaker_.probe_at() - now.wall, Nanoseconds(0)));
    // In the past: it waits for a connection, whose own deadline counts.
    if (due > now.monotonic) consider(due);
  }
  return deadline;
}

uint64_t Sender::records_in_hand() const {
  uint64_t records = 0;
  for (const std::optional<Parcel>& parcel : parcels_) {
    if (parcel) records += parcel->records_left();
  }
  if (with_.dead_letter != nullptr) records += with_.dead_letter->records();
  return records;
}

}  // namespace sleipnir
