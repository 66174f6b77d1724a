// LOKI_SAMPLE in the loop: batches that are held, then shipped or given back; and that the ledger counts all of them.
#include "app/extension.h"

#include <catch2/catch_test_macros.hpp>

#include "extension_fixture.h"

namespace sleipnir::test {
namespace {

using namespace std::chrono_literals;

// No invocation is in the share.
std::vector<std::string> none_of(std::vector<std::string> environment = {}) {
  environment.push_back("LOKI_SAMPLE=0");
  return environment;
}

std::string started(const ExtensionFixture& fixture, std::string_view id) {
  return telemetry_event("platform.start", R"({"requestId":")" + std::string(id) + R"(","version":"7"})",
                         fixture.now_ms());
}

void begin(ExtensionFixture& fixture, std::string_view id, std::string_view text) {
  fixture.invoke(id);
  CHECK(fixture.post({started(fixture, id), fixture.line(text)}));
}

uint64_t sampled_out(const ExtensionFixture& fixture) {
  return fixture.handoff.counters.sampled_out.get();
}

bool nothing_is_left(const ExtensionFixture& fixture) {
  return fixture.handoff.counters.pending() == 0 && fixture.extension->records_in_hand() == 0 &&
         fixture.pool->free_count() == fixture.pool->count();
}

TEST_CASE("extension_drops_the_records_of_a_success_that_is_not_in_the_share") {
  ExtensionFixture fixture(none_of());
  fixture.start();
  for (const char* id : {"r1", "r2", "r3"}) {
    begin(fixture, id, std::string("line of ") + id);
    fixture.driver.run_for(3s);  // no background flush takes them
    CHECK_FALSE(fixture.delivered("line of"));
    CHECK(fixture.extension->records_in_hand() == 2);
    CHECK(fixture.post({fixture.line("more"), fixture.done(id)}));
    CHECK(fixture.lambda.next_pending());
    CHECK(fixture.post({fixture.report(id)}));
  }
  CHECK(fixture.entries.empty());
  CHECK(sampled_out(fixture) == 3 * 5);
  CHECK(nothing_is_left(fixture));
}

TEST_CASE("extension_ships_all_of_an_invocation_that_fails") {
  for (const char* status : {"error", "failure", "timeout"}) {
    ExtensionFixture fixture(none_of());
    fixture.start();
    begin(fixture, "r1", "first line");
    CHECK(fixture.post({fixture.line("second line"), fixture.done("r1", status)}));
    CHECK(fixture.post({fixture.report("r1")}));
    fixture.shut_down();
    for (const char* text : {"platform.start", "first line", "second line", "runtimeDone", "platform.report"}) {
      CHECK(fixture.delivered(text));
    }
    CHECK(fixture.entries.size() == 5);
    CHECK(sampled_out(fixture) == 0);
    CHECK(nothing_is_left(fixture));
  }
}

TEST_CASE("extension_ships_all_of_an_invocation_that_logs_an_error") {
  ExtensionFixture fixture(none_of());
  fixture.start();
  begin(fixture, "r1", "first line");
  CHECK(fixture.post({fixture.line("[ERROR] it broke"), fixture.line("last line"), fixture.done("r1")}));
  CHECK(fixture.entries.size() == 5);
  begin(fixture, "r2", "of another");
  CHECK(fixture.post({fixture.done("r2")}));
  CHECK_FALSE(fixture.delivered("of another"));
  CHECK(sampled_out(fixture) == 3);
  CHECK(nothing_is_left(fixture));
}

TEST_CASE("extension_ships_what_it_holds_before_the_deadline_of_the_function") {
  ExtensionFixture fixture(none_of());
  fixture.start();
  fixture.invoke("r1", 3s);
  CHECK(fixture.post({started(fixture, "r1"), fixture.line("held")}));
  fixture.driver.run_for(2s);
  CHECK_FALSE(fixture.delivered("held"));
  fixture.driver.run_for(900ms);
  CHECK(fixture.delivered("held"));
}

TEST_CASE("extension_ships_at_the_end_what_it_holds") {
  ExtensionFixture fixture(none_of({"LOKI_FLUSH_STRATEGY=background"}));
  fixture.start();
  begin(fixture, "r1", "held");
  fixture.shut_down("timeout");
  CHECK(fixture.delivered("held"));
  CHECK(fixture.extension->exit_code() == 0);
  CHECK(nothing_is_left(fixture));
}

TEST_CASE("extension_ships_what_it_holds_where_memory_is_short") {
  ExtensionFixture fixture(
      none_of({"LOKI_MEMORY_LIMIT_BYTES=4194304", "LOKI_MAX_BATCH_SIZE_BYTES=65536", "LOKI_BATCH_SIZE=10"}));
  fixture.start();
  fixture.invoke("r1");
  const size_t lines = fixture.pool->count() * 10 + 5;
  std::vector<std::string> events{started(fixture, "r1")};
  for (size_t i = 1; i < lines; i++) events.push_back(fixture.line("line"));
  CHECK(fixture.post(events));
  CHECK(fixture.post({fixture.done("r1")}));
  CHECK(fixture.entries.size() == lines + 1);
  CHECK(sampled_out(fixture) == 0);
  CHECK(nothing_is_left(fixture));
}

TEST_CASE("extension_drops_an_invocation_that_took_several_batches") {
  ExtensionFixture fixture(none_of({"LOKI_BATCH_SIZE=10"}));
  fixture.start();
  fixture.invoke("r1");
  std::vector<std::string> events{started(fixture, "r1")};
  for (int i = 0; i < 34; i++) events.push_back(fixture.line("line"));
  events.push_back(fixture.done("r1"));
  CHECK(fixture.post(events));
  CHECK(fixture.entries.empty());
  CHECK(sampled_out(fixture) == 36);
  CHECK(nothing_is_left(fixture));
}

TEST_CASE("extension_samples_where_platform_records_are_not_shipped") {
  ExtensionFixture fixture(none_of({"LOKI_EVENTS=function"}));
  fixture.start();
  begin(fixture, "r1", "of a success");
  CHECK(fixture.post({fixture.done("r1")}));
  begin(fixture, "r2", "of a failure");
  CHECK(fixture.post({fixture.done("r2", "failure")}));
  CHECK(fixture.entries.size() == 1);
  CHECK(fixture.delivered("of a failure"));
  CHECK(sampled_out(fixture) == 1);
  CHECK(nothing_is_left(fixture));
}

TEST_CASE("extension_keeps_its_own_lines_out_of_what_it_holds") {
  ExtensionFixture fixture(none_of());
  fixture.start();
  begin(fixture, "r1", "held");
  fixture.handoff.counters.received.add(1);
  fixture.handoff.counters.dropped[static_cast<size_t>(DropReason::kRejected)].add(1);
  fixture.kernel.wake();
  fixture.driver.run_for(11s);
  CHECK(fixture.post({fixture.done("r1")}));
  fixture.driver.run_for(5s);
  CHECK(fixture.delivered(R"(\"sleipnir\":\"ledger\")"));
  CHECK_FALSE(fixture.delivered("held"));
  CHECK(sampled_out(fixture) == 3);
}

}  // namespace
}  // namespace sleipnir::test
