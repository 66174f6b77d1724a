#include "batch/timestamp.h"

#include <catch2/catch_test_macros.hpp>
#include <limits>
#include <set>

namespace sleipnir {
namespace {

constexpr int64_t kMs = 1'770'000'000'000;
constexpr int64_t kNanos = 1'000'000;

TEST_CASE("arrivals_within_a_millisecond_count_upwards_in_nanoseconds") {
  Timestamps timestamps;
  CHECK(timestamps.stamp(wall_from_unix_ms(kMs)) == kMs * kNanos);
  CHECK(timestamps.stamp(wall_from_unix_ms(kMs)) == kMs * kNanos + 1);
  CHECK(timestamps.stamp(wall_from_unix_ms(kMs + 1)) == (kMs + 1) * kNanos);
  CHECK(timestamps.stamp(wall_from_unix_ms(kMs)) == kMs * kNanos + 2);
}

TEST_CASE("what_an_event_time_has_below_a_millisecond_is_ignored") {
  Timestamps timestamps;
  CHECK(timestamps.stamp(wall_from_unix_ms(kMs) + Nanoseconds(999'999)) == kMs * kNanos);
  CHECK(timestamps.stamp(wall_from_unix_ms(kMs) + Nanoseconds(1)) == kMs * kNanos + 1);
}

TEST_CASE("a_late_record_goes_on_with_its_own_millisecond_while_that_is_remembered") {
  Timestamps timestamps;
  static_cast<void>(timestamps.stamp(wall_from_unix_ms(kMs)));
  for (int64_t i = 1; i < Timestamps::kSlotCount; i++) static_cast<void>(timestamps.stamp(wall_from_unix_ms(kMs + i)));
  CHECK(timestamps.stamp(wall_from_unix_ms(kMs)) == kMs * kNanos + 1);
}

TEST_CASE("a_late_record_whose_millisecond_is_forgotten_still_gets_a_time_of_its_own") {
  Timestamps timestamps;
  const int64_t first = timestamps.stamp(wall_from_unix_ms(kMs));
  const int64_t newer = timestamps.stamp(wall_from_unix_ms(kMs + Timestamps::kSlotCount));
  const int64_t late = timestamps.stamp(wall_from_unix_ms(kMs));
  CHECK(late == kMs * kNanos + Timestamps::kOwnCountMax);
  CHECK(timestamps.stamp(wall_from_unix_ms(kMs)) == late + 1);
  CHECK(late > first);
  // The newer millisecond keeps its counter.
  CHECK(timestamps.stamp(wall_from_unix_ms(kMs + Timestamps::kSlotCount)) == newer + 1);
}

TEST_CASE("records_beyond_a_millisecond_s_own_count_stay_in_it_and_differ") {
  Timestamps timestamps;
  int64_t last = -1;
  for (int64_t i = 0; i < kNanos; i++) {
    const int64_t time = timestamps.stamp(wall_from_unix_ms(kMs));
    REQUIRE(time > last);
    REQUIRE(time / kNanos == kMs);
    last = time;
  }
  CHECK(last == kMs * kNanos + kNanos - 1);
  // One more starts the latecomers' numbers again, within the millisecond.
  CHECK(timestamps.stamp(wall_from_unix_ms(kMs)) == kMs * kNanos + Timestamps::kOwnCountMax);
}

TEST_CASE("times_out_of_range_are_clamped") {
  Timestamps timestamps;
  CHECK(timestamps.stamp(WallTime(Nanoseconds(-5))) == 0);
  CHECK(timestamps.stamp(WallTime::min()) == 1);
  const int64_t last = timestamps.stamp(WallTime::max());
  CHECK(last > 0);
  CHECK(last < std::numeric_limits<int64_t>::max());
  CHECK(timestamps.stamp(WallTime::max()) == last + 1);
}

TEST_CASE("mixed_late_and_timely_records_never_share_a_time") {
  Timestamps timestamps;
  std::set<int64_t> seen;
  uint64_t state = 7;
  for (int i = 0; i < 50'000; i++) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    const int64_t back = static_cast<int64_t>(state >> 33) % 2000;
    REQUIRE(seen.insert(timestamps.stamp(wall_from_unix_ms(kMs + i / 10 - back))).second);
  }
}

}  // namespace
}  // namespace sleipnir
