// The telemetry server as its clients see it, over the fake network.
#include "http/server.h"

#include <catch2/catch_test_macros.hpp>

#include "server_fixture.h"

namespace sleipnir::test {
namespace {

using namespace std::chrono_literals;

bool begins(std::string_view text, std::string_view with) {
  return text.starts_with(with);
}

TEST_CASE("server_takes_a_post_cut_at_every_place") {
  const std::string requests[] = {
      post("hello world"),
      std::string(kChunkedHead) + chunk("hello") + chunk(" ") + chunk("world") + "0\r\n\r\n",
  };
  for (const std::string& request : requests) {
    for (size_t cut = 0; cut <= request.size(); cut++) {
      INFO("cut at " << cut);
      ServerFixture fixture;
      Peer peer = fixture.connect();
      peer.send(std::string_view(request).substr(0, cut));
      fixture.driver.settle();
      peer.send(std::string_view(request).substr(cut));
      fixture.driver.settle();
      CHECK(peer.take() == kOk);
      CHECK(fixture.handler.bodies == std::vector<std::string>{"hello world"});
    }
  }
}

TEST_CASE("server_takes_a_post_byte_by_byte") {
  for (const std::string& request :
       {post("hello"), std::string(kChunkedHead) + chunk("hel") + chunk("lo") + "0\r\n\r\n"}) {
    ServerFixture fixture;
    fixture.network.splits = {.read_bytes_max = 1, .write_bytes_max = 1};
    CHECK(fixture.exchange(request) == kOk);
    CHECK(fixture.handler.bodies == std::vector<std::string>{"hello"});
  }
}

TEST_CASE("server_takes_an_empty_body") {
  ServerFixture fixture;
  CHECK(fixture.exchange(post("")) == kOk);
  CHECK(fixture.exchange(std::string(kChunkedHead) + "0\r\n\r\n") == kOk);
  CHECK(fixture.exchange("POST / HTTP/1.1\r\n\r\n") == kOk);
  CHECK(fixture.handler.bodies == std::vector<std::string>{"", "", ""});
}

TEST_CASE("server_asks_for_a_body_that_waits_to_be_asked_for") {
  ServerFixture fixture;
  Peer peer = fixture.connect();
  peer.send("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  fixture.driver.settle();
  CHECK(peer.take() == "HTTP/1.1 100 Continue\r\n\r\n");
  peer.send("hello");
  fixture.driver.settle();
  CHECK(peer.take() == kOk);
}

TEST_CASE("server_keeps_the_connection_for_the_next_post") {
  ServerFixture fixture;
  Peer peer = fixture.connect();
  for (const char* body : {"one", "two", "three"}) {
    peer.send(post(body));
    fixture.driver.settle();
    CHECK(peer.take() == kOk);
  }
  CHECK_FALSE(peer.closed_by_object());
  CHECK(fixture.handler.bodies == std::vector<std::string>{"one", "two", "three"});
}

TEST_CASE("server_closes_where_the_client_wants_it") {
  for (const std::string& request :
       {post("a", "Connection: close\r\n"), std::string("POST / HTTP/1.0\r\nContent-Length: 1\r\n\r\na")}) {
    ServerFixture fixture;
    Peer peer = fixture.connect();
    peer.send(request);
    fixture.driver.settle();
    CHECK(peer.take() == kOkAndClose);
    CHECK(peer.closed_by_object());
  }
}

TEST_CASE("server_answers_pipelined_requests_one_by_one") {
  const std::string chunked = std::string(kChunkedHead) + chunk("b") + "0\r\n\r\n";
  const std::string all = post("a") + chunked + post("c") + chunked + chunked + post("");
  for (const size_t step : {size_t{1}, size_t{7}, SIZE_MAX}) {
    INFO("reads of " << step);
    ServerFixture fixture;
    fixture.network.splits.read_bytes_max = step;
    std::string answers;
    for (int i = 0; i < 6; i++) answers += kOk;
    CHECK(fixture.exchange(all) == answers);
    CHECK(fixture.handler.bodies == std::vector<std::string>{"a", "b", "c", "b", "b", ""});
  }
}

TEST_CASE("server_refuses_other_methods") {
  for (const char* method : {"GET", "DELETE", "HEAD", "CONNECT", "OPTIONS"}) {
    INFO(method);
    ServerFixture fixture;
    Peer peer = fixture.connect();
    const bool connect = std::string_view(method) == "CONNECT";
    peer.send(std::string(method) + (connect ? " a:1" : " /") + " HTTP/1.1\r\n\r\n");
    fixture.driver.settle();
    CHECK(begins(peer.take(), "HTTP/1.1 405 "));
    CHECK(fixture.handler.refused == std::vector<int>{405});
  }
}

TEST_CASE("server_refuses_a_head_that_is_too_large") {
  ServerFixture fixture;
  CHECK(begins(fixture.exchange("POST / HTTP/1.1\r\nX: " + std::string(kRequestHeadBytesMax, 'a')), "HTTP/1.1 431 "));
  CHECK(fixture.handler.refused == std::vector<int>{431});
}

TEST_CASE("server_refuses_what_is_not_http_and_closes") {
  ServerFixture fixture;
  Peer peer = fixture.connect();
  peer.send("\x16\x03\x01 no http at all\r\n\r\n");
  fixture.driver.settle();
  CHECK(begins(peer.take(), "HTTP/1.1 400 "));
  CHECK(peer.finished_by_object());
}

TEST_CASE("server_refuses_a_broken_chunk_and_forgets_what_came_before") {
  ServerFixture fixture;
  CHECK(begins(fixture.exchange(std::string(kChunkedHead) + chunk("hello") + "zz\r\n"), "HTTP/1.1 400 "));
  CHECK(fixture.handler.calls == 0);
  CHECK_FALSE(fixture.server->receiving());
}

TEST_CASE("server_takes_a_body_of_the_largest_size") {
  const std::string body(kTelemetryBodyBytesMax, 'x');
  const size_t half = body.size() / 2;
  const std::string requests[] = {
      post(body),
      std::string(kChunkedHead) + chunk(body) + "0\r\n\r\n",
      std::string(kChunkedHead) + chunk(body.substr(0, half)) + chunk(body.substr(half)) + "0\r\n\r\n",
  };
  for (const std::string& request : requests) {
    ServerFixture fixture;
    fixture.network.splits = {.read_bytes_max = 100'000, .random_sizes = true};
    CHECK(fixture.exchange(request) == kOk);
    REQUIRE(fixture.handler.bodies.size() == 1);
    CHECK((fixture.handler.bodies[0] == body));
  }
}

TEST_CASE("server_refuses_a_body_of_one_byte_more") {
  const std::string body(kTelemetryBodyBytesMax + 1, 'x');
  const std::string requests[] = {
      post(body),
      std::string(kChunkedHead) + chunk(body) + "0\r\n\r\n",
      std::string(kChunkedHead) + chunk(body.substr(1)) + chunk("y") + "0\r\n\r\n",
  };
  for (const std::string& request : requests) {
    ServerFixture fixture;
    Peer peer = fixture.connect();
    peer.send(request);
    fixture.driver.settle();
    CHECK(begins(peer.take(), "HTTP/1.1 413 "));
    CHECK(peer.finished_by_object());
    CHECK(fixture.handler.calls == 0);
    CHECK(fixture.handler.refused == std::vector<int>{413});
    CHECK_FALSE(fixture.server->receiving());
  }
}

TEST_CASE("server_reads_on_behind_a_refusal_until_the_client_ends_so_that_it_sees_the_answer") {
  ServerFixture fixture;
  Peer peer = fixture.connect();
  peer.send("POST / HTTP/1.1\r\nContent-Length: 5000000\r\n\r\n");
  fixture.driver.settle();
  CHECK(begins(peer.take(), "HTTP/1.1 413 "));
  CHECK(peer.finished_by_object());
  peer.send(std::string(5'000'000, 'x'));
  fixture.driver.settle();
  CHECK_FALSE(peer.closed_by_object());
  peer.finish();
  fixture.driver.settle();
  CHECK(peer.closed_by_object());
  CHECK(fixture.handler.calls == 0);
  CHECK(fixture.handler.refused == std::vector<int>{413});
}

TEST_CASE("server_reads_on_behind_a_refusal_neither_for_long_nor_for_ever_more_bytes") {
  ServerFixture fixture;
  Peer silent = fixture.connect();
  Peer chatty = fixture.connect();
  for (Peer peer : {silent, chatty}) peer.send("GET / HTTP/1.1\r\n\r\n");
  fixture.driver.settle();
  for (size_t sent = 0; sent <= kLingerBytesMax; sent += kMiB) chatty.send(std::string(kMiB, 'x'));
  fixture.driver.settle();
  CHECK(chatty.closed_by_object());
  fixture.driver.run_for(kLingerMax - Milliseconds(1));
  CHECK_FALSE(silent.closed_by_object());
  fixture.driver.run_for(Milliseconds(2));
  CHECK(silent.closed_by_object());
}

TEST_CASE("server_takes_the_next_body_after_one_that_was_too_large") {
  ServerFixture fixture;
  fixture.exchange(std::string(kChunkedHead) + chunk(std::string(kTelemetryBodyBytesMax + 1, 'x')));
  CHECK(fixture.exchange(post("hello")) == kOk);
  CHECK(fixture.handler.bodies == std::vector<std::string>{"hello"});
}

TEST_CASE("server_keeps_nothing_of_a_body_that_breaks_off") {
  enum class End { kFinish, kReset };
  for (const End end : {End::kFinish, End::kReset}) {
    ServerFixture fixture;
    Peer peer = fixture.connect();
    const std::string request = post("hello world");
    peer.send(std::string_view(request).substr(0, request.size() - 3));
    fixture.driver.settle();
    CHECK(fixture.server->receiving());
    end == End::kFinish ? peer.finish() : peer.reset();
    fixture.driver.settle();
    CHECK(fixture.handler.calls == 0);
    CHECK(fixture.handler.refused == std::vector<int>{0});
    CHECK_FALSE(fixture.server->receiving());
    // And nothing of it shows up in the next one.
    CHECK(fixture.exchange(post("again")) == kOk);
    CHECK(fixture.handler.bodies == std::vector<std::string>{"again"});
  }
}

TEST_CASE("server_does_not_mind_a_connection_that_ends_between_requests") {
  ServerFixture fixture;
  Peer peer = fixture.connect();
  peer.send(post("a"));
  peer.finish();
  fixture.driver.settle();
  CHECK(peer.take() == kOk);
  CHECK(peer.closed_by_object());
  CHECK(fixture.handler.refused.empty());
}

TEST_CASE("server_lets_a_second_body_wait_until_the_first_is_done") {
  ServerFixture fixture;
  Peer first = fixture.connect();
  Peer second = fixture.connect();
  const std::string request = post("first");
  first.send(std::string_view(request).substr(0, request.size() - 1));
  fixture.driver.settle();
  second.send(post("second"));
  fixture.driver.settle();
  CHECK(fixture.handler.calls == 0);
  first.send("t");
  fixture.driver.settle();
  CHECK(first.take() == kOk);
  CHECK(second.take() == kOk);
  CHECK(fixture.handler.bodies == std::vector<std::string>{"first", "second"});
}

TEST_CASE("server_lets_a_waiting_body_go_on_when_the_first_breaks_off") {
  ServerFixture fixture;
  Peer first = fixture.connect();
  Peer second = fixture.connect();
  first.send("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab");
  fixture.driver.settle();
  second.send(post("second"));
  fixture.driver.settle();
  first.reset();
  fixture.driver.settle();
  CHECK(second.take() == kOk);
  CHECK(fixture.handler.bodies == std::vector<std::string>{"second"});
}

TEST_CASE("server_answers_later_when_the_handler_has_room_again") {
  ServerFixture fixture;
  fixture.resuming = false;
  fixture.handler.later = 2;
  Peer peer = fixture.connect();
  peer.send(post("hello"));
  fixture.driver.settle();
  CHECK(peer.take().empty());
  CHECK(fixture.handler.calls == 1);
  fixture.server->resume(fixture.clock.now());
  CHECK(peer.take().empty());
  fixture.server->resume(fixture.clock.now());
  CHECK(peer.take() == kOk);
  CHECK(fixture.handler.calls == 3);
  CHECK(fixture.handler.bodies == std::vector<std::string>{"hello"});
}

TEST_CASE("server_goes_on_with_what_was_pipelined_behind_a_body_that_waited") {
  ServerFixture fixture;
  fixture.resuming = false;
  fixture.handler.later = 1;
  Peer peer = fixture.connect();
  peer.send(post("one") + post("two"));
  fixture.driver.settle();
  fixture.server->resume(fixture.clock.now());
  fixture.driver.settle();
  CHECK(peer.take() == std::string(kOk) + std::string(kOk));
  CHECK(fixture.handler.bodies == std::vector<std::string>{"one", "two"});
}

TEST_CASE("server_waits_for_the_handler_without_a_limit_of_time") {
  ServerFixture fixture;
  fixture.resuming = false;
  fixture.handler.later = 1;
  Peer peer = fixture.connect();
  peer.send(post("hello"));
  fixture.driver.settle();
  CHECK(fixture.server->next_deadline() == kNever);
  fixture.clock.advance(1h);
  fixture.wake();
  fixture.server->resume(fixture.clock.now());
  fixture.wake();
  CHECK(peer.take() == kOk);
}

TEST_CASE("server_breaks_off_a_request_that_has_stalled") {
  for (const char* begun : {"POST / HT", "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab"}) {
    ServerFixture fixture;
    Peer peer = fixture.connect();
    peer.send(begun);
    fixture.driver.settle();
    fixture.driver.run_for(kRequestStallMax);
    CHECK_FALSE(peer.closed_by_object());
    fixture.driver.run_for(2ms);
    CHECK(peer.closed_by_object());
    CHECK(fixture.handler.refused == std::vector<int>{0});
    CHECK_FALSE(fixture.server->receiving());
  }
}

TEST_CASE("server_times_a_request_from_its_last_byte") {
  ServerFixture fixture;
  Peer peer = fixture.connect();
  for (const char byte : post("hello")) {
    peer.send(std::string(1, byte));
    fixture.driver.run_for(kRequestStallMax - 1ms);
  }
  CHECK(peer.take() == kOk);
}

}  // namespace
}  // namespace sleipnir::test
