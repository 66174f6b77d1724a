// What goes over the wire to Lambda, and what is done when it does not answer.
#include "lambda/runtime_api.h"

#include <catch2/catch_test_macros.hpp>

#include "fake/driver.h"
#include "fake/http.h"

namespace sleipnir::test {
namespace {

using namespace std::chrono_literals;
using Progress = RuntimeApi::Progress;

struct ApiFixture {
  ApiFixture() {
    driver.add(kernel, [this](Instant now, std::span<const Ready>) {
      progress = api.step(now);
      return api.next_deadline();
    });
  }

  // As the extension does: the first step right after the ask.
  void begun() {
    progress = api.step(clock.now());
    driver.settle();
  }
  Peer accept() {
    Peer peer = lambda.accept();
    if (!peer.valid()) fake_failed("nobody has connected");
    return peer;
  }
  // Registers; the connection is kept.
  Peer registered() {
    api.ask_register("[]", clock.now());
    begun();
    Peer peer = accept();
    peer.take();
    peer.send(http_answer(200, "{}", "Lambda-Extension-Identifier: id-1\r\n"));
    driver.settle();
    return peer;
  }

  FakeClock clock;
  FakeNetwork network{clock, 1};
  FakeKernel kernel{network};
  FakeServer& lambda = network.serve("169.254.100.1", 9001);
  RuntimeApi api = std::move(RuntimeApi::create(kernel, "169.254.100.1:9001", "sleipnir", 1).value());
  Driver driver{network};
  Progress progress = Progress::kPending;
};

TEST_CASE("runtime_api_registers_with_these_bytes") {
  ApiFixture fixture;
  fixture.api.ask_register(R"(["INVOKE","SHUTDOWN"])", fixture.clock.now());
  fixture.begun();
  Peer peer = fixture.accept();
  CHECK(
      peer.take() ==
      "POST /2020-01-01/extension/register HTTP/1.1\r\nHost: 169.254.100.1:9001\r\nLambda-Extension-Name: sleipnir\r\n"
      "Lambda-Extension-Accept-Feature: accountId\r\nContent-Type: application/json\r\nContent-Length: 32\r\n\r\n"
      R"({"events":["INVOKE","SHUTDOWN"]})");
  CHECK(fixture.api.request_written());
}

TEST_CASE("runtime_api_subscribes_and_asks_for_events_under_its_identifier") {
  ApiFixture fixture;
  Peer peer = fixture.registered();
  CHECK(fixture.progress == Progress::kAnswered);
  fixture.api.ask_subscribe("2025-01-29", R"(["platform","function"])", 4327, fixture.clock.now());
  fixture.begun();
  const std::string body =
      R"({"schemaVersion":"2025-01-29","types":["platform","function"],"buffering":{"maxItems":1000,"maxBytes":262144,)"
      R"("timeoutMs":25},"destination":{"protocol":"HTTP","URI":"http://sandbox.localdomain:4327"}})";
  CHECK(peer.take() ==
        "PUT /2022-07-01/telemetry HTTP/1.1\r\nHost: 169.254.100.1:9001\r\n"
        "Lambda-Extension-Identifier: id-1\r\nContent-Type: application/json\r\nContent-Length: " +
            std::to_string(body.size()) + "\r\n\r\n" + body);
  peer.send(http_answer(200, "\"OK\""));
  fixture.driver.settle();
  CHECK(fixture.api.status() == 200);
  CHECK(fixture.api.body() == "\"OK\"");
  fixture.api.ask_next(fixture.clock.now());
  fixture.begun();
  CHECK(peer.take() ==
        "GET /2020-01-01/extension/event/next HTTP/1.1\r\nHost: 169.254.100.1:9001\r\n"
        "Lambda-Extension-Identifier: id-1\r\n\r\n");
  CHECK(fixture.lambda.connects() == 1);
}

TEST_CASE("runtime_api_tells_an_init_error") {
  ApiFixture fixture;
  Peer peer = fixture.registered();
  fixture.api.tell_init_error("no endpoint", fixture.clock.now());
  fixture.begun();
  const std::string request = peer.take();
  CHECK(request.starts_with("POST /2020-01-01/extension/init/error HTTP/1.1\r\n"));
  CHECK(request.find("\r\nLambda-Extension-Function-Error-Type: Extension.ConfigInvalid\r\n") != std::string::npos);
  CHECK(request.ends_with(R"({"errorMessage":"no endpoint","errorType":"Extension.ConfigInvalid","stackTrace":[]})"));
}

TEST_CASE("runtime_api_reads_an_answer_cut_at_every_place") {
  const std::string answer = http_answer(200, R"({"eventType":"INVOKE"})", "X: y\r\n");
  for (size_t cut = 1; cut < answer.size(); cut++) {
    ApiFixture fixture;
    Peer peer = fixture.registered();
    fixture.api.ask_next(fixture.clock.now());
    fixture.begun();
    peer.send(answer.substr(0, cut));
    fixture.driver.settle();
    CHECK(fixture.progress == Progress::kPending);
    peer.send(answer.substr(cut));
    fixture.driver.settle();
    CHECK(fixture.progress == Progress::kAnswered);
    CHECK(fixture.api.body() == R"({"eventType":"INVOKE"})");
  }
}

TEST_CASE("runtime_api_waits_for_the_next_event_without_a_limit") {
  ApiFixture fixture;
  Peer peer = fixture.registered();
  fixture.api.ask_next(fixture.clock.now());
  fixture.begun();
  CHECK(fixture.api.next_deadline() == kNever);
  fixture.driver.run_for(72h);
  peer.send(http_answer(200, "{}"));
  fixture.driver.settle();
  CHECK(fixture.progress == Progress::kAnswered);
}

TEST_CASE("runtime_api_is_unreachable_after_three_tries_50_ms_apart") {
  ApiFixture fixture;
  fixture.lambda.mode = FakeServer::Mode::kRefuse;
  const MonotonicTime begin = fixture.clock.monotonic();
  fixture.api.ask_register("[]", fixture.clock.now());
  fixture.begun();
  CHECK(fixture.progress == Progress::kPending);
  CHECK(fixture.lambda.connects() == 1);
  CHECK(fixture.driver.run_until([&] { return fixture.progress == Progress::kUnreachable; }, 1s));
  CHECK(fixture.clock.monotonic() - begin == 100ms);
  CHECK(fixture.lambda.connects() == 3);
  CHECK(std::string_view(fixture.api.failure()) == "Connection refused");
  CHECK(fixture.api.next_deadline() == kNever);
}

TEST_CASE("runtime_api_succeeds_at_its_third_try") {
  ApiFixture fixture;
  fixture.lambda.mode = FakeServer::Mode::kRefuse;
  fixture.api.ask_register("[]", fixture.clock.now());
  fixture.begun();
  fixture.driver.run_for(60ms);
  fixture.lambda.mode = FakeServer::Mode::kAccept;
  fixture.driver.run_for(60ms);
  Peer peer = fixture.accept();
  CHECK_FALSE(peer.take().empty());
  peer.send(http_answer(200, "{}"));
  fixture.driver.settle();
  CHECK(fixture.progress == Progress::kAnswered);
}

TEST_CASE("runtime_api_asks_again_when_the_connection_breaks_under_a_call") {
  for (const char* begun : {"", "HTTP/1.1 200 OK\r\nContent-Le"}) {
    ApiFixture fixture;
    Peer peer = fixture.registered();
    fixture.api.ask_next(fixture.clock.now());
    fixture.begun();
    const std::string request = peer.take();
    peer.send(begun);
    peer.reset();
    fixture.driver.run_for(50ms);
    Peer again = fixture.accept();
    CHECK(again.take() == request);
    again.send(http_answer(200, "{}"));
    fixture.driver.settle();
    CHECK(fixture.progress == Progress::kAnswered);
  }
}

TEST_CASE("runtime_api_makes_a_new_connection_when_lambda_closed_the_old_one_between_calls") {
  ApiFixture fixture;
  Peer peer = fixture.registered();
  peer.close();
  fixture.driver.settle();
  CHECK(fixture.kernel.open_handles() == 0);
  const MonotonicTime before = fixture.clock.monotonic();
  fixture.api.ask_next(fixture.clock.now());
  fixture.begun();
  CHECK_FALSE(fixture.accept().take().empty());
  CHECK(fixture.clock.monotonic() == before);
}

TEST_CASE("runtime_api_makes_a_new_connection_where_lambda_asks_for_it") {
  ApiFixture fixture;
  fixture.api.ask_register("[]", fixture.clock.now());
  fixture.begun();
  fixture.accept().send(http_answer(200, "{}", "Connection: close\r\nLambda-Extension-Identifier: id-1\r\n"));
  fixture.driver.settle();
  fixture.api.ask_next(fixture.clock.now());
  fixture.begun();
  CHECK(fixture.accept().take().find("Lambda-Extension-Identifier: id-1\r\n") != std::string::npos);
}

TEST_CASE("runtime_api_counts_the_tries_of_each_call_anew") {
  ApiFixture fixture;
  Peer peer = fixture.registered();
  for (int i = 0; i < 5; i++) {
    fixture.api.ask_next(fixture.clock.now());
    fixture.begun();
    peer.reset();
    fixture.driver.run_for(60ms);
    peer = fixture.accept();
    peer.send(http_answer(200, "{}"));
    fixture.driver.settle();
    CHECK(fixture.progress == Progress::kAnswered);
  }
}

TEST_CASE("runtime_api_cuts_an_answer_that_is_too_long") {
  ApiFixture fixture;
  Peer peer = fixture.registered();
  fixture.api.ask_next(fixture.clock.now());
  fixture.begun();
  peer.send(http_answer(200, std::string(2 * kRuntimeApiBodyBytesMax, 'x')));
  fixture.driver.settle();
  CHECK(fixture.progress == Progress::kAnswered);
  CHECK(fixture.api.body().size() == kRuntimeApiBodyBytesMax);
}

TEST_CASE("runtime_api_takes_addresses_with_a_port_only") {
  FakeClock clock;
  FakeNetwork network(clock, 1);
  FakeKernel kernel(network);
  for (const char* good : {"127.0.0.1:9001", "localhost:8080", "169.254.100.1:65535"}) {
    CHECK(RuntimeApi::create(kernel, good, "x", 1));
  }
  for (const char* bad :
       {"", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:65536", "example.com:80", "127.0.0.1:99999999999"}) {
    INFO(bad);
    CHECK_FALSE(RuntimeApi::create(kernel, bad, "x", 1));
  }
}

}  // namespace
}  // namespace sleipnir::test
