// The extension on the kinds of environment that differ from the ordinary one: SnapStart and Managed Instances.
#include "app/extension.h"

#include <catch2/catch_test_macros.hpp>

#include "extension_fixture.h"

namespace sleipnir::test {
namespace {

using namespace std::chrono_literals;
using Kind = SenderMessage::Kind;

constexpr const char* kSnapStart = "AWS_LAMBDA_INITIALIZATION_TYPE=snap-start";

TEST_CASE("extension_in_a_snapshot_has_no_sender_and_draws_no_random_numbers") {
  ExtensionFixture fixture({kSnapStart});
  fixture.start();
  CHECK(fixture.lambda.next_pending());
  CHECK(fixture.post({telemetry_event("platform.initStart", "{}", fixture.now_ms()), fixture.line("of the init")}));
  fixture.driver.run_for(1min);
  // Far more than the memory holds: what does not fit waits at Lambda.
  const std::string much(100'000, 'x');
  size_t taken = 0;
  while (taken < 200 && fixture.post({fixture.line(std::to_string(taken) + much)})) taken++;
  CHECK(taken > 10);
  CHECK(taken < 200);
  fixture.driver.run_for(1min);
  CHECK(fixture.senders_started == 0);
  CHECK(fixture.random.next() == SeededRandom(1).next());
}

TEST_CASE("extension_starts_its_sender_when_it_is_restored") {
  ExtensionFixture fixture({kSnapStart});
  fixture.start();
  CHECK(fixture.post({fixture.line("of the init")}));
  fixture.clock.advance(24h);
  fixture.invoke("r1");
  CHECK(fixture.senders_started == 1);
  CHECK(fixture.count(Kind::kThaw) == 1);
  CHECK(fixture.count(Kind::kWarmUp) == 1);
  CHECK(fixture.post(
      {telemetry_event("platform.restoreStart", "{}", fixture.now_ms()), fixture.line("mine"), fixture.done("r1")}));
  CHECK(fixture.lambda.next_pending());
  CHECK(fixture.delivered(R"("of the init",{"log_type":"function","snapshot":"true"})"));
  CHECK(fixture.delivered(R"("mine",{"log_type":"function","instance":")"));
  fixture.invoke("r2");
  CHECK(fixture.senders_started == 1);
}

TEST_CASE("extension_whose_snapshot_is_shut_down_delivers_what_it_has") {
  ExtensionFixture fixture({kSnapStart});
  fixture.start();
  CHECK(fixture.post({fixture.line("of the init")}));
  SECTION("by an event") {
    fixture.shut_down();
  }
  SECTION("by a signal") {
    fixture.extension->terminate(fixture.clock.now());
    fixture.kernel.wake();
  }
  CHECK(fixture.driver.run_until([&] { return fixture.extension->exit_code().has_value(); }, 2s));
  CHECK(fixture.delivered("of the init"));
}

TEST_CASE("extension_registers_for_shutdown_alone_where_invoke_is_refused") {
  ExtensionFixture fixture;
  fixture.lambda.register_answers.push_front(http_answer(403, R"({"errorType":"Extension.InvalidEventType"})"));
  fixture.start();
  CHECK(fixture.lambda.count("/register") == 2);
  CHECK(fixture.lambda.requests[1].body == R"({"events":["SHUTDOWN"]})");
  CHECK(fixture.lambda.subscription().find("2025-01-29") != std::string::npos);
  CHECK(fixture.lambda.next_pending());
  // What refused INVOKE is Managed Instances: no id but the record's own.
  CHECK(fixture.post(
      {telemetry_event("platform.start", R"({"requestId":"r1"})", fixture.now_ms()), fixture.line("whose?")}));
  fixture.driver.run_for(1000ms);
  CHECK(fixture.delivered(R"("whose?",{"log_type":"function","instance":")"));
}

TEST_CASE("extension_registers_for_shutdown_alone_on_managed_instances") {
  ExtensionFixture fixture({"AWS_LAMBDA_INITIALIZATION_TYPE=lambda-managed-instances"});
  fixture.start();
  CHECK(fixture.lambda.requests[0].body == R"({"events":["SHUTDOWN"]})");
  CHECK(fixture.post({fixture.line("hello")}));
  fixture.driver.run_for(1000ms);
  CHECK(fixture.delivered("hello"));
}

}  // namespace
}  // namespace sleipnir::test
