// One connection to Loki, event by event.
#include "loki/push_connection.h"

#include <catch2/catch_test_macros.hpp>

#include "fake/http.h"
#include "fake/kernel.h"
#include "fake/streams.h"

namespace sleipnir::test {
namespace {

using namespace std::chrono_literals;
using Event = PushConnection::Event;
using State = PushConnection::State;

struct ConnectionFixture {
  void open(Nanoseconds timeout = 2s) {
    connection.open(Address::from_literal("10.0.0.1", 80).value(), clock.monotonic() + timeout, clock.now());
  }
  void push(Nanoseconds timeout = 10s) {
    const iovec one = piece("request", 7);
    connection.push(Pieces(&one, 1), clock.monotonic() + timeout, clock.now());
  }
  Event step() { return connection.step(clock.now()); }
  // Opened and ready.
  Peer ready() {
    open();
    if (step() != Event::kReady) fake_failed("not ready");
    return server.accept();
  }
  // As the loop would: only when the handle is ready, or its time has come.
  Event step_if_due() {
    const bool due = connection.next_deadline() <= clock.monotonic();
    return due || !kernel.ready().empty() ? step() : Event::kNone;
  }

  FakeClock clock;
  FakeNetwork network{clock, 1};
  FakeKernel kernel{network};
  FakeStreams streams{kernel};
  FakeServer& server = network.serve("10.0.0.1", 80);
  PushConnection connection{kernel, streams, 7};
};

TEST_CASE("push_connection_is_opened_used_and_used_again") {
  ConnectionFixture fixture;
  Peer peer = fixture.ready();
  CHECK(fixture.connection.next_deadline() == kNever);
  for (int i = 0; i < 3; i++) {
    fixture.push();
    CHECK(fixture.step() == Event::kNone);
    CHECK(fixture.connection.state() == State::kPushing);
    CHECK(peer.take() == "request");
    peer.send(http_answer(400, "no", "Retry-After: 3\r\nContent-Type: text/plain\r\nLocation: /x\r\n"));
    CHECK(fixture.step_if_due() == Event::kAnswered);
    CHECK(fixture.connection.status() == 400);
    CHECK(fixture.connection.body() == "no");
    CHECK(fixture.connection.retry_after() == "3");
    CHECK(fixture.connection.content_type() == "text/plain");
    CHECK(fixture.connection.location() == "/x");
    CHECK(fixture.connection.state() == State::kReady);
  }
}

TEST_CASE("push_connection_fails_when_it_is_refused") {
  ConnectionFixture fixture;
  fixture.server.mode = FakeServer::Mode::kRefuse;
  fixture.open();
  CHECK(fixture.step_if_due() == Event::kFailed);
  CHECK(std::string_view(fixture.connection.failure()) == "Connection refused");
  CHECK(fixture.connection.state() == State::kClosed);
  CHECK(fixture.kernel.open_handles() == 0);
}

TEST_CASE("push_connection_fails_when_connecting_takes_too_long") {
  ConnectionFixture fixture;
  fixture.server.mode = FakeServer::Mode::kPending;
  fixture.open(2s);
  fixture.clock.advance(2s - 1ns);
  CHECK(fixture.step_if_due() == Event::kNone);
  fixture.clock.advance(1ns);
  CHECK(fixture.step_if_due() == Event::kFailed);
  CHECK(std::string_view(fixture.connection.failure()) == "the connection was not made in time");
}

TEST_CASE("push_connection_fails_at_once_where_no_stream_can_be_made") {
  ConnectionFixture fixture;
  fixture.streams.failures = 1;
  fixture.open();
  CHECK(fixture.step_if_due() == Event::kFailed);
  CHECK(std::string_view(fixture.connection.failure()) == "no stream today");
  fixture.open();
  CHECK(fixture.step() == Event::kReady);
}

TEST_CASE("push_connection_fails_when_no_answer_comes_in_time") {
  ConnectionFixture fixture;
  fixture.ready();
  fixture.push(10s);
  fixture.step();
  CHECK(fixture.connection.unanswered());
  fixture.clock.advance(10s - 1ns);
  CHECK(fixture.step_if_due() == Event::kNone);
  fixture.clock.advance(1ns);
  CHECK(fixture.step_if_due() == Event::kFailed);
  CHECK(fixture.kernel.open_handles() == 0);
}

TEST_CASE("push_connection_takes_an_answer_that_is_there_when_its_time_is_over") {
  ConnectionFixture fixture;
  Peer peer = fixture.ready();
  fixture.push(10s);
  fixture.step();
  peer.send(http_answer(204));
  fixture.clock.advance(1h);  // frozen in between
  CHECK(fixture.step_if_due() == Event::kAnswered);
}

TEST_CASE("push_connection_is_stale_only_where_it_had_waited_before_the_push") {
  enum class Before { kNothing, kAnAnswer, kAWhile };
  for (const Before before : {Before::kNothing, Before::kAnAnswer, Before::kAWhile}) {
    ConnectionFixture fixture;
    Peer peer = fixture.ready();
    if (before == Before::kAWhile) fixture.clock.advance(1s);
    if (before == Before::kAnAnswer) {
      fixture.push();
      fixture.step();
      peer.send(http_answer(204));
      CHECK(fixture.step_if_due() == Event::kAnswered);
    }
    fixture.push();
    fixture.step();
    peer.reset();
    CHECK(fixture.step_if_due() == (before == Before::kNothing ? Event::kFailed : Event::kStale));
    CHECK(fixture.connection.state() == State::kClosed);
  }
}

TEST_CASE("push_connection_is_not_stale_once_a_byte_of_an_answer_has_come") {
  ConnectionFixture fixture;
  Peer peer = fixture.ready();
  fixture.clock.advance(1s);
  fixture.push();
  fixture.step();
  peer.send("HTTP/1.1 2");
  peer.reset();
  CHECK(fixture.step_if_due() == Event::kFailed);
}

TEST_CASE("push_connection_notices_its_end_while_it_waits") {
  enum class How { kEnds, kTalks };
  for (const How how : {How::kEnds, How::kTalks}) {
    ConnectionFixture fixture;
    Peer peer = fixture.ready();
    how == How::kEnds ? peer.finish() : peer.send("HTTP/1.1 408 Timeout\r\n\r\n");
    CHECK(fixture.step_if_due() == Event::kNone);
    CHECK(fixture.connection.state() == State::kClosed);
    CHECK(fixture.kernel.open_handles() == 0);
  }
}

TEST_CASE("push_connection_is_closed_where_the_server_wants_it") {
  ConnectionFixture fixture;
  Peer peer = fixture.ready();
  fixture.push();
  fixture.step();
  peer.send(http_answer(204, "", "Connection: close\r\n"));
  CHECK(fixture.step_if_due() == Event::kAnswered);
  CHECK(fixture.connection.status() == 204);
  CHECK(fixture.connection.state() == State::kClosed);
}

TEST_CASE("push_connection_is_given_up_at_a_thaw_after_50_seconds_of_idleness") {
  for (const auto& [idle, state] : {std::pair{50s, State::kReady}, {51s, State::kClosed}}) {
    ConnectionFixture fixture;
    fixture.ready();
    fixture.clock.jump_wall(idle);
    fixture.connection.on_thaw(fixture.clock.monotonic() + 10s, fixture.clock.now());
    CHECK(fixture.connection.state() == state);
  }
}

TEST_CASE("push_connection_gives_what_is_under_way_its_time_again_at_a_thaw") {
  ConnectionFixture fixture;
  Peer peer = fixture.ready();
  fixture.push(10s);
  fixture.step();
  fixture.clock.advance(1h);
  fixture.connection.on_thaw(fixture.clock.monotonic() + 10s, fixture.clock.now());
  CHECK(fixture.step() == Event::kNone);
  fixture.clock.advance(9s);
  peer.send(http_answer(204));
  CHECK(fixture.step_if_due() == Event::kAnswered);
}

}  // namespace
}  // namespace sleipnir::test
