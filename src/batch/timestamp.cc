#include "batch/timestamp.h"

#include <algorithm>
#include <limits>

namespace sleipnir {

namespace {

constexpr int64_t kNanosPerMilli = 1'000'000;
// The last millisecond that fits whole into an int64_t of nanoseconds (in the year 2262).
constexpr int64_t kUnixMsMax = std::numeric_limits<int64_t>::max() / kNanosPerMilli - 1;

}  // namespace

int64_t Timestamps::stamp(WallTime event) {
  // Times before 1970 are clamped, so rounding towards zero is rounding down.
  const int64_t at = std::clamp<int64_t>(unix_ms(event), 0, kUnixMsMax);
  Slot& slot = slots_[at % kSlotCount];
  if (at > slot.unix_ms) slot = Slot{.unix_ms = at, .next = 0};
  const bool own = at == slot.unix_ms && slot.next < kOwnCountMax;
  const uint32_t count = own ? slot.next++ : next_late();
  return at * kNanosPerMilli + count;
}

uint32_t Timestamps::next_late() {
  const uint32_t count = kOwnCountMax + late_;
  late_ = (late_ + 1) % kLateCountMax;
  return count;
}

}  // namespace sleipnir
