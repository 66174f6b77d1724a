#include "lambda/request_table.h"

#include <algorithm>
#include <cstring>

namespace sleipnir {

size_t RequestTable::slot_of(std::string_view request_id) {
  // The first eight bytes of a UUID are random digits; the multiplication spreads what other ids have there.
  uint64_t head = 0;
  memcpy(&head, request_id.data(), std::min(request_id.size(), sizeof head));
  static_assert(kSlots == 64, "the shift below keeps six bits");
  return static_cast<size_t>((head * 0x9e3779b97f4a7c15u) >> 58);
}

RequestTable::Request& RequestTable::put(std::string_view request_id) {
  Request& slot = slots_[slot_of(request_id)];
  if (!(slot.request_id == request_id)) {
    slot.request_id.assign(request_id);
    slot.trace_id.clear();
    slot.tenant_id.clear();
  }
  return slot;
}

const RequestTable::Request* RequestTable::find(std::string_view request_id) const {
  if (request_id.empty()) return nullptr;
  const Request& slot = slots_[slot_of(request_id)];
  return slot.request_id == request_id ? &slot : nullptr;
}

}  // namespace sleipnir
