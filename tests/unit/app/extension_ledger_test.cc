// What the extension says of itself to Loki: ledger lines, when and how often.
#include "app/extension.h"

#include <catch2/catch_test_macros.hpp>

#include "extension_fixture.h"

namespace sleipnir::test {
namespace {

using namespace std::chrono_literals;

size_t ledger_lines(const ExtensionFixture& fixture, std::string_view level) {
  size_t count = 0;
  for (const std::string& entry : fixture.entries) {
    if (entry.find(R"(\"sleipnir\":\"ledger\")") == std::string::npos) continue;
    CHECK(entry.find(R"("log_type":"extension")") != std::string::npos);
    CHECK(entry.find(R"("instance":")") != std::string::npos);
    if (entry.find(R"("level":")" + std::string(level) + "\"") != std::string::npos) count++;
  }
  return count;
}

TEST_CASE("extension_tells_loki_at_most_once_a_minute_that_it_is_throttled") {
  ExtensionFixture fixture;
  fixture.start();
  for (int i = 0; i < 30; i++) {
    fixture.handoff.counters.throttled.add(1);
    fixture.kernel.wake();
    fixture.driver.run_for(5s);
  }
  CHECK(ledger_lines(fixture, "warn") == 3);
  CHECK(ledger_lines(fixture, "error") == 0);
  CHECK(fixture.delivered(R"(\"throttled\":1,)"));
}

TEST_CASE("extension_tells_of_drops_at_most_every_ten_seconds_but_of_the_first_at_once") {
  ExtensionFixture fixture;
  fixture.start();
  fixture.handoff.counters.throttled.add(1);
  fixture.kernel.wake();
  fixture.driver.settle();
  for (int i = 0; i < 6; i++) {
    fixture.handoff.counters.received.add(1);
    fixture.handoff.counters.dropped[static_cast<size_t>(DropReason::kRejected)].add(1);
    fixture.kernel.wake();
    fixture.driver.run_for(5s);
  }
  CHECK(ledger_lines(fixture, "error") == 3);
  CHECK(fixture.delivered(R"(\"dropped\":{\"rejected\":1})"));
}

}  // namespace
}  // namespace sleipnir::test
