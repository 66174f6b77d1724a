#include "app/ledger.h"
#include "app/parcel.h"
#include "app/upstream.h"

#include <yyjson.h>

#include <catch2/catch_test_macros.hpp>

#include "fake/kernel.h"
#include "fake/resolver.h"

namespace sleipnir::test {
namespace {

using namespace std::chrono_literals;

struct Filled {
  explicit Filled(uint32_t entries) : arena(64 + entries * 16, '\0') {
    batch.attach(arena, {.arena_bytes = arena.size(), .headroom = 16});
    for (uint32_t i = 0; i < entries; i++) {
      batch.room()[0] = ',';
      batch.commit({.bytes = 1, .metadata_offset = 1}, true, {});
    }
  }
  std::vector<char> arena;
  Batch batch;
};

TEST_CASE("a_parcel_is_halved_down_to_single_entries_in_order") {
  for (const uint32_t entries : {1U, 2U, 3U, 7U, 1000U}) {
    Filled filled(entries);
    Parcel parcel(&filled.batch);
    uint32_t expected = 0;
    while (!parcel.done()) {
      if (parcel.halve_next()) {
        CHECK(parcel.records_left() == entries - expected);
        continue;
      }
      CHECK(parcel.next() == EntryRange{.first = expected, .count = 1});
      parcel.settle_next();
      expected++;
    }
    CHECK(expected == entries);
  }
}

TEST_CASE("a_parcel_is_due_at_the_later_of_back_off_and_what_the_server_asked_for") {
  Filled filled(1);
  Parcel parcel(&filled.batch);
  CHECK(parcel.due() == MonotonicTime::min());
  parcel.backed_off_until = MonotonicTime(5s);
  CHECK(parcel.due() == MonotonicTime(5s));
  parcel.put_off_until = MonotonicTime(7s);
  CHECK(parcel.due() == MonotonicTime(7s));
}

TEST_CASE("the_ledger_is_one_line_of_json_that_solves_its_equation") {
  Counters counters;
  counters.received.add(1000);
  counters.restored.add(7);
  counters.sent.add(900);
  counters.filtered.add(20);
  counters.duplicate.add(10);
  counters.spooled.add(5);
  counters.malformed.add(3);
  counters.dropped[static_cast<size_t>(DropReason::kOverflow)].add(12);
  counters.lost_upstream_records.add(99);
  counters.lost_upstream_bytes.add(12345);
  counters.throttled.add(4);
  const LedgerLine line = ledger_line(counters);
  INFO(line.view());
  yyjson_doc* const document = yyjson_read(line.view().data(), line.view().size(), YYJSON_READ_NOFLAG);
  REQUIRE(document != nullptr);
  yyjson_val* const root = yyjson_doc_get_root(document);
  const auto number = [](yyjson_val* object, const char* key) { return yyjson_get_uint(yyjson_obj_get(object, key)); };
  yyjson_val* const dropped = yyjson_obj_get(root, "dropped");
  CHECK(yyjson_obj_size(dropped) == 2);
  CHECK(number(dropped, "overflow") == 12);
  CHECK(number(dropped, "malformed") == 3);
  CHECK(number(root, "throttled") == 4);
  CHECK(number(yyjson_obj_get(root, "lost_upstream"), "records") == 99);
  CHECK(number(yyjson_obj_get(root, "lost_upstream"), "bytes") == 12345);
  CHECK(number(root, "received") + number(root, "restored") == number(root, "sent") + number(root, "pending") +
                                                                   number(root, "spooled") + number(root, "filtered") +
                                                                   number(root, "duplicate") + 15);
  yyjson_doc_free(document);
}

TEST_CASE("the_ledger_is_whole_with_the_largest_numbers") {
  Counters counters;
  for (Count* count : {&counters.received, &counters.restored, &counters.sent, &counters.spooled, &counters.filtered,
                       &counters.duplicate, &counters.malformed, &counters.lost_upstream_records,
                       &counters.lost_upstream_bytes, &counters.throttled}) {
    count->add(UINT64_MAX);
  }
  for (Count& count : counters.dropped) count.add(UINT64_MAX);
  CHECK(ledger_line(counters).view().ends_with("}}"));
}

struct UpstreamFixture {
  explicit UpstreamFixture(BorrowedText host)
      : upstream(Endpoint{.tls = false, .host = host, .port = 80}, resolver, 2000ms) {}
  // As a round of the sender does it.
  Upstream::Where locate() {
    failed = upstream.lookup_failed(clock.now());
    return upstream.locate(address, clock.now());
  }

  FakeClock clock;
  FakeNetwork network{clock, 1};
  FakeKernel kernel{network};
  FakeResolver resolver{kernel};
  Upstream upstream;
  Address address;
  bool failed = false;
};

TEST_CASE("an_upstream_by_literal_is_known_and_asks_nobody") {
  UpstreamFixture fixture("10.0.0.1");
  CHECK(fixture.locate() == Upstream::Where::kKnown);
  CHECK(fixture.address.text() == "10.0.0.1:80");
  fixture.upstream.on_failed();
  fixture.upstream.forget();
  fixture.clock.advance(24h);
  CHECK(fixture.locate() == Upstream::Where::kKnown);
  CHECK(fixture.resolver.asked == 0);
}

TEST_CASE("an_upstream_by_name_is_looked_up_once_and_again_when_the_answer_is_old") {
  UpstreamFixture fixture("loki.example.com");
  CHECK(fixture.locate() == Upstream::Where::kResolving);
  CHECK(fixture.locate() == Upstream::Where::kResolving);
  CHECK(fixture.resolver.asked == 1);
  fixture.resolver.answer("10.0.0.7");
  CHECK(fixture.locate() == Upstream::Where::kKnown);
  CHECK(fixture.address.text() == "10.0.0.7:80");
  fixture.clock.advance(kResolvedFor - 1ms);
  CHECK(fixture.locate() == Upstream::Where::kKnown);
  fixture.clock.advance(1ms);
  CHECK(fixture.locate() == Upstream::Where::kResolving);
  CHECK(fixture.resolver.asked == 2);
}

TEST_CASE("an_upstream_is_looked_up_anew_when_its_last_address_fails") {
  UpstreamFixture fixture("loki.example.com");
  fixture.locate();
  fixture.resolver.answer("10.0.0.7");
  fixture.locate();
  fixture.upstream.on_failed();
  CHECK(fixture.locate() == Upstream::Where::kResolving);
}

TEST_CASE("an_upstream_says_that_its_name_does_not_exist_and_asks_again_the_next_time") {
  UpstreamFixture fixture("loki.example.com");
  fixture.locate();
  fixture.resolver.answer("");
  CHECK(fixture.locate() == Upstream::Where::kResolving);
  CHECK(fixture.failed);
  CHECK(std::string_view(fixture.upstream.failure()).find("loki.example.com") != std::string_view::npos);
  CHECK(fixture.resolver.asked == 2);
  CHECK(fixture.locate() == Upstream::Where::kResolving);
  CHECK_FALSE(fixture.failed);
}

TEST_CASE("an_upstream_gives_a_lookup_up_that_takes_too_long") {
  UpstreamFixture fixture("loki.example.com");
  fixture.locate();
  fixture.clock.advance(2000ms);
  CHECK(fixture.upstream.next_deadline() <= fixture.clock.monotonic());
  CHECK(fixture.upstream.lookup_failed(fixture.clock.now()));
  // Nobody has asked for an address since: it wants no further turn.
  CHECK(fixture.upstream.next_deadline() == kNever);
}

TEST_CASE("an_upstream_gives_a_lookup_up_at_the_second_thaw") {
  UpstreamFixture fixture("loki.example.com");
  fixture.locate();
  for (int thaw = 1; thaw <= 2; thaw++) {
    fixture.clock.advance(60s);
    // Noticed by the sender itself, and told by the loop.
    fixture.upstream.on_thaw(fixture.clock.now());
    fixture.clock.advance(1ms);
    fixture.upstream.on_thaw(fixture.clock.now());
    CHECK(fixture.upstream.lookup_failed(fixture.clock.now()) == (thaw == 2));
  }
}

TEST_CASE("an_upstream_gives_a_lookup_its_time_again_after_a_thaw") {
  UpstreamFixture fixture("loki.example.com");
  fixture.locate();
  fixture.clock.advance(1h);
  fixture.upstream.on_thaw(fixture.clock.now());
  fixture.locate();
  CHECK_FALSE(fixture.failed);
  fixture.clock.advance(2000ms);
  CHECK(fixture.upstream.lookup_failed(fixture.clock.now()));
}

TEST_CASE("an_upstream_forgets_what_it_knew") {
  UpstreamFixture fixture("loki.example.com");
  fixture.locate();
  fixture.resolver.answer("10.0.0.7");
  fixture.locate();
  fixture.upstream.forget();
  CHECK(fixture.locate() == Upstream::Where::kResolving);
  // An answer of before is not taken for the new one.
  CHECK(fixture.resolver.asked == 2);
}

}  // namespace
}  // namespace sleipnir::test
