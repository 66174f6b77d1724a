#include "batch/breaker.h"

#include <catch2/catch_test_macros.hpp>

#include "base/limits.h"
#include "fake/clock.h"
#include "fake/random.h"

namespace sleipnir::test {
namespace {

using namespace std::chrono_literals;

TEST_CASE("breaker_is_closed_at_first_and_allows_everything") {
  const Breaker breaker;
  CHECK_FALSE(breaker.open());
  CHECK(breaker.allows(WallTime::min()));
}

TEST_CASE("breaker_doubles_its_interval_from_five_seconds_to_five_minutes") {
  FakeClock clock;
  ConstantRandom none(0);
  Breaker breaker;
  for (const auto interval : {5s, 10s, 20s, 40s, 80s, 160s, 300s, 300s, 300s}) {
    breaker.fail(clock.wall(), none);
    CHECK(breaker.open());
    CHECK(breaker.probe_at() == clock.wall() + interval);
    CHECK_FALSE(breaker.allows(breaker.probe_at() - 1ns));
    CHECK(breaker.allows(breaker.probe_at()));
    clock.advance(interval);
  }
}

TEST_CASE("breaker_probes_up_to_a_fifth_earlier") {
  FakeClock clock;
  SeededRandom random(3);
  for (int i = 0; i < 1000; i++) {
    Breaker breaker;
    breaker.fail(clock.wall(), random);
    CHECK(breaker.probe_at() >= clock.wall() + 4s);
    CHECK(breaker.probe_at() <= clock.wall() + 5s);
  }
}

TEST_CASE("breaker_takes_failures_of_one_outage_for_one") {
  FakeClock clock;
  ConstantRandom none(0);
  Breaker breaker;
  breaker.fail(clock.wall(), none);
  const WallTime first = breaker.probe_at();
  for (int i = 0; i < 5; i++) {
    clock.advance(900ms);
    breaker.fail(clock.wall(), none);
    CHECK(breaker.probe_at() == first);
  }
}

TEST_CASE("breaker_begins_again_after_a_success") {
  FakeClock clock;
  ConstantRandom none(0);
  Breaker breaker;
  for (int i = 0; i < 5; i++) {
    breaker.fail(clock.wall(), none);
    clock.advance(10min);
  }
  breaker.succeed();
  CHECK_FALSE(breaker.open());
  breaker.fail(clock.wall(), none);
  CHECK(breaker.probe_at() == clock.wall() + kProbeFirst);
}

}  // namespace
}  // namespace sleipnir::test
