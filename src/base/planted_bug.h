// Planted bugs: defects that the simulation (tests/simulation) has to find, so that its silence means something.
//
// A build with -Dplanted_bugs=true has them, and shows one only when it is named there (`simulation --plant NAME`). In
// every other build, the release among them, planted() is false at compile time and nothing of them is in the program.
#pragma once

#include <cstdint>
#include <string_view>

namespace sleipnir {

enum class PlantedBug : uint8_t {
  kLostOnMidBodyReset,  // a push that breaks off counts as delivered
  kRestampedOnRetry,    // a retry has another time than the first attempt
  kLedgerOffByOne,      // a spooled batch counts as one record more
  kHoldOverBudget,      // an invocation is held a little longer than the flush budget
  kTornTailTaken,       // a spool frame is believed without its checksum
  kBreakerStuckOpen,    // a success does not close the breaker
};

#ifdef SLEIPNIR_PLANTED_BUGS
bool planted(PlantedBug bug);
// By its name ("hold_over_budget"), once, before there is a second thread. False: there is no such bug.
bool plant(std::string_view name);
#else
constexpr bool planted(PlantedBug) {
  return false;
}
#endif

}  // namespace sleipnir
