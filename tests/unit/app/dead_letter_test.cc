// The sender with a dead letter: what would be dropped is in the bucket, counted there, and nobody waits for it.
#include "app/dead_letter.h"
#include "app/sender.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "app/replay_read.h"
#include "sender_fixture.h"
#include "support/texts.h"

namespace sleipnir::test {
namespace {

using namespace std::chrono_literals;

constexpr uint64_t kSpoolBytes = 1 << 20;

Config bucket_config() {
  Config config;
  config.endpoint = Endpoint{.tls = false, .host = "10.0.0.1", .port = SenderFixture::kPort};
  config.dead_letter_uri = "s3://logs/lost";
  config.dead_letter = AwsService{
      .region = "eu-west-1",
      .endpoint =
          Endpoint{
              .tls = false, .host = "10.0.0.9", .port = 80, .path = "/logs/lost/orders/", .host_header = "10.0.0.9"},
      .proxy = {}};
  config.lambda.access_key_id = "AKIDEXAMPLE";
  config.lambda.secret_access_key = "secret";
  config.lambda.session_token = "token";
  return config;
}

// The lines of an object, as the word replay reads them.
class Lines final : public ReplaySink {
 public:
  explicit Lines(std::string_view object) {
    const ReplayRead read = read_replay(object, *this);
    CHECK(read.whole);
    CHECK(read.unreadable == 0);
  }
  void begin_stream(std::string_view) override {}
  std::span<char> room(size_t bytes) override {
    room_.resize(bytes);
    return room_;
  }
  void commit(EntryShape shape, bool, int64_t) override {
    const std::string push = R"({"streams":[{"stream":{},"values":[)" + room_.substr(0, shape.bytes - 1) + "]}]}";
    lines.push_back(lines_of_push(push)[0]);
  }
  std::vector<std::string> lines;

 private:
  std::string room_;
};

struct LetterConfig {
  Config config;
};

struct LetterFixture : LetterConfig, SenderFixture {
  explicit LetterFixture(SenderSetting setting = {}, Config given = bucket_config())
      : LetterConfig{std::move(given)}, SenderFixture((setting.dead_letter = &config, setting)) {
    driver.act([this] { return bucket.act(); });
    bucket.judge = [](const ReceivedPush&) { return answer(200); };
  }

  // Of all objects that the bucket has taken.
  std::vector<std::string> saved() const {
    std::vector<std::string> all;
    for (const ReceivedPush& put : bucket.pushes) {
      if (put.answered_with != 200) continue;
      for (std::string& line : Lines(put.request.body).lines) all.push_back(std::move(line));
    }
    return all;
  }
  uint64_t dead_lettered() const { return handoff.counters.dead_lettered.get(); }

  ScriptedLoki bucket{network.serve("10.0.0.9", 80)};
};

LokiReply poison_refused(const ReceivedPush& push) {
  return push.text.find("poison") == std::string::npos ? answer(204) : answer(400, "cannot read this");
}

LokiReply unavailable(const ReceivedPush&) {
  return answer(503);
}

std::vector<std::string> sorted(std::vector<std::string> lines) {
  std::sort(lines.begin(), lines.end());
  return lines;
}

}  // namespace

TEST_CASE("dead_letter_gets_the_poisoned_record_alone") {
  LetterFixture fixture;
  fixture.loki.judge = poison_refused;
  fixture.batch({"good", "poison", "good too"});
  fixture.driver.settle();
  CHECK(fixture.loki.lines() == std::vector<std::string>{"good", "good too"});
  CHECK(fixture.saved() == std::vector<std::string>{"poison"});
  CHECK(fixture.dead_lettered() == 1);
  CHECK(fixture.handoff.counters.dropped_total() == 0);
  CHECK(fixture.handoff.counters.pending() == 0);
}

TEST_CASE("dead_letter_is_a_signed_put_of_an_object_with_a_name_of_its_own") {
  LetterFixture fixture;
  fixture.loki.judge = [](const ReceivedPush&) { return answer(422, "no"); };
  fixture.batch({"one"});
  fixture.driver.settle();
  fixture.batch({"two"});
  fixture.driver.settle();
  REQUIRE(fixture.bucket.pushes.size() == 2);
  const HttpRequest& first = fixture.bucket.pushes[0].request;
  const std::string target = first.target();
  const AwsTime time = aws_time(fixture.clock.wall());
  const std::string_view date(time.data(), time.size());
  const std::string day =
      std::string(date.substr(0, 4)).append("/").append(date.substr(4, 2)).append("/").append(date.substr(6, 2));
  CHECK(target.starts_with("PUT /logs/lost/orders/" + day + "/"));
  CHECK(target.ends_with("-1.json.gz"));
  CHECK(fixture.bucket.pushes[1].request.target() != target);
  CHECK(first.header("host") == "10.0.0.9");
  CHECK(first.header("content-type") == "application/gzip");
  CHECK(first.header("content-length") == std::to_string(first.body.size()));
  CHECK(first.header("x-amz-content-sha256") == sha256_hex(first.body, texts()));
  CHECK(first.header("x-amz-security-token") == "token");
  const BorrowedText hash = sha256_hex(first.body, texts());
  const std::string sent_at = first.header("x-amz-date");
  AwsTime signed_at;
  std::copy_n(sent_at.begin(), signed_at.size(), signed_at.begin());
  const SignedHeader headers[] = {{"content-type", "application/gzip"},
                                  {"host", "10.0.0.9"},
                                  {"x-amz-content-sha256", hash},
                                  {"x-amz-date", sent_at},
                                  {"x-amz-security-token", "token"}};
  CHECK(first.header("authorization") ==
        authorization({.method = "PUT",
                       .path = std::string_view(target).substr(4),
                       .headers = headers,
                       .body_sha256 = hash,
                       .region = "eu-west-1",
                       .service = "s3"},
                      {.access_key_id = "AKIDEXAMPLE", .secret_access_key = "secret", .session_token = "token"},
                      signed_at, texts()));
}

TEST_CASE("dead_letter_is_named_after_the_environment_that_the_entries_name") {
  LetterFixture fixture;
  fixture.loki.judge = [](const ReceivedPush&) { return answer(422, "no"); };
  fixture.instance = "2026/11/21/[$LATEST]ab_1.2";
  fixture.batch({"one"});
  fixture.driver.settle();
  REQUIRE(fixture.bucket.pushes.size() == 1);
  INFO(fixture.bucket.pushes[0].request.target());
  CHECK(fixture.bucket.pushes[0].request.target().find("/2026-11-21---LATEST-ab_1.2-") != std::string::npos);
}

TEST_CASE("dead_letter_gets_what_is_too_large") {
  LetterFixture fixture;
  fixture.loki.judge = [](const ReceivedPush& push) { return answer(push.text.size() > 1000 ? 413 : 204); };
  const std::string large(2000, 'x');
  fixture.batch({"small", large});
  fixture.driver.settle();
  CHECK(fixture.saved() == std::vector<std::string>{large});
  CHECK(fixture.dead_lettered() == 1);
  CHECK(fixture.sent() == 1);
}

TEST_CASE("dead_letter_gets_what_memory_cannot_hold") {
  LetterFixture fixture({.batches = 4});
  fixture.loki.judge = unavailable;
  for (size_t i = 0; i < 4; i++) fixture.batch(numbered(10, "batch " + std::to_string(i)));
  fixture.driver.settle();
  fixture.want_room(10ms);
  fixture.driver.run_for(1s);
  CHECK(fixture.pool->free_count() == 1);
  CHECK(fixture.saved() == numbered(10, "batch 0"));
  CHECK(fixture.dead_lettered() == 10);
  CHECK(fixture.dropped(DropReason::kOverflow) == 0);
  CHECK(fixture.balanced());
}

TEST_CASE("dead_letter_gets_at_a_spindown_what_is_in_memory_and_on_disk") {
  for (const LokiReply::Kind kind : {LokiReply::Kind::kAnswer, LokiReply::Kind::kSilence, LokiReply::Kind::kReset}) {
    INFO(static_cast<int>(kind));
    SenderFixture before({.spool_bytes_max = kSpoolBytes});
    before.loki.judge = unavailable;
    before.batch(numbered(7, "spooled"));
    before.shut_down(1s, true);
    before.driver.run_for(1s);
    REQUIRE(before.handoff.counters.spooled.get() == 7);
    before.files.kill();

    LetterFixture fixture({.spool_bytes_max = kSpoolBytes});
    fixture.disk = before.disk;
    fixture.loki.judge = [kind](const ReceivedPush&) { return LokiReply{.kind = kind, .status = 503}; };
    std::vector<std::string> all = numbered(7, "spooled");
    for (size_t i = 0; i < 5; i++) {
      const std::vector<std::string> lines = numbered(20, "batch " + std::to_string(i));
      fixture.batch(lines);
      all.insert(all.end(), lines.begin(), lines.end());
    }
    fixture.shut_down(1750ms);
    const MonotonicTime begin = fixture.clock.monotonic();
    CHECK(fixture.driver.run_until([&] { return fixture.handoff.finished.load(); }, 1750ms));
    CHECK(fixture.clock.monotonic() - begin < 1750ms);
    CHECK(sorted(fixture.saved()) == sorted(all));
    CHECK(fixture.dead_lettered() == all.size());
    CHECK(fixture.handoff.counters.dropped_total() == 0);
    CHECK(fixture.handoff.counters.pending() == 0);
  }
}

TEST_CASE("dead_letter_leaves_to_loki_what_it_takes_at_a_spindown") {
  LetterFixture fixture;
  fixture.batch({"good"});
  fixture.shut_down(1750ms);
  CHECK(fixture.driver.run_until([&] { return fixture.handoff.finished.load(); }, 1750ms));
  CHECK(fixture.sent() == 1);
  CHECK(fixture.bucket.pushes.empty());
}

TEST_CASE("dead_letter_gets_nothing_that_a_restart_finds_in_the_spool") {
  LetterFixture fixture({.spool_bytes_max = kSpoolBytes});
  fixture.loki.judge = unavailable;
  fixture.batch({"kept"});
  fixture.shut_down(1s, true);
  fixture.driver.run_for(1s);
  CHECK(fixture.handoff.counters.spooled.get() == 1);
  CHECK(fixture.bucket.pushes.empty());
}

TEST_CASE("dead_letter_that_is_refused_is_dropped_at_once_under_its_reason") {
  for (const int status : {403, 404, 400, 301, 412}) {
    INFO(status);
    LetterFixture fixture;
    fixture.loki.judge = poison_refused;
    fixture.bucket.judge = [status](const ReceivedPush&) { return answer(status, "<Code>No</Code>"); };
    fixture.batch({"good", "poison"});
    fixture.driver.run_for(30s);
    CHECK(fixture.bucket.pushes.size() == 1);
    CHECK(fixture.dropped(DropReason::kRejected) == 1);
    CHECK(fixture.dead_lettered() == 0);
    CHECK(fixture.handoff.counters.pending() == 0);
    CHECK(fixture.letter->empty());
  }
}

TEST_CASE("dead_letter_is_tried_three_times_under_one_name_while_the_bucket_ails") {
  struct Row {
    LokiReply reply;
    size_t tries;
  };
  const Row rows[] = {{answer(503), 3}, {answer(500), 3}, {answer(429), 3}, {{.kind = LokiReply::Kind::kReset}, 3}};
  for (const Row& row : rows) {
    LetterFixture fixture;
    fixture.loki.judge = poison_refused;
    fixture.bucket.judge = [&row](const ReceivedPush&) { return row.reply; };
    fixture.batch({"poison"});
    fixture.driver.run_for(30s);
    REQUIRE(fixture.bucket.pushes.size() == row.tries);
    CHECK(fixture.bucket.pushes[0].request.target() == fixture.bucket.pushes[2].request.target());
    CHECK(fixture.dropped(DropReason::kRejected) == 1);
    CHECK(fixture.handoff.counters.pending() == 0);

    LetterFixture recovering;
    recovering.loki.judge = poison_refused;
    recovering.bucket.replies = {row.reply, row.reply};
    recovering.batch({"poison"});
    recovering.driver.run_for(30s);
    CHECK(recovering.saved() == std::vector<std::string>{"poison"});
    CHECK(recovering.dead_lettered() == 1);
  }
}

TEST_CASE("dead_letter_that_nobody_takes_in_holds_no_flush_and_no_push") {
  for (const FakeServer::Mode mode : {FakeServer::Mode::kPending, FakeServer::Mode::kAccept}) {
    LetterFixture fixture;
    fixture.loki.judge = poison_refused;
    fixture.bucket.server.mode = mode;
    fixture.bucket.judge = [](const ReceivedPush&) { return LokiReply{.kind = LokiReply::Kind::kSilence}; };
    for (int i = 0; i < 5; i++) {
      fixture.batch({"good", "poison"});
      fixture.flush(500ms);
      CHECK(fixture.time_to_settle() < 5ms);
    }
    CHECK(fixture.sent() == 5);
    CHECK(fixture.balanced());
    CHECK(fixture.handoff.counters.pending() == 5);
    fixture.shut_down(1750ms);
    CHECK(fixture.driver.run_until([&] { return fixture.handoff.finished.load(); }, 1751ms));
    CHECK(fixture.dropped(DropReason::kRejected) == 5);
    CHECK(fixture.handoff.counters.pending() == 0);
  }
}

TEST_CASE("dead_letter_collects_what_comes_while_an_object_is_under_way") {
  LetterFixture fixture;
  fixture.loki.judge = poison_refused;
  fixture.bucket.server.delay = 50ms;
  for (int i = 0; i < 8; i++) {
    fixture.batch({"poison " + std::to_string(i)});
    fixture.driver.settle();
  }
  fixture.driver.run_for(1s);
  CHECK(fixture.saved() == numbered(8, "poison"));
  CHECK(fixture.bucket.pushes.size() == 2);
  CHECK(fixture.dead_lettered() == 8);
}

TEST_CASE("dead_letter_without_room_drops_what_comes_and_takes_again_once_it_has") {
  LetterFixture fixture({.batches = 4, .arena_bytes = 2 << 20});
  fixture.loki.judge = [](const ReceivedPush&) { return answer(422, "no"); };
  fixture.bucket.server.delay = 50ms;
  const auto noise = [&fixture] {
    std::string text;
    for (size_t i = 0; i < 200'000; i++) text += static_cast<char>('0' + fixture.random.next() % 75);
    std::replace(text.begin(), text.end(), '\\', '/');
    return text;
  };
  for (int i = 0; i < 4; i++) {
    fixture.batch({noise()});
    fixture.driver.settle();
  }
  CHECK(fixture.dropped(DropReason::kRejected) == 1);
  fixture.driver.run_for(1s);
  CHECK(fixture.dead_lettered() == 3);
  fixture.batch({"later"});
  fixture.driver.run_for(1s);
  CHECK(fixture.saved().back() == "later");
  CHECK(fixture.handoff.counters.pending() == 0);
}

TEST_CASE("dead_letter_of_more_than_one_object_is_put_in_several_at_the_end") {
  LetterFixture fixture({.batches = 6, .arena_bytes = 2 << 20});
  fixture.loki.judge = unavailable;
  fixture.bucket.server.delay = 10ms;
  std::vector<std::string> all;
  for (int i = 0; i < 5; i++) {
    std::vector<std::string> lines;
    for (int j = 0; j < 3; j++) {
      std::string text;
      for (size_t k = 0; k < 200'000; k++) text += static_cast<char>('a' + fixture.random.next() % 26);
      lines.push_back(text);
      all.push_back(text);
    }
    fixture.batch(lines);
  }
  fixture.shut_down(1750ms);
  CHECK(fixture.driver.run_until([&] { return fixture.handoff.finished.load(); }, 1750ms));
  CHECK(fixture.bucket.pushes.size() >= 4);
  CHECK(sorted(fixture.saved()) == sorted(all));
  CHECK(fixture.dead_lettered() == 15);
  CHECK(fixture.handoff.counters.pending() == 0);
}

TEST_CASE("dead_letter_asks_for_the_keys_where_they_are_served") {
  Config config = bucket_config();
  config.lambda.access_key_id = {};
  config.lambda.container_credentials_uri = "http://10.0.0.8:81/keys";
  config.lambda.container_credentials_token = "may-ask";
  LetterFixture fixture({}, std::move(config));
  ScriptedLoki keys(fixture.network.serve("10.0.0.8", 81));
  fixture.driver.act([&keys] { return keys.act(); });
  keys.judge = [](const ReceivedPush&) {
    return answer(200, R"({"AccessKeyId":"SERVED","SecretAccessKey":"s","Token":"t"})");
  };
  fixture.loki.judge = poison_refused;
  fixture.batch({"poison"});
  fixture.driver.settle();
  REQUIRE(keys.pushes.size() == 1);
  CHECK(keys.pushes[0].request.target() == "GET /keys");
  CHECK(keys.pushes[0].request.header("authorization") == "may-ask");
  CHECK(fixture.saved() == std::vector<std::string>{"poison"});
  CHECK(fixture.bucket.pushes[0].request.header("authorization").find("SERVED/") != std::string::npos);
}

TEST_CASE("dead_letter_frozen_half_way_is_put_again_after_the_thaw") {
  LetterFixture fixture;
  fixture.loki.judge = poison_refused;
  fixture.bucket.replies = {{.kind = LokiReply::Kind::kSilence}};
  fixture.batch({"poison"});
  fixture.driver.settle();
  REQUIRE(fixture.bucket.pushes.size() == 1);
  fixture.clock.jump_wall(20min);
  // Refused for its age: not the keys' fault.
  fixture.bucket.answer(0, answer(403, "<Code>RequestTimeTooSkewed</Code>"));
  fixture.driver.run_for(5s);
  CHECK(fixture.bucket.pushes.size() == 2);
  CHECK(fixture.saved() == std::vector<std::string>{"poison"});
  CHECK(fixture.dead_lettered() == 1);
}

}  // namespace sleipnir::test
