#include "batch/backoff.h"

#include <catch2/catch_test_macros.hpp>

#include "base/limits.h"
#include "fake/random.h"

namespace sleipnir::test {
namespace {

using namespace std::chrono_literals;

TEST_CASE("backoff_doubles_from_the_first_to_the_last") {
  // The number modulo (half + 1) is 0 at one end and half at the other.
  for (const auto& [failures, full] :
       {std::pair{1, 100ms}, {2, 200ms}, {3, 400ms}, {6, 3200ms}, {7, 5000ms}, {8, 5000ms}, {1'000'000, 5000ms}}) {
    INFO(failures << " failures");
    ConstantRandom least(0);
    ConstantRandom most(static_cast<uint64_t>(full.count() / 2));
    CHECK(backoff_after(failures, least) == full / 2);
    CHECK(backoff_after(failures, most) == full);
  }
}

TEST_CASE("backoff_lies_between_half_and_all_of_its_interval") {
  SeededRandom random(7);
  bool differs = false;
  Milliseconds before{0};
  for (int i = 0; i < 1000; i++) {
    const Milliseconds drawn = backoff_after(3, random);
    CHECK(drawn >= 200ms);
    CHECK(drawn <= 400ms);
    differs = differs || (i > 0 && drawn != before);
    before = drawn;
  }
  CHECK(differs);
}

TEST_CASE("backoff_takes_no_failure_for_the_first") {
  ConstantRandom random(0);
  CHECK(backoff_after(0, random) == kBackoffFirst / 2);
  CHECK(backoff_after(-5, random) == kBackoffFirst / 2);
}

}  // namespace
}  // namespace sleipnir::test
