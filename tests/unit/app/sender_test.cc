// Delivery as Loki and the waiting loop see it: what is pushed, when a flush is settled, what becomes of the breaker.
#include "app/sender.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "sender_fixture.h"

namespace sleipnir::test {
namespace {

using namespace std::chrono_literals;

constexpr Milliseconds kBudget{500};

TEST_CASE("sender_delivers_a_batch_and_settles_the_flush_at_once") {
  SenderFixture fixture;
  fixture.batch({"one", "two"});
  fixture.flush(kBudget);
  CHECK(fixture.time_to_settle() == 0ms);
  CHECK(fixture.loki.lines() == std::vector<std::string>{"one", "two"});
  CHECK(fixture.sent() == 2);
  CHECK(fixture.handoff.counters.pending() == 0);
  CHECK(fixture.pool->free_count() == fixture.pool->count());
  CHECK(fixture.loop.woken());
}

TEST_CASE("sender_settles_a_flush_of_nothing_at_once") {
  SenderFixture fixture;
  fixture.flush(kBudget);
  CHECK(fixture.time_to_settle() == 0ms);
  CHECK(fixture.loki.server.connects() == 0);
}

TEST_CASE("sender_pushes_prefix_entries_and_suffix_below_the_compression_threshold") {
  SenderFixture fixture;
  fixture.batch({"a"});
  fixture.driver.settle();
  REQUIRE(fixture.loki.pushes.size() == 1);
  const HttpRequest& request = fixture.loki.pushes[0].request;
  CHECK(request.target() == "POST /loki/api/v1/push");
  CHECK(request.header("Content-Encoding").empty());
  CHECK(request.body == std::string(SenderFixture::kPrefix) +
                            R"(["1780000000000000000","a",{"request_id":"id","log_type":"function"}]]}]})");
}

TEST_CASE("sender_compresses_from_the_threshold_on") {
  // One byte makes the difference; found by the size of the body without compression.
  const auto encoding_with_threshold = [](size_t threshold, size_t& body_bytes) {
    SenderFixture fixture({.options = {.compression_threshold_bytes = threshold}});
    fixture.batch({std::string(300, 'x')});
    fixture.driver.settle();
    body_bytes = fixture.loki.pushes.at(0).text.size();
    return fixture.loki.pushes.at(0).request.header("Content-Encoding");
  };
  size_t bytes = 0;
  CHECK(encoding_with_threshold(100'000, bytes).empty());
  const size_t plain = bytes;
  CHECK(encoding_with_threshold(plain, bytes).empty());
  CHECK(encoding_with_threshold(plain - 1, bytes) == "gzip");
  CHECK(bytes == plain);
}

TEST_CASE("sender_keeps_its_connection_for_the_next_push") {
  SenderFixture fixture;
  for (int i = 0; i < 3; i++) {
    fixture.batch({"line"});
    fixture.driver.settle();
  }
  CHECK(fixture.loki.pushes.size() == 3);
  CHECK(fixture.loki.server.connects() == 1);
}

TEST_CASE("sender_makes_a_new_connection_where_the_server_closes") {
  SenderFixture fixture;
  fixture.loki.replies = {answer(204, "", "Connection: close\r\n")};
  fixture.batch({"one"});
  fixture.driver.settle();
  fixture.batch({"two"});
  fixture.driver.settle();
  CHECK(fixture.loki.server.connects() == 2);
  CHECK(fixture.sent() == 2);
}

TEST_CASE("sender_repeats_a_push_with_the_same_bytes_until_it_is_taken") {
  SenderFixture fixture;
  fixture.loki.replies = {answer(503, "busy"), {.kind = LokiReply::Kind::kReset}};
  fixture.batch(numbered(100));
  fixture.flush(kBudget, 5);
  CHECK(fixture.time_to_settle() < kBudget);
  REQUIRE(fixture.loki.pushes.size() == 3);
  CHECK(fixture.loki.pushes[0].request.header("Content-Encoding") == "gzip");
  CHECK((fixture.loki.pushes[0].request.body == fixture.loki.pushes[1].request.body));
  CHECK((fixture.loki.pushes[0].request.body == fixture.loki.pushes[2].request.body));
  CHECK(fixture.sent() == 100);
  CHECK_FALSE(fixture.breaker_open());
}

TEST_CASE("sender_replays_a_push_at_once_when_a_kept_connection_is_dead") {
  for (const LokiReply::Kind kind : {LokiReply::Kind::kClose, LokiReply::Kind::kReset}) {
    SenderFixture fixture;
    fixture.batch({"one"});
    fixture.driver.settle();
    fixture.loki.replies = {{.kind = kind}};
    fixture.batch({"two"});
    fixture.flush(kBudget, 1);
    CHECK(fixture.time_to_settle() == 0ms);
    CHECK(fixture.sent() == 2);
    CHECK(fixture.handoff.counters.push_failures.get() == 0);
    CHECK(fixture.loki.server.connects() == 2);
  }
}

TEST_CASE("sender_replays_a_push_at_once_when_a_connection_made_ahead_has_died_meanwhile") {
  SenderFixture fixture;
  fixture.put({.kind = SenderMessage::Kind::kWarmUp});
  fixture.driver.settle();
  REQUIRE(fixture.loki.server.connects() == 1);
  fixture.clock.advance(30s);
  fixture.loki.replies = {{.kind = LokiReply::Kind::kReset}};
  fixture.batch({"one"});
  fixture.flush(kBudget, 1);
  CHECK(fixture.time_to_settle() == 0ms);
  CHECK(fixture.sent() == 1);
  CHECK(fixture.handoff.counters.push_failures.get() == 0);
}

TEST_CASE("sender_counts_an_attempt_when_a_fresh_connection_gives_no_answer") {
  SenderFixture fixture;
  fixture.loki.replies = {{.kind = LokiReply::Kind::kReset}};
  fixture.batch({"one"});
  fixture.flush(kBudget, 1);
  fixture.time_to_settle();
  CHECK(fixture.handoff.counters.push_failures.get() == 1);
  CHECK(fixture.breaker_open());
}

TEST_CASE("sender_notices_a_kept_connection_that_was_closed_before_it_is_used") {
  SenderFixture fixture;
  fixture.batch({"one"});
  fixture.driver.settle();
  Peer(fixture.loki.server.peers()[0]).close();
  fixture.driver.settle();
  CHECK(fixture.kernel.open_handles() == 0);
  fixture.batch({"two"});
  fixture.driver.settle();
  CHECK(fixture.sent() == 2);
}

TEST_CASE("sender_settles_a_flush_when_its_attempts_are_used_up_and_opens_the_breaker") {
  enum class How { kRefused, k503 };
  for (const How how : {How::kRefused, How::k503}) {
    SenderFixture fixture;
    if (how == How::kRefused) {
      fixture.loki.server.mode = FakeServer::Mode::kRefuse;
    } else {
      fixture.loki.judge = [](const ReceivedPush&) { return answer(503); };
    }
    fixture.batch({"one"});
    fixture.flush(2s, 3);
    // Two back-offs lie between three attempts: 50 to 100 ms, and 100 to 200 ms.
    const Milliseconds taken = fixture.time_to_settle();
    CHECK(taken >= 150ms);
    CHECK(taken <= 300ms);
    CHECK(fixture.breaker_open());
    CHECK(fixture.handoff.counters.push_failures.get() == 3);
    // Kept, not lost.
    CHECK(fixture.sender.records_in_hand() == 1);
    CHECK(fixture.balanced());
  }
}

TEST_CASE("sender_settles_a_flush_early_when_the_next_attempt_lies_beyond_its_deadline") {
  SenderFixture fixture;
  fixture.loki.judge = [](const ReceivedPush&) { return answer(503); };
  fixture.batch({"one"});
  fixture.flush(40ms, 10);
  CHECK(fixture.time_to_settle() < 40ms);
  CHECK(fixture.loki.pushes.size() == 1);
  // The flush has ended in failure, though not all its attempts were made.
  CHECK(fixture.breaker_open());
}

TEST_CASE("sender_counts_the_pushes_that_were_throttled") {
  SenderFixture fixture;
  fixture.loki.replies = {answer(429), answer(503), answer(429), answer(204)};
  fixture.batch({"one"});
  fixture.driver.run_for(60s);
  CHECK(fixture.sent() == 1);
  CHECK(fixture.handoff.counters.throttled.get() == 2);
}

TEST_CASE("sender_does_not_open_the_breaker_when_the_attempt_after_a_429_lies_beyond_the_deadline") {
  SenderFixture fixture;
  fixture.loki.judge = [](const ReceivedPush&) { return answer(429); };
  fixture.batch({"one"});
  fixture.flush(40ms, 10);
  CHECK(fixture.time_to_settle() < 40ms);
  CHECK_FALSE(fixture.breaker_open());
}

TEST_CASE("sender_settles_a_flush_at_its_deadline_and_opens_the_breaker_when_nobody_answers") {
  enum class How { kSilent, kConnecting };
  for (const How how : {How::kSilent, How::kConnecting}) {
    SenderFixture fixture;
    if (how == How::kConnecting) fixture.loki.server.mode = FakeServer::Mode::kPending;
    fixture.loki.replies = {{.kind = LokiReply::Kind::kSilence}};
    fixture.batch({"one"});
    fixture.flush(kBudget);
    CHECK(fixture.time_to_settle() == kBudget);
    CHECK(fixture.breaker_open());
    CHECK(fixture.sender.records_in_hand() == 1);
  }
}

TEST_CASE("sender_lets_a_late_answer_close_the_breaker_again") {
  SenderFixture fixture;
  fixture.loki.replies = {{.kind = LokiReply::Kind::kSilence}};
  fixture.batch({"one"});
  fixture.flush(kBudget);
  fixture.time_to_settle();
  REQUIRE(fixture.breaker_open());
  fixture.loki.answer(0);
  fixture.driver.settle();
  CHECK_FALSE(fixture.breaker_open());
  CHECK(fixture.sent() == 1);
}

TEST_CASE("sender_does_not_open_the_breaker_for_an_answer_that_is_merely_slow") {
  SenderFixture fixture;
  fixture.loki.replies = {{.kind = LokiReply::Kind::kSilence}};
  fixture.batch({"one"});
  fixture.flush(kBudget);
  fixture.driver.run_for(100ms);
  fixture.loki.pushes[0].peer.send("HTTP/1.1 204 No");
  CHECK(fixture.time_to_settle() == kBudget - 100ms);
  CHECK_FALSE(fixture.breaker_open());
  fixture.loki.pushes[0].peer.send(" Content\r\n\r\n");
  fixture.driver.settle();
  CHECK(fixture.sent() == 1);
}

TEST_CASE("sender_gives_up_a_push_that_is_not_answered_within_its_time") {
  SenderFixture fixture({.options = {.request_timeout = 3000ms}});
  fixture.loki.replies = {{.kind = LokiReply::Kind::kSilence}};
  fixture.batch({"one"});
  fixture.driver.run_for(2999ms);
  CHECK(fixture.loki.pushes.size() == 1);
  fixture.driver.run_for(200ms);
  CHECK(fixture.loki.pushes.size() == 2);
  CHECK(fixture.sent() == 1);
}

TEST_CASE("sender_ends_the_hold_at_once_when_it_is_to_come_back_later_than_the_deadline") {
  SenderFixture fixture;
  fixture.loki.replies = {answer(429, "slow down", "Retry-After: 60\r\n")};
  fixture.batch({"one"});
  fixture.flush(kBudget);
  CHECK(fixture.time_to_settle() == 0ms);
  CHECK_FALSE(fixture.breaker_open());
  fixture.driver.run_for(59s);
  CHECK(fixture.loki.pushes.size() == 1);
  fixture.driver.run_for(2s);
  CHECK(fixture.sent() == 1);
}

TEST_CASE("sender_waits_as_long_as_it_is_told_when_that_lies_within_the_deadline") {
  SenderFixture fixture;
  fixture.loki.replies = {answer(429, "slow down", "Retry-After: 1\r\n")};
  fixture.batch({"one"});
  fixture.flush(5s);
  CHECK(fixture.time_to_settle() == 1000ms);
  CHECK(fixture.sent() == 1);
}

TEST_CASE("sender_does_not_open_the_breaker_for_being_told_to_slow_down") {
  SenderFixture fixture;
  fixture.loki.judge = [](const ReceivedPush&) { return answer(429, "slow down"); };
  fixture.batch({"one"});
  fixture.flush(2s, 3);
  fixture.time_to_settle();
  CHECK(fixture.loki.pushes.size() == 3);
  CHECK_FALSE(fixture.breaker_open());
}

TEST_CASE("sender_keeps_what_is_refused_for_its_credentials_and_opens_the_breaker") {
  for (const int status : {302, 401, 403, 404, 405, 407}) {
    SenderFixture fixture;
    fixture.loki.replies = {answer(status)};
    fixture.batch({"one"});
    fixture.flush(kBudget);
    CHECK(fixture.time_to_settle() == 0ms);
    CHECK(fixture.breaker_open());
    CHECK(fixture.loki.pushes.size() == 1);
    CHECK(fixture.sender.records_in_hand() == 1);
  }
}

// A web application firewall's rule, as far as such rules look: not into what is compressed.
LokiReply firewalled(const ReceivedPush& push, int status) {
  const bool offends = push.text.find("<script>") != std::string::npos;
  const bool seen = push.request.header("content-encoding").empty();
  return offends && seen ? answer(status, "<html>Blocked</html>", "Content-Type: text/html; charset=utf-8\r\n")
                         : answer(204);
}

TEST_CASE("sender_compresses_a_small_push_that_a_firewall_has_taken_offence_at") {
  for (const int status : {400, 403}) {
    SenderFixture fixture;
    fixture.loki.judge = [status](const ReceivedPush& push) { return firewalled(push, status); };
    fixture.batch({"order <script>alert(1)</script>"});
    fixture.batch({"order 2"});
    fixture.flush(kBudget);
    CHECK(fixture.time_to_settle() < kBudget);
    CHECK_FALSE(fixture.breaker_open());
    CHECK(fixture.loki.pushes.size() == 3);
    CHECK(fixture.sent() == 2);
    CHECK(fixture.handoff.counters.dropped_total() == 0);
  }
}

TEST_CASE("sender_tries_a_page_that_refuses_once_more_and_no_oftener") {
  struct Case {
    bool gzip;
    size_t pushes;
  };
  for (const Case expected : {Case{.gzip = true, .pushes = 2}, Case{.gzip = false, .pushes = 1}}) {
    SenderFixture fixture({.options = {.gzip = expected.gzip}});
    fixture.loki.judge = [](const ReceivedPush&) {
      return answer(403, "<html>Forbidden</html>", "Content-Type: text/html\r\n");
    };
    fixture.batch({"one"});
    fixture.flush(kBudget);
    fixture.time_to_settle();
    CHECK(fixture.breaker_open());
    CHECK(fixture.loki.pushes.size() == expected.pushes);
    CHECK(fixture.sender.records_in_hand() == 1);
  }
}

TEST_CASE("sender_pushes_one_probe_at_a_time_while_the_breaker_is_open") {
  SenderFixture fixture;
  fixture.loki.judge = [](const ReceivedPush&) { return answer(503); };
  for (int i = 0; i < 4; i++) fixture.batch({"line"});
  fixture.flush(100ms, 1);
  fixture.time_to_settle();
  REQUIRE(fixture.breaker_open());
  const size_t before = fixture.loki.pushes.size();
  // The first probe lies 4 to 5 s after the failure.
  fixture.driver.run_for(3s);
  CHECK(fixture.loki.pushes.size() == before);
  fixture.driver.run_for(3s);
  CHECK(fixture.loki.pushes.size() == before + 1);
  // It failed too: the next lies 8 to 10 s after it.
  fixture.driver.run_for(5s);
  CHECK(fixture.loki.pushes.size() == before + 1);
  fixture.loki.judge = nullptr;
  fixture.driver.run_for(6s);
  // It succeeded: all of them go.
  CHECK_FALSE(fixture.breaker_open());
  CHECK(fixture.sent() == 4);
}

TEST_CASE("sender_rests_while_the_breaker_is_open_and_no_dns_server_answers") {
  SenderFixture fixture({.host = "loki.example.com", .options = {.connect_timeout = 2000ms}});
  fixture.batch({"one"});
  fixture.flush(kBudget);
  fixture.time_to_settle();
  REQUIRE(fixture.breaker_open());
  // The lookup is given up within this time; the driver ends a test in which a step wants to be the next one for ever.
  const uint64_t steps = fixture.driver.steps();
  fixture.driver.run_for(3s);
  CHECK(fixture.driver.steps() - steps <= 3);
  CHECK(fixture.sender.records_in_hand() == 1);
}

TEST_CASE("sender_wakes_the_loop_when_the_breaker_closes") {
  SenderFixture fixture;
  fixture.loki.replies = {answer(401)};
  fixture.batch({"one"});
  fixture.driver.settle();
  REQUIRE(fixture.breaker_open());
  fixture.loop.ready();
  REQUIRE_FALSE(fixture.loop.woken());
  fixture.driver.run_for(5s);
  CHECK_FALSE(fixture.breaker_open());
  CHECK(fixture.loop.woken());
}

TEST_CASE("sender_settles_a_flush_at_once_while_the_breaker_is_open_and_no_probe_is_due") {
  SenderFixture fixture;
  fixture.loki.replies = {answer(401)};
  fixture.batch({"one"});
  fixture.driver.settle();
  REQUIRE(fixture.breaker_open());
  fixture.driver.run_for(1s);
  fixture.batch({"two"});
  fixture.flush(kBudget);
  CHECK(fixture.time_to_settle() == 0ms);
  CHECK(fixture.loki.pushes.size() == 1);
}

}  // namespace
}  // namespace sleipnir::test
