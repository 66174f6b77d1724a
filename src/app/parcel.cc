#include "app/parcel.h"

namespace sleipnir {

bool Parcel::halve_next() {
  const EntryRange range = next();
  if (range.count < 2 || count_ == kRangesMax) return false;
  const uint32_t half = range.count / 2;
  settle_next();
  push(EntryRange{.first = range.first + half, .count = range.count - half});
  push(EntryRange{.first = range.first, .count = half});
  return true;
}

uint64_t Parcel::records_left() const {
  uint64_t records = 0;
  for (size_t i = 0; i < count_; i++) records += batch_->record_count(todo_[i]);
  return records;
}

}  // namespace sleipnir
