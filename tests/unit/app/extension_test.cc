// The extension's life as Lambda sees it: what it asks, when it lets the environment go, and how it ends.
#include "app/extension.h"

#include <catch2/catch_test_macros.hpp>

#include "extension_fixture.h"

namespace sleipnir::test {
namespace {

using namespace std::chrono_literals;
using Kind = SenderMessage::Kind;

std::vector<std::string> targets(const ScriptedLambda& lambda) {
  std::vector<std::string> all;
  for (const HttpRequest& request : lambda.requests) all.push_back(request.target());
  return all;
}

TEST_CASE("extension_registers_subscribes_asks_and_only_then_starts_its_sender") {
  ExtensionFixture fixture;
  fixture.start();
  CHECK(targets(fixture.lambda) == std::vector<std::string>{"POST /2020-01-01/extension/register",
                                                            "PUT /2022-07-01/telemetry",
                                                            "GET /2020-01-01/extension/event/next"});
  CHECK(fixture.lambda.requests[0].body == R"({"events":["INVOKE","SHUTDOWN"]})");
  CHECK(fixture.lambda.requests[0].header("Lambda-Extension-Name") == "sleipnir");
  CHECK(fixture.lambda.subscription().find("http://sandbox.localdomain:4327") != std::string::npos);
  CHECK(fixture.lambda.next_pending());
  CHECK(fixture.senders_started == 1);
  CHECK(fixture.next_was_written);
  CHECK(fixture.lambda.server.connects() == 1);
}

TEST_CASE("extension_lives_from_register_to_shutdown_and_delivers_everything") {
  ExtensionFixture fixture;
  fixture.start();
  for (const char* id : {"r1", "r2", "r3"}) {
    fixture.invoke(id);
    CHECK_FALSE(fixture.lambda.next_pending());
    CHECK(fixture.post({fixture.line(std::string("line of ") + id)}));
    CHECK_FALSE(fixture.lambda.next_pending());
    CHECK(fixture.post({fixture.done(id)}));
    CHECK(fixture.lambda.next_pending());
    CHECK(fixture.delivered(std::string("line of ") + id));
  }
  fixture.shut_down();
  CHECK(fixture.post({fixture.report("r3")}));
  REQUIRE(fixture.extension->exit_code());
  CHECK(*fixture.extension->exit_code() == 0);
  CHECK(fixture.delivered("platform.report"));
  CHECK(fixture.handoff.counters.pending() == 0);
  CHECK(fixture.kernel.open_handles() <= 1);
}

TEST_CASE("extension_labels_its_stream_with_what_register_told") {
  ExtensionFixture fixture;
  fixture.start();
  CHECK(fixture.push_prefix.find(R"("function_name":"orders")") != std::string::npos);
  CHECK(fixture.push_prefix.find(R"("function_version":"7")") != std::string::npos);
  CHECK(fixture.push_prefix.find(R"("account_id":"111122223333")") != std::string::npos);
}

TEST_CASE("extension_survives_any_split_of_lambdas_bytes") {
  for (uint64_t seed = 1; seed <= 20; seed++) {
    INFO("seed " << seed);
    ExtensionFixture fixture;
    for (uint64_t i = 0; i < seed; i++) fixture.network.random().next();
    fixture.network.splits = {.read_bytes_max = 9, .write_bytes_max = 30, .random_sizes = true, .again_percent = 20};
    fixture.start();
    fixture.invoke("r1");
    CHECK(fixture.post({fixture.line("hello"), fixture.done("r1")}));
    CHECK(fixture.delivered("hello"));
    CHECK(fixture.lambda.next_pending());
    fixture.shut_down("timeout");
    CHECK(fixture.extension->exit_code() == 0);
  }
}

TEST_CASE("extension_takes_telemetry_that_comes_before_it_is_ready_for_it") {
  ExtensionFixture fixture;
  fixture.lambda.subscribe_answers.clear();
  fixture.lambda.subscribe_answers.push_back("");  // not yet
  fixture.start();
  CHECK_FALSE(fixture.post({fixture.line("early")}));
  Peer(fixture.lambda.server.peers()[0]).send(http_answer(200, "\"OK\""));
  fixture.driver.settle();
  CHECK(fixture.answered());
}

// ---- the hold ----

TEST_CASE("extension_lets_the_environment_go_when_the_budget_is_used_up") {
  ExtensionFixture fixture({"LOKI_FLUSH_STRATEGY=end", "LOKI_FLUSH_BUDGET_MS=400"});
  fixture.start();
  fixture.delivering = false;
  for (const auto budget : {800ms, 400ms}) {  // twice for the first flush
    fixture.invoke("r1");
    fixture.post({fixture.line("hello"), fixture.done("r1")});
    CHECK(fixture.last_flush.deadline == fixture.clock.monotonic() + budget);
    fixture.driver.run_for(budget - 1ms);
    CHECK_FALSE(fixture.lambda.next_pending());
    fixture.driver.run_for(1ms);
    CHECK(fixture.lambda.next_pending());
  }
}

TEST_CASE("extension_gives_the_flush_that_ends_an_invocation_its_own_number_of_attempts") {
  ExtensionFixture fixture({"LOKI_FLUSH_STRATEGY=end", "LOKI_MAX_RETRIES=2", "LOKI_CRITICAL_FLUSH_RETRIES=7"});
  fixture.start();
  fixture.invoke("r1");
  fixture.post({fixture.line("hello"), fixture.done("r1")});
  CHECK(fixture.last_flush.attempts_max == 7);
}

TEST_CASE("extension_lets_the_environment_go_before_the_deadline_when_runtime_done_never_comes") {
  ExtensionFixture fixture;
  fixture.start();
  fixture.invoke("r1", 3s);
  fixture.post({fixture.line("before it hung")});
  fixture.driver.run_for(2500ms);
  CHECK(fixture.delivered("before it hung"));
  CHECK_FALSE(fixture.lambda.next_pending());
  fixture.driver.run_for(400ms);
  CHECK(fixture.lambda.next_pending());
}

TEST_CASE("extension_does_not_wait_for_a_runtime_done_that_came_before_its_invoke") {
  ExtensionFixture fixture;
  fixture.start();
  fixture.post({fixture.line("hello"), fixture.done("r1")});
  fixture.invoke("r1");
  CHECK(fixture.lambda.next_pending());
  CHECK(fixture.delivered("hello"));
}

TEST_CASE("extension_flushes_what_stands_behind_runtime_done_in_the_same_body_too") {
  ExtensionFixture fixture;
  fixture.start();
  fixture.invoke("r1");
  fixture.post({fixture.done("r1"), fixture.line("behind it")});
  CHECK(fixture.delivered("behind it"));
}

TEST_CASE("extension_asks_for_the_next_event_at_once_in_the_background") {
  ExtensionFixture fixture({"LOKI_FLUSH_STRATEGY=background"});
  fixture.start();
  fixture.invoke("r1");
  CHECK(fixture.lambda.next_pending());
  fixture.post({fixture.line("hello")});
  CHECK_FALSE(fixture.delivered("hello"));
  fixture.driver.run_for(1000ms);
  CHECK(fixture.delivered(R"("hello",{"log_type":"function","instance":")"));
}

TEST_CASE("extension_does_not_ask_for_an_older_schema_on_managed_instances") {
  ExtensionFixture fixture({"AWS_LAMBDA_INITIALIZATION_TYPE=lambda-managed-instances"});
  fixture.lambda.subscribe_answers = {http_answer(400, "no")};
  fixture.start();
  CHECK(fixture.lambda.count("/telemetry") == 1);
  CHECK(fixture.lambda.next_pending());
}

TEST_CASE("extension_holds_nobody_while_loki_is_down_except_for_a_probe") {
  ExtensionFixture fixture({"LOKI_FLUSH_STRATEGY=end"});
  fixture.start();
  fixture.delivering = false;
  fixture.handoff.probe_at_ms.store(fixture.now_ms() + 5000);
  fixture.invoke("r1");
  fixture.post({fixture.line("hello"), fixture.done("r1")});
  CHECK(fixture.lambda.next_pending());
  fixture.clock.advance(5s);
  fixture.invoke("r2");
  fixture.post({fixture.line("hello again"), fixture.done("r2")});
  CHECK_FALSE(fixture.lambda.next_pending());
}

TEST_CASE("extension_lets_a_post_wait_for_room_and_asks_for_it") {
  ExtensionFixture fixture({"LOKI_MEMORY_LIMIT_BYTES=4194304", "LOKI_MAX_LINE_SIZE=262144", "LOKI_FLUSH_STRATEGY=end"});
  fixture.start();
  fixture.delivering = false;
  fixture.invoke("r1");
  const std::string big(200'000, 'x');
  bool answered = true;
  for (int i = 0; i < 40 && answered; i++) answered = fixture.post({fixture.line(std::to_string(i) + big)});
  REQUIRE_FALSE(answered);
  CHECK(fixture.count(Kind::kMakeRoom) == 1);
  fixture.delivering = true;
  fixture.driver.settle();
  CHECK(fixture.answered());
  CHECK(fixture.post({fixture.line("and on")}));
}

TEST_CASE("extension_keeps_no_more_entries_in_memory_than_buffer_size") {
  for (const auto& [variable, least, most] : {std::tuple{"BUFFER_SIZE=100", 80, 100}, std::tuple{"BUFFER_SIZE=1", 4, 4},
                                              std::tuple{"BUFFER_SIZE=0", 400, 400}}) {
    INFO(variable);
    ExtensionFixture fixture({variable, "LOKI_FLUSH_STRATEGY=background"});
    fixture.start();
    fixture.delivering = false;
    int kept = 0;
    while (kept < 400 && fixture.post({fixture.line(std::to_string(kept))})) kept++;
    CHECK(kept >= least);
    CHECK(kept <= most);
    // What waits is not lost when there is room again.
    fixture.delivering = true;
    fixture.driver.run_for(10s);
    CHECK(fixture.handoff.counters.pending() == 0);
    CHECK(fixture.delivered("\"" + std::to_string(kept - 1) + "\""));
  }
}

TEST_CASE("extension_lets_all_of_a_post_wait_for_pushes_but_once") {
  // Each body needs several batches: of one entry each.
  for (const auto& [done, patience] : {std::pair{false, Nanoseconds(kBackPressureMax)}, {true, Nanoseconds(70ms)}}) {
    ExtensionFixture fixture({"LOKI_MEMORY_LIMIT_BYTES=4194304", "LOKI_BATCH_SIZE=1", "LOKI_FLUSH_BUDGET_MS=70"});
    fixture.start();
    fixture.delivering = false;
    fixture.invoke("r1");
    std::vector<std::string> events;
    for (int i = 0; i < 20; i++) events.push_back(fixture.line(std::to_string(i)));
    if (done) events.push_back(fixture.done("r1"));
    const MonotonicTime begin = fixture.clock.monotonic();
    REQUIRE_FALSE(fixture.post(events));
    CHECK(fixture.room_wanted_by == begin + patience);
    fixture.driver.run_for(50ms);
    // A batch comes free and the next entry wants another one: its time began with the body.
    fixture.give_back_one();
    fixture.driver.settle();
    CHECK(fixture.count(Kind::kMakeRoom) == 2);
    CHECK(fixture.room_wanted_by == begin + patience);
  }
}

TEST_CASE("extension_asks_for_room_again_when_parts_of_a_line_have_taken_what_was_free") {
  ExtensionFixture fixture({"LOKI_MEMORY_LIMIT_BYTES=4194304", "LOKI_BATCH_SIZE=1", "LOKI_MAX_LINE_SIZE=2048"});
  fixture.start();
  fixture.delivering = false;
  fixture.invoke("r1");
  REQUIRE_FALSE(fixture.post({fixture.line(std::string(40'000, 'x'))}));
  for (size_t wishes = 1; wishes <= 3; wishes++) {
    CHECK(fixture.count(Kind::kMakeRoom) == wishes);
    fixture.give_back_one();
    fixture.driver.settle();
  }
}

TEST_CASE("extension_tells_its_sender_of_a_thaw") {
  for (const auto& [gap, thaws] : {std::pair{500ms, size_t{0}}, {60'000ms, size_t{1}}}) {
    ExtensionFixture fixture;
    fixture.start();
    fixture.clock.advance(gap);
    fixture.invoke("r1");
    CHECK(fixture.count(Kind::kThaw) == thaws);
  }
}

TEST_CASE("extension_names_its_instance_before_the_first_line_but_not_in_a_snapshot") {
  const auto line_of_init = [](std::vector<std::string> environment) {
    ExtensionFixture fixture(std::move(environment));
    fixture.start();
    REQUIRE(fixture.post({fixture.line("loading")}));
    fixture.invoke("r-1");
    REQUIRE(fixture.post({fixture.done("r-1")}));
    REQUIRE(fixture.entries.size() == 2);
    CHECK(fixture.entries[1].find(R"("instance":")") != std::string::npos);
    return fixture.entries[0];
  };
  CHECK(line_of_init({}).find(R"("instance":")") != std::string::npos);
  CHECK(line_of_init({"AWS_LAMBDA_INITIALIZATION_TYPE=snap-start"}).find("instance") == std::string::npos);
}

TEST_CASE("extension_in_the_background_sends_what_a_freeze_caught_with_the_next_invocation") {
  for (const auto& [frozen, sent] : {std::pair{100ms, false}, {60'000ms, true}}) {
    ExtensionFixture fixture({"LOKI_FLUSH_STRATEGY=background"});
    fixture.start();
    fixture.invoke("r1");
    CHECK(fixture.post({fixture.line("in our batch")}));
    // The monotonic clock may stand still in a freeze: no timer is due after it.
    fixture.clock.jump_wall(frozen);
    fixture.invoke("r2");
    CHECK(fixture.delivered("in our batch") == sent);
    CHECK(fixture.post({fixture.line("in Lambda's buffer"), fixture.done("r1")}));
    CHECK(fixture.delivered("in Lambda's buffer") == sent);
    CHECK(fixture.post({fixture.line("of this invocation")}));
    CHECK_FALSE(fixture.delivered("of this invocation"));
    fixture.driver.run_for(3s);
    CHECK(fixture.delivered("of this invocation"));
  }
}

TEST_CASE("extension_seals_nothing_more_at_a_thaw_while_loki_is_down") {
  ExtensionFixture fixture({"LOKI_FLUSH_STRATEGY=background"});
  fixture.start();
  fixture.invoke("r1");
  CHECK(fixture.post({fixture.line("waits")}));
  fixture.handoff.probe_at_ms.store(fixture.now_ms() + 3'600'000);
  fixture.clock.jump_wall(60s);
  fixture.invoke("r2");
  CHECK(fixture.count(Kind::kBatch) == 0);
}

TEST_CASE("extension_warms_a_connection_up_after_next") {
  ExtensionFixture fixture;
  fixture.start();
  CHECK(fixture.count(Kind::kWarmUp) == 1);
}

TEST_CASE("extension_skips_events_it_cannot_read") {
  ExtensionFixture fixture;
  fixture.start();
  for (const char* event : {"no json", "[]", R"({"eventType":"SNAPSHOT"})", "{}"}) {
    fixture.lambda.events.push_back(event);
    fixture.driver.settle();
    CHECK(fixture.lambda.next_pending());
  }
  CHECK_FALSE(fixture.extension->exit_code());
}

// ---- what can go wrong at start ----

TEST_CASE("extension_waits_a_moment_for_its_port") {
  ExtensionFixture fixture;
  fixture.network.take_port(ExtensionFixture::kPort);
  fixture.start();
  CHECK(fixture.lambda.count("/telemetry") == 0);
  fixture.driver.run_for(100ms);
  fixture.network.free_port(ExtensionFixture::kPort);
  fixture.driver.run_for(30ms);
  CHECK(fixture.lambda.subscription().find("sandbox.localdomain:4327\"") != std::string::npos);
  CHECK(fixture.lambda.next_pending());
}

TEST_CASE("extension_takes_another_port_when_its_own_stays_taken") {
  ExtensionFixture fixture;
  fixture.network.take_port(ExtensionFixture::kPort);
  fixture.start();
  fixture.driver.run_for(230ms);
  CHECK(fixture.lambda.count("/telemetry") == 1);
  CHECK(fixture.lambda.subscription().find("sandbox.localdomain:4327\"") == std::string::npos);
  CHECK(fixture.lambda.next_pending());
}

TEST_CASE("extension_runs_on_without_telemetry_where_there_is_none") {
  for (const int status : {202, 403, 500}) {
    INFO(status);
    ExtensionFixture fixture;
    fixture.lambda.subscribe_answers = {http_answer(status, "Telemetry.NotSupported")};
    fixture.start();
    CHECK(fixture.lambda.count("/telemetry") == 1);
    CHECK(fixture.lambda.next_pending());
    // No invocation waits for what will never come.
    fixture.invoke("r1");
    CHECK(fixture.lambda.next_pending());
    fixture.shut_down();
    fixture.driver.run_for(2s);
    CHECK(fixture.extension->exit_code() == 0);
  }
}

TEST_CASE("extension_subscribes_to_an_older_schema_where_the_newest_is_refused") {
  ExtensionFixture fixture;
  fixture.lambda.subscribe_answers = {http_answer(400, "ValidationError"), http_answer(200, "\"OK\"")};
  fixture.start();
  CHECK(fixture.lambda.count("/telemetry") == 2);
  CHECK(fixture.lambda.subscription().find(R"("schemaVersion":"2022-12-13")") != std::string::npos);
  CHECK(fixture.lambda.next_pending());
  ExtensionFixture none;
  none.lambda.subscribe_answers = {http_answer(400, "ValidationError")};
  none.start();
  CHECK(none.lambda.count("/telemetry") == 3);
  CHECK(none.lambda.next_pending());
}

TEST_CASE("extension_leaves_when_it_may_not_register") {
  ExtensionFixture fixture;
  fixture.lambda.register_answers = {http_answer(403, "Extension.TooManyExtensions")};
  fixture.start();
  CHECK(fixture.extension->exit_code() == 1);
}

TEST_CASE("extension_leaves_within_300_ms_when_the_runtime_api_is_gone") {
  for (const bool delivering : {true, false}) {
    ExtensionFixture fixture;
    fixture.start();
    fixture.invoke("r1");
    fixture.post({fixture.line("the last words")});
    fixture.delivering = delivering;
    fixture.lambda.server.mode = FakeServer::Mode::kRefuse;
    for (Peer peer : fixture.lambda.server.peers()) peer.reset();
    // /next cannot be asked any more.
    fixture.post({fixture.done("r1")});
    const MonotonicTime begin = fixture.clock.monotonic();
    CHECK(fixture.driver.run_until([&] { return fixture.extension->exit_code().has_value(); }, 5s));
    CHECK(fixture.extension->exit_code() == 1);
    // The budget of a first flush, three tries, and 300 ms.
    const Nanoseconds most = delivering ? 200ms : 1000ms + 200ms + kOrphanedFlush;
    CHECK(fixture.clock.monotonic() - begin <= most);
    if (delivering) CHECK(fixture.delivered("the last words"));
  }
}

TEST_CASE("extension_leaves_when_the_next_event_is_refused") {
  for (const int status : {403, 500}) {
    ExtensionFixture fixture;
    fixture.lambda.next_refusal = http_answer(status, "Extension.UnknownExtensionIdentifier");
    fixture.start();
    fixture.driver.run_for(kOrphanedFlush);
    CHECK(fixture.extension->exit_code() == 1);
  }
}

TEST_CASE("extension_does_nothing_at_all_when_it_is_switched_off") {
  ExtensionFixture fixture({"LOKI_EXTENSION_ENABLED=false"});
  fixture.start();
  CHECK(targets(fixture.lambda) ==
        std::vector<std::string>{"POST /2020-01-01/extension/register", "GET /2020-01-01/extension/event/next"});
  CHECK(fixture.lambda.requests[0].body == R"({"events":[]})");
  CHECK(fixture.senders_started == 0);
  CHECK_FALSE(fixture.network.connect(ExtensionFixture::kPort).valid());
  fixture.driver.run_for(24h);
  CHECK(fixture.lambda.requests.size() == 2);
  CHECK_FALSE(fixture.extension->exit_code());
}

TEST_CASE("extension_without_an_endpoint_lets_every_invocation_pass_and_leaves_in_order") {
  ExtensionFixture fixture(ExtensionFixture::Bare{}, {});
  fixture.start();
  CHECK(fixture.lambda.next_pending());
  CHECK(fixture.senders_started == 0);
  CHECK_FALSE(fixture.network.connect(ExtensionFixture::kPort).valid());
  fixture.shut_down();
  CHECK(fixture.extension->exit_code() == 0);
}

TEST_CASE("extension_fails_the_init_where_that_is_asked_for") {
  ExtensionFixture fixture(ExtensionFixture::Bare{}, {"LOKI_STRICT=true"});
  fixture.start();
  CHECK(fixture.lambda.count("/init/error") == 1);
  CHECK(fixture.lambda.count("/next") == 0);
  CHECK(fixture.extension->exit_code() == 1);
}

}  // namespace
}  // namespace sleipnir::test
