#include "base/planted_bug.h"

#include <cstddef>
#include <iterator>

namespace sleipnir {

namespace {

// In the order of the enumerators.
constexpr std::string_view kNames[] = {"lost_on_mid_body_reset", "restamped_on_retry", "ledger_off_by_one",
                                       "hold_over_budget",       "torn_tail_taken",    "breaker_stuck_open"};

size_t planted_index = std::size(kNames);

}  // namespace

bool planted(PlantedBug bug) {
  return planted_index == static_cast<size_t>(bug);
}

bool plant(std::string_view name) {
  for (size_t i = 0; i < std::size(kNames); i++) {
    if (kNames[i] != name) continue;
    planted_index = i;
    return true;
  }
  return false;
}

}  // namespace sleipnir
