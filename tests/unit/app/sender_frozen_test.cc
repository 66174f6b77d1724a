// A function of 20 ms invocations a minute apart, frozen in between: its clock stands still nearly all the time, and
// the breaker has to open and to close all the same.
#include "app/sender.h"

#include <catch2/catch_test_macros.hpp>

#include "sender_fixture.h"

namespace sleipnir::test {
namespace {

using namespace std::chrono_literals;

constexpr auto kBudget = 500ms;

struct FrozenFunction {
  // One invocation after a minute's freeze, with the loop's part played here: nobody is held while the breaker is open
  // and no probe is due. How long it was held.
  Milliseconds invoke() {
    fixture.clock.advance(60s);  // nothing runs meanwhile
    fixture.put({.kind = SenderMessage::Kind::kThaw});
    fixture.batch({"line " + std::to_string(invocations++)});
    fixture.driver.run_for(20ms);
    const int64_t probe_at_ms = fixture.handoff.probe_at_ms.load();
    if (probe_at_ms != 0 && unix_ms(fixture.clock.wall()) < probe_at_ms) return 0ms;
    held++;
    fixture.flush(kBudget, 5);
    return fixture.time_to_settle();
  }

  SenderFixture fixture{{.batches = 64}};
  uint64_t invocations = 0;
  int held = 0;
};

TEST_CASE("sender_delivers_again_by_the_second_probe_though_it_is_frozen_between_invocations") {
  enum class Outage { k503, kRefused, kSilent };
  for (const Outage outage : {Outage::k503, Outage::kRefused, Outage::kSilent}) {
    for (const int minutes : {1, 3, 10, 30}) {
      INFO("outage " << static_cast<int>(outage) << " of " << minutes << " invocations");
      FrozenFunction function;
      SenderFixture& fixture = function.fixture;
      function.invoke();
      REQUIRE(fixture.sent() == 1);
      if (outage == Outage::kRefused) fixture.loki.server.mode = FakeServer::Mode::kRefuse;
      fixture.loki.judge = [outage](const ReceivedPush&) {
        return outage == Outage::kSilent ? LokiReply{.kind = LokiReply::Kind::kSilence} : answer(503);
      };
      for (int i = 0; i < minutes; i++) {
        const Milliseconds hold = function.invoke();
        CHECK(hold <= kBudget);
      }
      CHECK(fixture.breaker_open());
      fixture.loki.judge = nullptr;
      fixture.loki.server.mode = FakeServer::Mode::kAccept;
      function.held = 0;
      // The longest interval between probes is five minutes: two of them, and one invocation more.
      for (int i = 0; i < 11 && fixture.breaker_open(); i++) function.invoke();
      CHECK(function.held <= 2);
      CHECK_FALSE(fixture.breaker_open());
      function.invoke();
      CHECK(fixture.sent() == function.invocations);
      CHECK(fixture.balanced());
    }
  }
}

}  // namespace
}  // namespace sleipnir::test
