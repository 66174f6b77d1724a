// The sender and the dead letter: what would be dropped is put into it, as long as it has room.

#include "app/dead_letter.h"
#include "app/sender.h"
#include "base/json_fields.h"
#include "loki/labels.h"

namespace sleipnir {

namespace {

// Whose records they are; empty: the entries do not say it.
std::string_view instance_of(const Batch& batch, uint32_t entry) {
  std::string_view rest = batch.entry(entry);
  rest.remove_prefix(batch.entry_without_metadata(entry).size());
  return rest.starts_with(",{") ? json_field(rest.substr(1), "instance").value : std::string_view();
}

}  // namespace

// False: there is no dead letter, or no room in it.
bool Sender::to_dead_letter(Batch& batch, EntryRange range, DropReason reason, uint64_t records) {
  if (with_.dead_letter == nullptr || with_.dead_letter->full()) return false;
  const FixedText<128> instance(instance_of(batch, range.first));
  std::unique_ptr<char[]> own;
  const PushText text(batch, range, prefix_for(batch, own), kPushSuffix,
                      {scratch_.get(), PushText::scratch_bytes(with_.pool.layout())});
  return with_.dead_letter->take(text.view(), compressor_, instance.view(), reason, records);
}

// Takes a parcel's ranges for the dead letter, in halves where it must be, and settles them. False: the rest of them
// has no room before the object under way is put.
bool Sender::bury(Parcel& parcel, DropReason reason) {
  while (!parcel.done()) {
    const EntryRange range = parcel.next();
    const uint64_t records = parcel.batch()->record_count(range);
    if (!to_dead_letter(*parcel.batch(), range, reason, records)) {
      if (dead_letter_full()) return false;
      if (with_.dead_letter != nullptr && parcel.halve_next()) continue;
      with_.handoff.counters.dropped[static_cast<size_t>(reason)].add(records);
    }
    parcel.settle_next();
  }
  return true;
}

// The same with what is on disk. False: some of it has no room yet.
bool Sender::bury_spooled(Instant now) {
  with_.spool.scan(now);
  while (with_.spool.waiting()) {
    if (dead_letter_full()) return false;
    Parcel* const parcel = restore_one(now);
    if (parcel == nullptr) return true;
    // None of Loki's business any more.
    parcel->flush_attempts = attempts_allowed();
    if (!settle_at_end(*parcel, now)) return false;
  }
  return true;
}

bool Sender::dead_letter_full() const {
  return with_.dead_letter != nullptr && with_.dead_letter->full();
}

}  // namespace sleipnir
