#include "batch/counters.h"

#include <catch2/catch_test_macros.hpp>

namespace sleipnir::test {
namespace {

TEST_CASE("counters_solve_the_equation_for_what_is_pending") {
  Counters counters;
  counters.received.add(100);
  counters.restored.add(20);
  CHECK(counters.pending() == 120);
  counters.sent.add(50);
  counters.spooled.add(10);
  counters.filtered.add(5);
  counters.duplicate.add(4);
  counters.malformed.add(3);
  for (Count& count : counters.dropped) count.add(2);
  CHECK(counters.dropped_total() == 3 + 2 * kDropReasons);
  CHECK(counters.pending() == 120 - 50 - 10 - 5 - 4 - counters.dropped_total());
}

TEST_CASE("counters_name_every_reason_differently") {
  for (size_t i = 0; i < kDropReasons; i++) {
    CHECK_FALSE(drop_reason_name(static_cast<DropReason>(i)).empty());
    for (size_t j = 0; j < i; j++) {
      CHECK(drop_reason_name(static_cast<DropReason>(i)) != drop_reason_name(static_cast<DropReason>(j)));
    }
  }
}

}  // namespace
}  // namespace sleipnir::test
