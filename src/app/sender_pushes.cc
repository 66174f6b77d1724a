// New pushes: which batch goes next, on which connection, in which form.

#include <algorithm>

#include "app/sender.h"
#include "base/planted_bug.h"
#include "loki/entry_writer.h"
#include "loki/labels.h"

namespace sleipnir {

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
  if (warm_up_ && !credentials_lack()) {
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
  if (credentials_lack() || (shutdown_deadline_ && now.monotonic >= push_until_)) return false;
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
  if (with_.upstream.locate(address, now) == Upstream::Where::kResolving) return;
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
  const std::string_view prefix = prefix_for(batch, slot.prefix);
  while (prefix.size() + batch.wire_bytes(parcel.next()) > body_bytes_max_ && parcel.halve_next()) {
  }
  slot.range = parcel.next();
  // The last digit of the first entry's time.
  if (planted(PlantedBug::kRestampedOnRetry) && parcel.failures != 0) batch.wire(slot.range)[20] ^= 1;
  slot.began_at = now.monotonic;
  with_.handoff.counters.pushes.add(1);

  slot.compressed_bytes = 0;
  {
    const PushText text(batch, slot.range, prefix, kPushSuffix,
                        {scratch_.get(), PushText::scratch_bytes(with_.pool.layout())});
    slot.body_bytes = text.view().size();
    if (options_.gzip && (slot.body_bytes > options_.compression_threshold_bytes || parcel.always_compressed)) {
      slot.compressed_bytes = compressor_.compress(text.view(), slot.compressed.bytes());
    }
  }
  std::array<iovec, Exchange::kPiecesMax> pieces;
  size_t count = 1;
  if (slot.compressed_bytes != 0) {
    pieces[count++] = piece(slot.compressed.bytes().data(), slot.compressed_bytes);
  } else {
    const std::span<char> wire = batch.wire(slot.range);
    pieces[count++] = piece(prefix.data(), prefix.size());
    pieces[count++] = piece(wire.data(), wire.size() - 1);  // less the last comma
    pieces[count++] = piece(kPushSuffix.data(), kPushSuffix.size());
  }
  const bool compressed = slot.compressed_bytes != 0;
  const size_t head_bytes = head().write(slot.head, compressed ? slot.compressed_bytes : slot.body_bytes,
                                         compressed ? ContentEncoding::kGzip : ContentEncoding::kIdentity);
  CHECK(head_bytes != 0);
  pieces[0] = piece(slot.head.data(), head_bytes);
  slot.connection.push(Pieces(pieces.data(), count), now.monotonic + options_.request_timeout, now);
  handle(slot, slot.connection.step(now), now);
}

// With the label of the batch's request, if it has one; then it stands in `own`.
std::string_view Sender::prefix_for(const Batch& batch, std::unique_ptr<char[]>& own) const {
  if (batch.request_id.empty()) return with_.push_prefix;
  const size_t room = with_.pool.layout().headroom;
  if (!own) own.reset(new char[room]);
  const size_t bytes = write_prefix_with_request_id(with_.push_prefix, batch.request_id.view(), {own.get(), room});
  CHECK(bytes != 0);  // the headroom is for the longest id
  return {own.get(), bytes};
}

size_t Sender::pushes_under_way() const {
  return static_cast<size_t>(std::count_if(
      slots_.begin(), slots_.end(), [](const std::optional<Slot>& slot) { return slot && slot->parcel != nullptr; }));
}

}  // namespace sleipnir
