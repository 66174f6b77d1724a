#include "app/sender.h"

#include <algorithm>

#include "base/log.h"
#include "loki/amend.h"
#include "loki/entry_writer.h"
#include "loki/labels.h"

namespace sleipnir {

namespace {

// A push that takes longer than this no longer makes the others wait: they get a connection of their own. Below it a
// second handshake costs more than it gives. Guess, not tuned.
constexpr Milliseconds kSlowPush{100};

// As long as pushes make progress, a full pool holds the telemetry POST back so long before the oldest batch goes.
constexpr Milliseconds kBackPressureMax{1000};

// So many answers for the parts of one batch, then its rest is given up: a gateway may refuse everything, record by
// record. Bisecting 2^16 records down to one poisoned one takes 32.
constexpr int kAnswersPerBatchMax = 47;

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

// A failure of Loki or of the way to it, as opposed to a refusal of this push.
bool is_outage(int status) { return status >= 500 || status == 408; }

}  // namespace

Sender::Sender(const SenderWiring& wiring, const SenderOptions& options)
    : with_(wiring),
      options_(options),
      compressor_(options.compression_level),
      scratch_(new char[PushText::scratch_bytes(wiring.pool.layout())]) {
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
    if (one.tag < slots_.size() && slots_[one.tag]) handle(*slots_[one.tag], slots_[one.tag]->connection.step(now), now);
  }
  take_messages(now);
  for (std::optional<Slot>& slot : slots_) {
    if (slot && slot->connection.next_deadline() <= now.monotonic) handle(*slot, slot->connection.step(now), now);
  }
  dispatch(now);
  if (room_wanted_since_) make_room(now);
  settle_flush_if_over(now);
  finish_if_over(now);
  last_step_ = now;
  planned_wake_ = next_deadline(now);
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
        if (!room_wanted_since_) room_wanted_since_ = now.monotonic;
        break;
      case SenderMessage::Kind::kWarmUp: warm_up_ = true; break;
      case SenderMessage::Kind::kThaw:
        for (std::optional<Slot>& slot : slots_) {
          if (slot) slot->connection.on_thaw(now.monotonic + options_.request_timeout, now);
        }
        break;
      case SenderMessage::Kind::kShutdown:
        shutdown_deadline_ = message.flush.deadline;
        finished_ = false;
        for (std::optional<Parcel>& parcel : parcels_) {
          if (parcel) parcel->backed_off_until = MonotonicTime::min();
        }
        break;
    }
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
  if (first || (!overslept && drift < kThawGap)) return;
  for (std::optional<Slot>& slot : slots_) {
    if (slot) slot->connection.on_thaw(now.monotonic + options_.request_timeout, now);
  }
}

// ---- what became of a push ----

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
  switch (verdict.action) {
    case Verdict::Action::kSent:
      counters.sent.add(records);
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
      drop(parcel, range, records, poisoned ? DropReason::kRejected : DropReason::kTooLarge);
      break;
    }

    case Verdict::Action::kAmend: amend(parcel, verdict, now); break;

    case Verdict::Action::kDrop:
      close_breaker();
      drop(parcel, range, std::min<uint64_t>(records, verdict.dropped_entries), verdict.reason);
      break;

    case Verdict::Action::kRefused: {
      const std::string_view location = slot.connection.location();
      if (refused_gate_.open(now)) {
        log_line(LogLevel::kError, "Loki answered %d%s%.*s: %.*s; nothing is dropped, but nothing gets through either: "
                 "check LOKI_ENDPOINT, LOKI_TENANT_ID and the credentials", slot.connection.status(),
                 location.empty() ? "" : ", Location ", static_cast<int>(location.size()), location.data(),
                 static_cast<int>(words.size()), words.data());
      }
      parcel.flush_attempts = attempts_allowed();
      open_breaker(now);
      break;
    }
  }
  if (parcel.halved && ++parcel.answers_since_halved >= kAnswersPerBatchMax) {
    while (!parcel.done()) drop(parcel, parcel.next(), parcel.batch()->record_count(parcel.next()), DropReason::kRejected);
  }
  if (parcel.done()) release(parcel);
}

// The valid entries of the range are stored; the others are written anew into a batch of their own, once.
void Sender::amend(Parcel& parcel, const Verdict& verdict, Instant now) {
  const EntryRange range = parcel.next();
  const uint64_t records = parcel.batch()->record_count(range);
  const std::string_view words = verdict.words.view();
  close_breaker();
  if (verdict.amend.line_bytes_max) {
    with_.handoff.line_bytes_max.store(*verdict.amend.line_bytes_max, std::memory_order_relaxed);
  }
  if (verdict.amend.strip_metadata && !strip_metadata_) {
    log_line(LogLevel::kWarn, "Loki takes no structured metadata (%.*s); sending without it from now on. Set "
             "LOKI_STRUCTURED_METADATA=false, and LOKI_REQUEST_ID_AS=line to keep the request ids",
             static_cast<int>(words.size()), words.data());
    // The whole range once more: entries that were stored without any are swallowed as repeats.
    strip_metadata_ = true;
    return;
  }
  if (parcel.amended || verdict.amend.strip_metadata) {
    drop(parcel, range, std::min<uint64_t>(records, verdict.dropped_entries + verdict.amend.entries), verdict.reason);
    return;
  }
  Batch* anew = with_.pool.take();
  if (anew == nullptr) {
    // No memory at the moment: the same push again later gets the same answer.
    fail_attempt(parcel, false, std::nullopt, now);
    return;
  }
  const AmendResult result = amend_entries(*parcel.batch(), range, verdict.amend, now.wall, *anew);
  if (result.overflow || result.entries == 0) {
    with_.pool.give_back(anew);
    // What was stored already is swallowed as a repeat.
    if (result.overflow && parcel.halve_next()) return;
    drop(parcel, range, std::min<uint64_t>(records, verdict.dropped_entries + verdict.amend.entries), verdict.reason);
    return;
  }
  if (amended_gate_.open(now)) {
    log_line(LogLevel::kInfo, "%u entries were refused and are sent once more, restamped or split: %.*s", result.entries,
             static_cast<int>(words.size()), words.data());
  }
  anew->sequence = parcel.sequence();
  add(anew).amended = true;
  drop(parcel, range, std::min<uint64_t>(records - result.records, verdict.dropped_entries), verdict.reason,
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
  fail_attempt(parcel, true, std::nullopt, now);
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
  if (opens_breaker && (breaker_.open() || parcel.flush_attempts >= attempts_allowed())) open_breaker(now);
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
  if (!breaker_.open()) return;
  breaker_.succeed();
  with_.handoff.probe_at_ms.store(0, std::memory_order_relaxed);
  for (std::optional<Parcel>& parcel : parcels_) {
    if (parcel) parcel->backed_off_until = MonotonicTime::min();
  }
}

// Settles the next range: of its records so many are lost, `pending` live on in another batch, the others are stored.
void Sender::drop(Parcel& parcel, EntryRange range, uint64_t records, DropReason reason, uint64_t pending) {
  Counters& counters = with_.handoff.counters;
  const uint64_t all = parcel.batch()->record_count(range);
  counters.dropped[static_cast<size_t>(reason)].add(records);
  counters.sent.add(all - records - pending);
  parcel.settle_next();
  parcel.failures = 0;
  if (records != 0 && dropped_gate_.open(last_step_)) {
    const std::string_view name = drop_reason_name(reason);
    log_line(LogLevel::kError, "%llu records dropped (%.*s); `sleipnir` ledger lines in Loki count them all",
             static_cast<unsigned long long>(records), static_cast<int>(name.size()), name.data());
  }
}

void Sender::release(Parcel& parcel) {
  Batch* batch = parcel.batch();
  for (std::optional<Parcel>& place : parcels_) {
    if (place && &*place == &parcel) {
      place.reset();
      break;
    }
  }
  with_.pool.give_back(batch);
  if (room_wanted_since_) {
    room_wanted_since_.reset();
    with_.loop.wake();
  }
}

// ---- new pushes ----

void Sender::dispatch(Instant now) {
  while (may_push(now)) {
    Parcel* parcel = next_parcel(now);
    if (parcel == nullptr) break;
    Slot* slot = ready_slot();
    if (slot == nullptr) {
      const size_t before = pushes_under_way();
      open_connection(parcel, now);
      if (pushes_under_way() == before) break;  // has to wait: for the resolver, for a slot
      continue;
    }
    slot->parcel = parcel;
    parcel->in_flight = true;
    if (slot->connection.state() == PushConnection::State::kReady) start_push(*slot, now);
  }
  if (warm_up_) {
    const bool any = std::any_of(slots_.begin(), slots_.end(), [](const std::optional<Slot>& slot) {
      return slot && slot->connection.state() != PushConnection::State::kClosed;
    });
    if (any || breaker_.open()) {
      warm_up_ = false;
    } else {
      open_connection(nullptr, now);
    }
  }
}

bool Sender::may_push(Instant now) const {
  if (!breaker_.open()) return true;
  // A probe is one push; at shutdown there is one last attempt whatever the time.
  return pushes_under_way() == 0 && (breaker_.allows(now.wall) || shutdown_deadline_.has_value());
}

Parcel* Sender::next_parcel(Instant now) {
  Parcel* first = nullptr;
  for (std::optional<Parcel>& parcel : parcels_) {
    if (!parcel || parcel->in_flight || parcel->due() > now.monotonic) continue;
    const bool in_flush = flush_.id != 0 && parcel->sequence() <= flush_.through_sequence;
    if ((in_flush || shutdown_deadline_) && parcel->flush_attempts >= attempts_allowed()) continue;
    if (first == nullptr || parcel->sequence() < first->sequence()) first = &*parcel;
  }
  return first;
}

// A connection with nothing to do: one that is ready, else one that is being made ahead of need.
Sender::Slot* Sender::ready_slot() {
  Slot* opening = nullptr;
  for (std::optional<Slot>& slot : slots_) {
    if (!slot || slot->parcel != nullptr) continue;
    if (slot->connection.state() == PushConnection::State::kReady) return &*slot;
    if (slot->connection.state() == PushConnection::State::kOpening) opening = &*slot;
  }
  return opening;
}

// Opens a connection for `parcel` (null: ahead of need), if there is a slot and an address.
void Sender::open_connection(Parcel* parcel, Instant now) {
  Slot* closed = nullptr;
  for (std::optional<Slot>& slot : slots_) {
    if (!slot) continue;
    if (slot->connection.state() == PushConnection::State::kClosed) {
      if (closed == nullptr) closed = &*slot;
    } else if (now.monotonic - slot->began_at < kSlowPush) {
      return;  // it may be free again in a moment
    }
  }
  if (closed == nullptr) return;
  Address address;
  switch (with_.upstream.locate(address, now)) {
    case Upstream::Where::kResolving: return;
    case Upstream::Where::kFailed:
      warm_up_ = false;
      if (parcel == nullptr) return;
      if (failure_gate_.open(now)) {
        log_line(LogLevel::kWarn, "cannot find Loki (LOKI_ENDPOINT %s): %s; records are kept", with_.upstream.name(),
                 with_.upstream.failure());
      }
      fail_attempt(*parcel, true, std::nullopt, now);
      return;
    case Upstream::Where::kKnown: break;
  }
  warm_up_ = false;
  closed->parcel = parcel;
  closed->began_at = now.monotonic;
  if (parcel != nullptr) parcel->in_flight = true;
  closed->connection.open(address, now.monotonic + options_.connect_timeout, now);
}

void Sender::start_push(Slot& slot, Instant now) {
  Parcel& parcel = *slot.parcel;
  Batch& batch = *parcel.batch();
  if (strip_metadata_ && !parcel.stripped) {
    batch.strip_metadata(kEntryEnd);
    parcel.stripped = true;
  }
  // A limit that the server named once is kept from then on.
  while (with_.push_prefix.size() + batch.wire_bytes(parcel.next()) > body_bytes_max_ && parcel.halve_next()) {
  }
  slot.range = parcel.next();
  slot.began_at = now.monotonic;
  with_.handoff.counters.pushes.add(1);

  size_t compressed = 0;
  {
    const PushText text(batch, slot.range, with_.push_prefix, kPushSuffix,
                        {scratch_.get(), PushText::scratch_bytes(with_.pool.layout())});
    slot.body_bytes = text.view().size();
    if (options_.gzip && slot.body_bytes > options_.compression_threshold_bytes) {
      compressed = compressor_.compress(text.view(), slot.compressed.bytes());
    }
  }
  std::array<iovec, Exchange::kPiecesMax> pieces;
  size_t count = 1;
  if (compressed != 0) {
    pieces[count++] = piece(slot.compressed.bytes().data(), compressed);
  } else {
    const std::span<char> wire = batch.wire(slot.range);
    pieces[count++] = piece(with_.push_prefix.data(), with_.push_prefix.size());
    pieces[count++] = piece(wire.data(), wire.size() - 1);  // less the last comma
    pieces[count++] = piece(kPushSuffix.data(), kPushSuffix.size());
  }
  const size_t head_bytes = with_.head.write(slot.head, compressed != 0 ? compressed : slot.body_bytes,
                                             compressed != 0 ? ContentEncoding::kGzip : ContentEncoding::kIdentity);
  CHECK(head_bytes != 0);
  pieces[0] = piece(slot.head.data(), head_bytes);
  slot.connection.push(Pieces(pieces.data(), count), now.monotonic + options_.request_timeout, now);
  handle(slot, slot.connection.step(now), now);
}

size_t Sender::pushes_under_way() const {
  return static_cast<size_t>(std::count_if(slots_.begin(), slots_.end(), [](const std::optional<Slot>& slot) {
    return slot && slot->parcel != nullptr;
  }));
}

// ---- full, settled, over ----

// The pool is empty and the loop waits. While pushes make progress one of them will give its batch back; otherwise
// the oldest batch has to go.
void Sender::make_room(Instant now) {
  if (with_.pool.free_count() != 0) {
    // It came free before the wish for it was read.
    room_wanted_since_.reset();
    with_.loop.wake();
    return;
  }
  const bool progress = !breaker_.open() && pushes_under_way() != 0;
  if (progress && now.monotonic - *room_wanted_since_ < kBackPressureMax) return;
  Parcel* oldest = nullptr;
  for (std::optional<Parcel>& parcel : parcels_) {
    if (!parcel || parcel->in_flight) continue;
    if (oldest == nullptr || parcel->sequence() < oldest->sequence()) oldest = &*parcel;
  }
  if (oldest == nullptr) return;
  const uint64_t records = oldest->records_left();
  with_.handoff.counters.dropped[static_cast<size_t>(DropReason::kOverflow)].add(records);
  if (dropped_gate_.open(now)) {
    log_line(LogLevel::kError, "memory is full (LOKI_MEMORY_LIMIT_BYTES) and Loki takes nothing: %llu oldest records "
             "dropped (overflow)", static_cast<unsigned long long>(records));
  }
  release(*oldest);
}

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
        log_line(LogLevel::kWarn, "no answer from Loki (LOKI_ENDPOINT %s) within the flush budget (LOKI_FLUSH_BUDGET_MS); "
                 "records are kept, and invocations are not held until it answers", with_.upstream.name());
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
  const bool late = now.monotonic >= *shutdown_deadline_;
  for (const std::optional<Parcel>& parcel : parcels_) {
    if (!parcel || late) continue;
    const bool hopeless = parcel->flush_attempts >= attempts_allowed() || parcel->due() > *shutdown_deadline_;
    if (parcel->in_flight || !hopeless) return;
  }
  for (std::optional<Parcel>& parcel : parcels_) {
    if (!parcel) continue;
    with_.handoff.counters.dropped[static_cast<size_t>(DropReason::kShutdown)].add(parcel->records_left());
    for (std::optional<Slot>& slot : slots_) {
      if (slot && slot->parcel == &*parcel) {
        slot->connection.close();
        slot->parcel = nullptr;
      }
    }
    release(*parcel);
  }
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
  if (shutdown_deadline_ && !finished_) consider(*shutdown_deadline_);
  // Once that has passed, only the end of a push can help.
  if (room_wanted_since_ && *room_wanted_since_ + kBackPressureMax > now.monotonic) {
    consider(*room_wanted_since_ + kBackPressureMax);
  }
  consider(with_.upstream.next_deadline());
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
  return records;
}

}  // namespace sleipnir
