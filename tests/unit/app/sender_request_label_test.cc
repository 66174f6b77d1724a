// The sender and batches whose request id is a label: whatever way a record takes, it ends in its own request's stream.
#include "app/sender.h"

#include <catch2/catch_test_macros.hpp>
#include <map>

#include "sender_fixture.h"

namespace sleipnir::test {
namespace {

using namespace std::chrono_literals;

// The lines that Loki stored, by request id; ends the test where a push's labels are not what they should be.
std::map<std::string, std::vector<std::string>> streams(const ScriptedLoki& loki) {
  constexpr std::string_view kLabel = R"(,"request_id":")";
  const std::string_view behind = R"(},"values":[)";
  const std::string_view labels = SenderFixture::kPrefix.substr(0, SenderFixture::kPrefix.size() - behind.size());
  std::map<std::string, std::vector<std::string>> found;
  for (const ReceivedPush& push : loki.pushes) {
    REQUIRE(push.text.starts_with(labels));
    std::string_view text = std::string_view(push.text).substr(labels.size());
    std::string id;
    if (text.starts_with(kLabel)) {
      text.remove_prefix(kLabel.size());
      id = text.substr(0, text.find("\"}"));
      text.remove_prefix(id.size() + 1);
    }
    REQUIRE(text.starts_with(behind));
    if (push.answered_with != 204) continue;
    for (const std::string& line : lines_of_push(push.text)) found[id].push_back(line);
  }
  return found;
}

// Two requests, and a batch of none between them.
void put_batches(SenderFixture& fixture, const std::vector<std::string>& first) {
  fixture.batch(first)->request_id.assign("r-1");
  fixture.batch({"of none"});
  fixture.batch({"of r-2"})->request_id.assign("r-2\"");
}

void check_streams(const SenderFixture& fixture, const std::vector<std::string>& first) {
  const auto found = streams(fixture.loki);
  CHECK(found.size() == 3);
  CHECK(found.at("r-1") == first);
  CHECK(found.at("") == std::vector<std::string>{"of none"});
  CHECK(found.at(R"(r-2\")") == std::vector<std::string>{"of r-2"});
  CHECK(fixture.balanced());
  CHECK(fixture.pool->free_count() == fixture.pool->count());
}

TEST_CASE("sender_puts_the_batch_of_a_request_into_that_requests_stream") {
  for (const bool gzip : {true, false}) {
    SenderFixture fixture({.options = {.gzip = gzip, .compression_threshold_bytes = 0}});
    put_batches(fixture, numbered(3));
    fixture.driver.settle();
    check_streams(fixture, numbered(3));
  }
}

TEST_CASE("sender_repeats_a_push_with_the_label_of_its_request") {
  SenderFixture fixture;
  fixture.loki.replies = {answer(503), answer(503), answer(503)};
  put_batches(fixture, numbered(3));
  fixture.driver.run_for(30s);
  check_streams(fixture, numbered(3));
}

TEST_CASE("sender_splits_a_push_without_losing_the_label_of_its_request") {
  SenderFixture fixture;
  fixture.loki.judge = [](const ReceivedPush& push) { return answer(push.text.size() > 1000 ? 413 : 204); };
  put_batches(fixture, numbered(50));
  fixture.driver.settle();
  check_streams(fixture, numbered(50));
}

TEST_CASE("sender_takes_the_poisoned_record_out_of_a_requests_stream") {
  SenderFixture fixture;
  fixture.loki.judge = [](const ReceivedPush& push) {
    return push.text.find("poison") == std::string::npos ? answer(204) : answer(400, "cannot read this");
  };
  put_batches(fixture, {"one", "two", "poison", "three"});
  fixture.driver.settle();
  check_streams(fixture, {"one", "two", "three"});
}

TEST_CASE("sender_pushes_amended_entries_into_the_stream_of_their_request") {
  SenderFixture fixture;
  fixture.loki.judge = [](const ReceivedPush& push) {
    return push.text.find(std::string(5000, 'x')) == std::string::npos
               ? answer(204)
               : answer(400,
                        "max entry size '4096' bytes exceeded for stream '{source=\"lambda\"}' while adding an "
                        "entry with length '5000' bytes");
  };
  put_batches(fixture, {std::string(5000, 'x')});
  fixture.driver.settle();
  const auto found = streams(fixture.loki);
  std::string whole;
  for (const std::string& part : found.at("r-1")) whole += part;
  CHECK(whole == std::string(5000, 'x'));
  CHECK(fixture.balanced());
}

TEST_CASE("sender_keeps_the_label_of_a_request_where_loki_takes_no_metadata") {
  SenderFixture fixture;
  fixture.loki.judge = [](const ReceivedPush& push) {
    return push.text.find("log_type") == std::string::npos
               ? answer(204)
               : answer(400,
                        "stream '{source=\"lambda\"}' includes structured metadata, but this feature is disallowed. "
                        "Please see `limits_config.allow_structured_metadata` or contact your Loki administrator");
  };
  put_batches(fixture, numbered(3));
  fixture.driver.settle();
  check_streams(fixture, numbered(3));
}

TEST_CASE("sender_sends_what_a_request_left_in_the_spool_into_its_stream") {
  SenderFixture before({.spool_bytes_max = 1 << 20});
  before.loki.judge = [](const ReceivedPush&) { return answer(503); };
  put_batches(before, numbered(3));
  before.shut_down(1s, true);
  before.driver.run_for(1s);
  REQUIRE(before.handoff.finished.load());
  before.files.kill();
  SenderFixture fixture({.spool_bytes_max = 1 << 20});
  fixture.disk = before.disk;
  fixture.batch({"fresh"})->request_id.assign(std::string(kRequestIdBytesMax, '"'));
  fixture.driver.settle();
  auto found = streams(fixture.loki);
  CHECK(found.size() == 4);
  CHECK(found["r-1"] == numbered(3));
  CHECK(found[R"(r-2\")"] == std::vector<std::string>{"of r-2"});
  CHECK(found[""] == std::vector<std::string>{"of none"});
  CHECK(fixture.balanced());
}

}  // namespace
}  // namespace sleipnir::test
