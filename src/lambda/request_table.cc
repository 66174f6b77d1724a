#include "lambda/request_table.h"

#include "base/hash.h"

namespace sleipnir {

size_t RequestTable::index_of(std::string_view request_id) const {
  // Nearly always the one that was put last.
  if (slots_[newest_].request_id == request_id) return newest_;
  const uint64_t hash = hash_bytes(request_id);
  for (size_t i = 0; i < kSlots; i++) {
    if (hashes_[i] == hash && slots_[i].request_id == request_id) return i;
  }
  return kSlots;
}

RequestTable::Request& RequestTable::put(std::string_view request_id) {
  const size_t known = index_of(request_id);
  if (known != kSlots) return slots_[known];
  newest_ = (newest_ + 1) % kSlots;
  hashes_[newest_] = hash_bytes(request_id);
  Request& slot = slots_[newest_];
  slot.request_id.assign(request_id);
  slot.trace_id.clear();
  slot.tenant_id.clear();
  return slot;
}

const RequestTable::Request* RequestTable::find(std::string_view request_id) const {
  if (request_id.empty()) return nullptr;
  const size_t known = index_of(request_id);
  return known == kSlots ? nullptr : &slots_[known];
}

}  // namespace sleipnir
