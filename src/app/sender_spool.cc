// The sender and its spool: what is moved to disk, when it comes back, and what becomes of the rest at the end.

#include <algorithm>

#include "app/dead_letter.h"
#include "app/sender.h"
#include "base/planted_bug.h"

namespace sleipnir {

namespace {

// Restored batches come after every fresh one, and no flush waits for them.
constexpr uint64_t kBehindAllFresh = UINT64_MAX;

}  // namespace

// Moves what is left of a parcel to disk. False: it is still in memory.
bool Sender::spool_away(Parcel& parcel, Instant now) {
  Counters& counters = with_.handoff.counters;
  // It never left the disk.
  if (parcel.ticket && parcel.whole()) return put_back(parcel);
  // Stored range by range: what is stored is settled, so that nothing is on disk and in memory too.
  while (!parcel.done()) {
    const EntryRange range = parcel.next();
    const uint64_t in_range = parcel.batch()->record_count(range);
    GzipCompressor* gzip = options_.gzip ? &compressor_ : nullptr;
    if (with_.spool.store(*parcel.batch(), range, gzip, spool_buffer_.bytes(), now) != Spool::Store::kStored) {
      // The next start gets the frame it came from as a whole, with what is delivered already: better a repeat than a
      // loss.
      return parcel.ticket && put_back(parcel);
    }
    counters.spooled.add(in_range + (planted(PlantedBug::kLedgerOffByOne) ? 1 : 0));
    parcel.settle_next();
  }
  // Of a frame that was delivered in part, the rest has one of its own now: release() marks the old one.
  return true;
}

bool Sender::put_back(Parcel& parcel) {
  const uint64_t left = parcel.records_left();
  with_.handoff.counters.spooled.add(left);
  // Ranges are settled in their order.
  with_.spool.put_back(parcel.ticket, {.entries = parcel.next().first,
                                       .records = static_cast<uint32_t>(parcel.batch()->record_count() - left)});
  parcel.ticket = SpoolTicket{};
  return true;
}

// When there is nothing fresher to do and Loki is known to be well, and not at an end behind which the next start sends
// it: as many batches as there are connections, as long
// as the loop keeps room for what comes in meanwhile.
void Sender::restore_if_idle(Instant now) {
  if (finished_ || restart_comes_) return;
  if (!with_.spool.enabled() || breaker_.open() || !answered_ || room_wanted_by_ || flush_.id != 0) return;
  const auto fresh = [](const std::optional<Parcel>& parcel) { return parcel && !parcel->ticket; };
  if (std::any_of(parcels_.begin(), parcels_.end(), fresh)) return;
  with_.spool.scan(now);
  const auto restored = [](const std::optional<Parcel>& parcel) { return parcel.has_value(); };
  auto under_way = static_cast<size_t>(std::count_if(parcels_.begin(), parcels_.end(), restored));
  for (; under_way < kPushesInFlightMax && with_.spool.waiting() && with_.pool.free_count() >= 2; under_way++) {
    if (restore_one(now) == nullptr) break;
  }
  dispatch(now);
}

Parcel* Sender::restore_one(Instant now) {
  Batch* batch = with_.pool.take();
  if (batch == nullptr) return nullptr;
  SpoolTicket ticket;
  if (with_.spool.restore(*batch, spool_buffer_.bytes(), ticket, now) != Spool::Restore::kRestored) {
    with_.pool.give_back(batch);
    return nullptr;
  }
  batch->sequence = kBehindAllFresh;
  Parcel& parcel = add(batch);
  parcel.ticket = ticket;
  with_.handoff.counters.restored.add(batch->record_count());
  return &parcel;
}

// The pool is empty and the loop waits. While pushes make progress one of them will give its batch back in a moment,
// but where one was waited for in vain, nobody waits again before Loki has taken something; if none does, a batch that
// came from the spool goes back there, for which there is always room; else the oldest one goes there, and where there
// is no room either, it is dropped.
void Sender::make_room(Instant now) {
  if (with_.pool.free_count() != 0) {
    // It came free before the wish for it was read.
    room_wanted_by_.reset();
    with_.loop.wake();
    return;
  }
  const bool progress = (!breaker_.open() && pushes_under_way() != 0) || dead_letter_full();
  if (progress && !waited_in_vain_ && now.monotonic < *room_wanted_by_) return;
  waited_in_vain_ = progress;
  Parcel* oldest = nullptr;
  for (std::optional<Parcel>& parcel : parcels_) {
    if (!parcel || parcel->in_flight) continue;
    const bool restored{parcel->ticket};
    if (oldest == nullptr || restored || parcel->sequence() < oldest->sequence()) oldest = &*parcel;
    if (restored) break;
  }
  if (oldest == nullptr) return;
  if (spool_away(*oldest, now)) {
    release(*oldest);
    return;
  }
  const uint64_t records = oldest->records_left();
  static_cast<void>(bury(*oldest, DropReason::kOverflow));
  const uint64_t lost = oldest->records_left();
  with_.handoff.counters.dropped[static_cast<size_t>(DropReason::kOverflow)].add(lost);
  if (dropped_gate_.open(now)) {
    log_line(LogLevel::kError,
             "memory is full (LOKI_MEMORY_LIMIT_BYTES), Loki takes nothing and there is no room in "
             "LOKI_SPOOL_DIR: %llu oldest records %s (overflow)",
             static_cast<unsigned long long>(records), lost == records ? "dropped" : "taken for the dead letter");
  }
  release(*oldest);
}

// What is left at the end: to the spool if somebody will come back for it, else to the dead letter, else it is lost,
// and counted. False: not all of it is settled yet.
bool Sender::settle_rest(Instant now) {
  for (std::optional<Slot>& slot : slots_) {
    if (!slot || slot->parcel == nullptr) continue;
    slot->connection.close();
    slot->parcel->in_flight = false;
    slot->parcel = nullptr;
  }
  bool all = true;
  for (std::optional<Parcel>& parcel : parcels_) {
    if (parcel && !settle_at_end(*parcel, now)) all = false;
  }
  const bool late = now.monotonic >= *shutdown_deadline_;
  if (!late && with_.dead_letter != nullptr) {
    if (!all || (!spool_is_kept() && !bury_spooled(now)) || !with_.dead_letter->empty()) return false;
  }
  if (with_.dead_letter != nullptr) with_.dead_letter->give_up(now);
  if (spool_is_kept()) return true;
  // Nobody comes back to this /tmp: what was spooled, by us or by an earlier process, ends with it.
  Counters& counters = with_.handoff.counters;
  const uint64_t on_disk = with_.spool.abandon(now);
  counters.restored.add(on_disk);
  counters.dropped[static_cast<size_t>(DropReason::kShutdown)].add(on_disk);
  return true;
}

// False: it waits for room in the dead letter.
bool Sender::settle_at_end(Parcel& parcel, Instant now) {
  if (!spool_is_kept() || !spool_away(parcel, now)) {
    const bool late = now.monotonic >= *shutdown_deadline_;
    if (!late && !bury(parcel, DropReason::kShutdown)) return false;
    with_.handoff.counters.dropped[static_cast<size_t>(DropReason::kShutdown)].add(parcel.records_left());
  }
  release(parcel);
  return true;
}

}  // namespace sleipnir
