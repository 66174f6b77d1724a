#include "batch/counters.h"

namespace sleipnir {

std::string_view drop_reason_name(DropReason reason) {
  switch (reason) {
    case DropReason::kRejected: return "rejected";
    case DropReason::kRejectedUnconfirmed: return "rejected_unconfirmed";
    case DropReason::kTooLarge: return "too_large";
    case DropReason::kOverflow: return "overflow";
    case DropReason::kShutdown: return "shutdown";
    case DropReason::kMalformed: return "malformed";
  }
  return "";
}

uint64_t Counters::pending() const {
  return received.get() + restored.get() - sent.get() - spooled.get() - filtered.get() - sampled_out.get() -
         duplicate.get() - dead_lettered.get() - dropped_total();
}

uint64_t Counters::dropped_total() const {
  uint64_t total = malformed.get();
  for (const Count& count : dropped) total += count.get();
  return total;
}

}  // namespace sleipnir
