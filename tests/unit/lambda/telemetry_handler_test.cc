#include "lambda/telemetry_handler.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <utility>
#include <vector>

#include "fake/clock.h"

namespace sleipnir::test {
namespace {

struct HandlerFixture final : PlatformListener {
  using Put = RecordSink::Put;
  explicit HandlerFixture(DecoderOptions options = {}) : decoder(options) {}

  void on_platform_event(const Decoded& event, Instant arrived_at) override {
    platform.push_back(event.kind);
    last_arrived_at = arrived_at;
    stored_before.push_back(lines.size());
  }
  void on_body_stored(Instant) override { bodies_stored++; }

  Handled post(std::string_view body) { return handler.on_post(body, clock.now()); }
  static RecordSink::Put put(void* owner, const Record& record) {
    auto& me = *static_cast<HandlerFixture*>(owner);
    if (me.room == 0) return std::exchange(me.room_for_a_part, false) ? Put::kInPart : Put::kNothing;
    me.room--;
    me.lines.emplace_back(record.text);
    return Put::kWhole;
  }
  // What the sink got counts as delivered.
  bool balanced() { return counters.pending() == lines.size(); }

  FakeClock clock;
  size_t room = 1000;  // records the sink takes
  bool room_for_a_part = false;
  std::vector<std::string> lines;
  std::vector<EventKind> platform;
  std::vector<size_t> stored_before;
  int bodies_stored = 0;
  Instant last_arrived_at;
  Counters counters;
  TelemetryDecoder decoder;
  TelemetryHandler handler{decoder, {.owner = this, .put = &HandlerFixture::put}, *this, counters};
};

std::string element(std::string_view type, std::string_view record) {
  return R"({"time":"2026-06-01T10:00:00.000Z","type":")" + std::string(type) + R"(","record":)" + std::string(record) +
         "}";
}
std::string line(std::string_view text) {
  return element("function", "\"" + std::string(text) + "\"");
}

const std::string kDone = element("platform.runtimeDone", R"({"requestId":"r","status":"success"})");

TEST_CASE("telemetry_handler_stores_every_record_in_order") {
  HandlerFixture fixture;
  CHECK(fixture.post("[" + line("one") + "," + line("two") + "]") == Handled::kAccepted);
  CHECK(fixture.lines == std::vector<std::string>{"one", "two"});
  CHECK(fixture.counters.received.get() == 2);
  CHECK(fixture.bodies_stored == 1);
  CHECK(fixture.balanced());
}

TEST_CASE("telemetry_handler_accepts_a_body_of_nothing") {
  for (const char* body : {"", "[]", " \n"}) {
    HandlerFixture fixture;
    CHECK(fixture.post(body) == Handled::kAccepted);
    CHECK(fixture.lines.empty());
    CHECK(fixture.balanced());
  }
}

TEST_CASE("telemetry_handler_counts_a_body_that_comes_again_and_keeps_nothing_of_it") {
  HandlerFixture fixture;
  const std::string body = "[" + line("one") + "," + line("two") + "," + kDone + "]";
  fixture.post(body);
  CHECK(fixture.post(body) == Handled::kAccepted);
  CHECK(fixture.lines.size() == 3);
  CHECK(fixture.counters.duplicate.get() == 3);
  CHECK(fixture.counters.received.get() == 6);
  CHECK(fixture.platform.size() == 1);
  CHECK(fixture.balanced());
}

TEST_CASE("telemetry_handler_remembers_the_last_sixteen_bodies") {
  HandlerFixture fixture;
  const auto body = [](size_t i) { return "[" + line("body " + std::to_string(i)) + "]"; };
  for (size_t i = 0; i <= kRememberedBodies; i++) fixture.post(body(i));
  for (size_t i = 1; i <= kRememberedBodies; i++) fixture.post(body(i));
  CHECK(fixture.counters.duplicate.get() == kRememberedBodies);
  // The one before them is forgotten: stored again rather than lost.
  fixture.post(body(0));
  CHECK(fixture.counters.duplicate.get() == kRememberedBodies);
  CHECK(fixture.lines.size() == kRememberedBodies + 2);
  CHECK(fixture.balanced());
}

TEST_CASE("telemetry_handler_keeps_what_is_good_of_a_body_and_counts_the_rest") {
  HandlerFixture fixture;
  CHECK(fixture.post("[" + line("one") + R"(,{"time":"x","type":"function","record":"\q"},)" + line("two") + "]") ==
        Handled::kAccepted);
  CHECK(fixture.lines == std::vector<std::string>{"one", "two"});
  CHECK(fixture.counters.malformed.get() >= 1);
  CHECK(fixture.balanced());
}

TEST_CASE("telemetry_handler_accepts_garbage_and_counts_it") {
  HandlerFixture fixture;
  CHECK(fixture.post("this is no telemetry") == Handled::kAccepted);
  CHECK(fixture.counters.malformed.get() == 1);
  CHECK(fixture.counters.pending() == 0);
}

TEST_CASE("telemetry_handler_stops_where_the_sink_is_full_and_goes_on_there") {
  for (size_t room = 0; room <= 4; room++) {
    INFO("room for " << room);
    HandlerFixture fixture;
    fixture.room = room;
    const std::string body = "[" + line("a") + "," + line("b") + "," + kDone + "," + line("c") + "]";
    if (room < 4) {
      CHECK(fixture.post(body) == Handled::kLater);
      CHECK(fixture.lines.size() == room);
      CHECK(fixture.bodies_stored == 0);
      CHECK(fixture.post(body) == Handled::kLater);
      fixture.room = 1000;
    }
    CHECK(fixture.post(body) == Handled::kAccepted);
    CHECK(fixture.lines.size() == 4);
    CHECK(fixture.lines[3] == "c");
    CHECK(fixture.platform == std::vector<EventKind>{EventKind::kRuntimeDone});
    CHECK(fixture.bodies_stored == 1);
    CHECK(fixture.counters.received.get() == 4);
    CHECK(fixture.balanced());
  }
}

TEST_CASE("telemetry_handler_counts_a_record_that_waits_for_room_when_the_first_of_it_is_stored") {
  HandlerFixture fixture;
  fixture.room = 0;
  const std::string body = "[" + line("a") + "]";
  CHECK(fixture.post(body) == Handled::kLater);
  CHECK(fixture.counters.received.get() == 0);
  fixture.room_for_a_part = true;
  CHECK(fixture.post(body) == Handled::kLater);
  CHECK(fixture.counters.received.get() == 1);
  CHECK(fixture.post(body) == Handled::kLater);
  fixture.room = 1;
  CHECK(fixture.post(body) == Handled::kAccepted);
  CHECK(fixture.counters.received.get() == 1);
}

TEST_CASE("telemetry_handler_dates_an_event_by_the_arrival_of_its_body_and_not_by_the_room_for_it") {
  HandlerFixture fixture;
  fixture.room = 0;
  const Instant arrived = fixture.clock.now();
  const std::string body = "[" + kDone + "]";
  CHECK(fixture.post(body) == Handled::kLater);
  fixture.clock.advance(std::chrono::seconds(1));
  fixture.room = 1;
  CHECK(fixture.post(body) == Handled::kAccepted);
  CHECK(fixture.last_arrived_at.monotonic == arrived.monotonic);
}

TEST_CASE("telemetry_handler_tells_of_a_platform_event_once_it_is_stored") {
  HandlerFixture fixture;
  fixture.post("[" + line("a") + "," + kDone + "," + line("b") + "]");
  CHECK(fixture.stored_before == std::vector<size_t>{2});
}

TEST_CASE("telemetry_handler_tells_of_platform_events_that_are_not_shipped") {
  HandlerFixture fixture({.ship_platform = false});
  fixture.post("[" + kDone + "," + line("a") + "]");
  CHECK(fixture.lines == std::vector<std::string>{"a"});
  CHECK(fixture.counters.filtered.get() == 1);
  CHECK(fixture.platform == std::vector<EventKind>{EventKind::kRuntimeDone});
  CHECK(fixture.balanced());
}

TEST_CASE("telemetry_handler_does_not_ship_our_own_lines") {
  HandlerFixture fixture({.ship_extension = true});
  fixture.post("[" + element("extension", R"("sleipnir: hello\n")") + "," + element("extension", R"("other: hello")") +
               "," + line("sleipnir: said the function") + "]");
  CHECK(fixture.lines == std::vector<std::string>{"other: hello", "sleipnir: said the function"});
  CHECK(fixture.counters.filtered.get() == 1);
  CHECK(fixture.balanced());
}

TEST_CASE("telemetry_handler_counts_what_lambda_itself_has_lost") {
  HandlerFixture fixture;
  // The body stays where it is until it is accepted.
  const std::string body =
      "[" + element("platform.logsDropped", R"({"droppedBytes":12345,"droppedRecords":67,"reason":"slow"})") + "]";
  fixture.room = 0;
  CHECK(fixture.post(body) == Handled::kLater);
  CHECK(fixture.counters.lost_upstream_records.get() == 0);
  fixture.room = 10;
  fixture.post(body);
  CHECK(fixture.counters.lost_upstream_records.get() == 67);
  CHECK(fixture.counters.lost_upstream_bytes.get() == 12345);
}

TEST_CASE("telemetry_handler_counts_bodies_that_were_refused") {
  HandlerFixture fixture;
  fixture.handler.on_refused(413);
  fixture.handler.on_refused(0);
  CHECK(fixture.counters.refused_bodies.get() == 2);
  CHECK(fixture.counters.pending() == 0);
}

}  // namespace
}  // namespace sleipnir::test
