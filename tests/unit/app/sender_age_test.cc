// What the sender does with records that are too old for Loki.
#include "app/sender.h"

#include <catch2/catch_test_macros.hpp>

#include "sender_fixture.h"

namespace sleipnir::test {
namespace {

// A Loki with its two limits of age: too old, and, for what is stamped there, too far behind its stream's newest entry.
LokiReply refuse_for_age(const ReceivedPush& push) {
  const int64_t first_ns = std::stoll(push.text.substr(SenderFixture::kPrefix.size() + 2, 19));
  if (first_ns < 1'780'272'000'000'000'000) {
    return answer(400,
                  R"(2 errors like: entry for stream '{source="lambda"}' has timestamp too old: 2026-05-28T20:26:40Z, )"
                  "oldest acceptable timestamp is: 2026-06-01T00:00:00Z");
  }
  if (first_ns < 1'780'360'200'000'000'000) {
    return answer(400,
                  "entry with timestamp 2026-06-01 00:01:01 +0000 UTC ignored, reason: 'entry too far behind, entry "
                  "timestamp is: 2026-06-01T00:01:01Z, oldest acceptable timestamp is: 2026-06-02T00:30:00Z',\n"
                  "user 'fake', total ignored: 2 out of 2 for stream: {source=\"lambda\"}");
  }
  return answer(204);
}

TEST_CASE("sender_restamps_once_more_what_both_limits_of_age_refuse") {
  SenderFixture fixture;
  fixture.loki.judge = refuse_for_age;
  fixture.batch({"one", "two"});
  fixture.driver.settle();
  CHECK(fixture.loki.lines() == std::vector<std::string>{"one", "two"});
  REQUIRE(fixture.loki.pushes.size() == 3);
  // The time it happened, not the time it was stamped with first.
  CHECK(fixture.loki.pushes[2].text.find(R"("event_time":"2026-05-28T20:26:40.000000000Z"}],)") != std::string::npos);
  CHECK(fixture.loki.pushes[2].text.find(R"("event_time":"2026-06-01)") == std::string::npos);
  CHECK(fixture.sent() == 2);
  CHECK(fixture.balanced());
}

TEST_CASE("sender_drops_what_is_refused_for_its_age_again_and_again") {
  SenderFixture fixture;
  fixture.loki.replies = {};
  fixture.loki.judge = [](const ReceivedPush&) {
    return answer(400,
                  R"(2 errors like: entry for stream '{source="lambda"}' has timestamp too old: 2026-05-28T20:26:40Z, )"
                  "oldest acceptable timestamp is: 2100-06-01T00:00:00Z");
  };
  fixture.batch({"one", "two"});
  fixture.driver.settle();
  CHECK(fixture.loki.pushes.size() <= 3);
  CHECK(fixture.dropped(DropReason::kRejected) == 2);
  CHECK(fixture.balanced());
}

// A Loki whose clock stands at 2026-05-28T17:26:40Z, three hours before ours.
LokiReply refuse_the_future(const ReceivedPush& push) {
  const int64_t first_ns = std::stoll(push.text.substr(SenderFixture::kPrefix.size() + 2, 19));
  LokiReply reply = first_ns < 1'779'990'000'000'000'000
                        ? answer(204)
                        : answer(400, R"(2 errors like: entry for stream '{source="lambda"}' has timestamp too new: )"
                                      "2026-05-28T20:26:40Z");
  reply.headers = "Date: Thu, 28 May 2026 17:26:40 GMT\r\n";
  return reply;
}

TEST_CASE("sender_stamps_by_lokis_clock_where_its_own_is_hours_ahead") {
  SenderFixture fixture;
  fixture.loki.judge = refuse_the_future;
  fixture.batch({"one", "two"});
  fixture.driver.settle();
  CHECK(fixture.loki.lines() == std::vector<std::string>{"one", "two"});
  REQUIRE(fixture.loki.pushes.size() == 2);
  CHECK(fixture.loki.pushes[1].text.find("[\"1779989200") != std::string::npos);
  CHECK(fixture.loki.pushes[1].text.find(R"("event_time":"2026-05-28T20:26:40.000000000Z"}],)") != std::string::npos);
  CHECK(fixture.balanced());
}

}  // namespace
}  // namespace sleipnir::test
