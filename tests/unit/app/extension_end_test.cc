// How the extension ends: at SHUTDOWN, when it is terminated, and what it says then.
#include "app/extension.h"

#include <catch2/catch_test_macros.hpp>

#include "extension_fixture.h"

namespace sleipnir::test {
namespace {

using namespace std::chrono_literals;

TEST_CASE("extension_waits_for_the_last_report_at_spindown_and_no_longer_than_300_ms") {
  const auto live = [](ExtensionFixture& fixture) {
    fixture.start();
    fixture.invoke("r1");
    fixture.post({fixture.line("hello"), fixture.done("r1")});
  };
  ExtensionFixture never;
  live(never);
  never.shut_down("spindown");
  never.driver.run_for(299ms);
  CHECK_FALSE(never.extension->exit_code());
  never.driver.run_for(2ms);
  CHECK(never.extension->exit_code() == 0);

  ExtensionFixture comes;
  live(comes);
  comes.shut_down("spindown");
  comes.driver.run_for(40ms);
  comes.post({comes.report("r1")});
  CHECK(comes.extension->exit_code() == 0);
  CHECK(comes.delivered("platform.report"));
}

TEST_CASE("extension_does_not_wait_for_a_report_where_none_will_come") {
  for (const char* reason : {"timeout", "failure"}) {
    ExtensionFixture fixture;
    fixture.start();
    fixture.invoke("r1");
    fixture.post({fixture.line("hello")});
    fixture.post({fixture.done("r1")});
    fixture.shut_down(reason);
    CHECK(fixture.extension->exit_code() == 0);
    CHECK(fixture.delivered("hello"));
  }
}

TEST_CASE("extension_is_over_200_ms_before_the_deadline_of_the_shutdown") {
  ExtensionFixture fixture({"LOKI_FLUSH_STRATEGY=background"});
  fixture.start();
  fixture.invoke("r1");
  fixture.post({fixture.line("hello"), fixture.done("r1")});
  fixture.delivering = false;
  const MonotonicTime begin = fixture.clock.monotonic();
  fixture.shut_down("timeout", 2000ms);
  // The sender's time, what it may then need for the spool, and ours to say how it ended.
  CHECK(fixture.shutdown_deadline == begin + 1800ms - kSpoolAtEndMax - kSenderGrace);
  CHECK(fixture.driver.run_until([&] { return fixture.extension->exit_code().has_value(); }, 5s));
  CHECK(fixture.clock.monotonic() - begin <= 1800ms);
  CHECK(fixture.extension->exit_code() == 0);
}

TEST_CASE("extension_believes_no_shutdown_deadline_that_a_wrong_clock_makes") {
  for (const auto time : {-3'600'000ms, 3'600'000ms}) {
    ExtensionFixture fixture({"LOKI_FLUSH_STRATEGY=background"});
    fixture.start();
    fixture.invoke("r1");
    fixture.delivering = false;
    fixture.post({fixture.line("hello")});
    const MonotonicTime begin = fixture.clock.monotonic();
    fixture.shut_down("timeout", time);
    CHECK(fixture.driver.run_until([&] { return fixture.extension->exit_code().has_value(); }, 10s));
    CHECK(fixture.clock.monotonic() - begin >= kShutdownShortest);
    CHECK(fixture.clock.monotonic() - begin <= kShutdownLongest);
  }
}

TEST_CASE("extension_leaves_in_order_when_it_is_terminated") {
  ExtensionFixture fixture({"LOKI_FLUSH_STRATEGY=background"});
  fixture.start();
  fixture.invoke("r1");
  fixture.post({fixture.line("hello")});
  fixture.extension->terminate(fixture.clock.now());
  fixture.kernel.wake();
  CHECK(fixture.driver.run_until([&] { return fixture.extension->exit_code().has_value(); }, 1s));
  CHECK(fixture.extension->exit_code() == 0);
  CHECK(fixture.delivered("hello"));
}

TEST_CASE("extension_says_at_the_end_what_it_has_dropped") {
  ExtensionFixture fixture;
  fixture.start();
  fixture.invoke("r1");
  fixture.post({fixture.line("hello"), fixture.done("r1")});
  fixture.handoff.counters.dropped[static_cast<size_t>(DropReason::kOverflow)].add(5);
  fixture.handoff.counters.received.add(5);
  fixture.shut_down("timeout");
  fixture.driver.run_for(2s);
  CHECK(fixture.extension->exit_code() == 0);
  CHECK(fixture.delivered(R"(\"dropped\":{\"overflow\":5})"));
}

}  // namespace
}  // namespace sleipnir::test
