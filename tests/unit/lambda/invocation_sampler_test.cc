#include "lambda/invocation_sampler.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "fake/random.h"

namespace sleipnir::test {
namespace {

Record line(std::string_view id, Level level = Level::kInfo) {
  return {.log_type = LogType::kFunction, .level = level, .request_id = id};
}
Record platform(std::string_view id, Level level = Level::kInfo) {
  return {.log_type = LogType::kPlatform, .level = level, .request_id = id};
}
Decoded event(EventKind kind, std::string_view id, EventStatus status = EventStatus::kSuccess) {
  Decoded decoded;
  decoded.kind = kind;
  decoded.status = status;
  decoded.request_id = id;
  return decoded;
}

// Nobody is in the share: what is shipped is so for another reason.
struct None : InvocationSampler {
  explicit None(bool managed_instances = false) : InvocationSampler(0, managed_instances) {}

  // The record's fate; the one of what is held before it must be this.
  Fate of(const Record& record, Fate held = Fate::kHold) {
    const Verdict verdict = judge(record);
    CHECK(verdict.held == held);
    return verdict.record;
  }
  // platform.start: its record, then the event.
  void start(std::string_view id, Fate held = Fate::kHold) {
    CHECK(of(platform(id), held) == Fate::kHold);
    CHECK(on_platform_event(event(EventKind::kStart, id)) == Fate::kHold);
  }
};

TEST_CASE("sampler_holds_an_invocation_until_it_is_done_and_drops_a_success") {
  None sampler;
  sampler.start("r1");
  CHECK(sampler.of(line("r1")) == Fate::kHold);
  CHECK(sampler.of(line("the application's own id")) == Fate::kHold);
  CHECK(sampler.of(platform("r1")) == Fate::kHold);
  CHECK(sampler.on_platform_event(event(EventKind::kRuntimeDone, "r1")) == Fate::kDrop);
  // Late ones follow, also behind the next start.
  CHECK(sampler.of(line("r1")) == Fate::kDrop);
  CHECK(sampler.of(platform("r1")) == Fate::kDrop);
  CHECK(sampler.on_platform_event(event(EventKind::kRuntimeDone, "r1")) == Fate::kHold);
  sampler.start("r2");
  CHECK(sampler.of(platform("r1")) == Fate::kDrop);
  CHECK(sampler.of(line("r1")) == Fate::kDrop);
  CHECK(sampler.on_platform_event(event(EventKind::kReport, "r1")) == Fate::kHold);
  CHECK(sampler.of(line("r2")) == Fate::kHold);
}

TEST_CASE("sampler_ships_an_invocation_that_is_no_success") {
  for (const EventStatus status :
       {EventStatus::kFailure, EventStatus::kError, EventStatus::kTimeout, EventStatus::kUnknown}) {
    for (const EventKind kind : {EventKind::kRuntimeDone, EventKind::kReport}) {
      None sampler;
      sampler.start("r1");
      CHECK(sampler.on_platform_event(event(kind, "r1", status)) == Fate::kShip);
      CHECK(sampler.of(line("r1")) == Fate::kShip);
      CHECK(sampler.of(platform("r1")) == Fate::kShip);
      sampler.start("r2");
      CHECK(sampler.of(platform("r1")) == Fate::kShip);
    }
  }
}

TEST_CASE("sampler_ships_an_invocation_that_logs_an_error_from_its_beginning_on") {
  for (const char* id : {"r1", "", "the application's own id"}) {
    for (const Level level : {Level::kError, Level::kFatal}) {
      None sampler;
      sampler.start("r1");
      CHECK(sampler.of(line("r1", Level::kWarn)) == Fate::kHold);
      CHECK(sampler.of(line(id, level), Fate::kShip) == Fate::kShip);
      CHECK(sampler.of(line("r1")) == Fate::kShip);
      CHECK(sampler.on_platform_event(event(EventKind::kRuntimeDone, "r1")) == Fate::kHold);
    }
  }
}

TEST_CASE("sampler_ships_a_late_error_alone_and_what_follows_of_its_invocation") {
  None sampler;
  sampler.start("r1");
  CHECK(sampler.on_platform_event(event(EventKind::kRuntimeDone, "r1")) == Fate::kDrop);
  CHECK(sampler.of(line("r1", Level::kError)) == Fate::kShip);
  sampler.start("r2");
  CHECK(sampler.of(line("r1", Level::kError)) == Fate::kShip);
  CHECK(sampler.of(line("r1")) == Fate::kShip);
  CHECK(sampler.of(line("r2")) == Fate::kHold);
}

TEST_CASE("sampler_ships_an_invocation_that_never_told_its_outcome") {
  None sampler;
  sampler.start("r1");
  CHECK(sampler.of(line("r1")) == Fate::kHold);
  sampler.start("r2", Fate::kShip);
  CHECK(sampler.of(line("r1")) == Fate::kShip);
  // Where platform records are not shipped the event alone tells.
  CHECK(sampler.on_platform_event(event(EventKind::kStart, "r3")) == Fate::kShip);
  CHECK(sampler.of(line("r3")) == Fate::kHold);
}

TEST_CASE("sampler_ships_what_nobody_can_hold_any_longer") {
  None sampler;
  sampler.start("r1");
  sampler.give_up();
  CHECK(sampler.of(line("r1")) == Fate::kShip);
  CHECK(sampler.on_platform_event(event(EventKind::kRuntimeDone, "r1")) == Fate::kHold);
  sampler.start("r2");
  CHECK(sampler.of(line("r2")) == Fate::kHold);
}

TEST_CASE("sampler_ships_what_belongs_to_no_request") {
  None sampler;
  CHECK(sampler.of(line("")) == Fate::kShip);
  CHECK(sampler.of(platform("")) == Fate::kShip);
  CHECK(sampler.of(line("before any start")) == Fate::kShip);
  sampler.start("r1");
  CHECK(sampler.of(platform("")) == Fate::kShip);
}

TEST_CASE("sampler_ships_the_retry_of_an_invocation_that_failed") {
  None sampler;
  sampler.start("r1");
  CHECK(sampler.on_platform_event(event(EventKind::kRuntimeDone, "r1", EventStatus::kError)) == Fate::kShip);
  sampler.start("r2");
  CHECK(sampler.on_platform_event(event(EventKind::kRuntimeDone, "r2")) == Fate::kDrop);
  CHECK(sampler.of(platform("r1")) == Fate::kShip);
  CHECK(sampler.on_platform_event(event(EventKind::kStart, "r1")) == Fate::kHold);
  CHECK(sampler.of(line("the application's own id")) == Fate::kShip);
}

TEST_CASE("sampler_ships_the_share_that_is_asked_for_and_the_same_one_always") {
  const uint64_t seed = 20261121;
  CAPTURE(seed);
  SeededRandom random(seed);
  size_t shipped = 0;
  constexpr size_t kInvocations = 20'000;
  for (size_t i = 0; i < kInvocations; i++) {
    char id[40];
    snprintf(id, sizeof(id), "%08x-%04x-4%03x-8%03x-%012llx", static_cast<unsigned>(random.next()),
             static_cast<unsigned>(random.below(0x10000)), static_cast<unsigned>(random.below(0x1000)),
             static_cast<unsigned>(random.below(0x1000)), static_cast<unsigned long long>(random.below(1ULL << 48)));
    InvocationSampler first(100'000, false);
    InvocationSampler managed(100'000, true);
    const bool ships = first.judge(platform(id)).record == Fate::kShip;
    CHECK(first.judge(line(id)).record == (ships ? Fate::kShip : Fate::kHold));
    CHECK(managed.judge(line(id)).record == (ships ? Fate::kShip : Fate::kDrop));
    shipped += ships;
  }
  CHECK(shipped > kInvocations * 9 / 100);
  CHECK(shipped < kInvocations * 11 / 100);
}

TEST_CASE("sampler_holds_nothing_on_managed_instances") {
  None sampler(true);
  CHECK(sampler.of(platform("r1")) == Fate::kDrop);
  CHECK(sampler.of(line("r2")) == Fate::kDrop);
  CHECK(sampler.of(line("r1", Level::kError)) == Fate::kShip);
  CHECK(sampler.of(line("")) == Fate::kShip);
  CHECK(sampler.on_platform_event(event(EventKind::kReport, "r1", EventStatus::kError)) == Fate::kHold);
}

}  // namespace
}  // namespace sleipnir::test
