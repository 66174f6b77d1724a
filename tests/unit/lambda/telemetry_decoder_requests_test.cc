// Whose record it is: request ids, traces, tenants and instances.
#include "lambda/telemetry_decoder.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "decoder_fixture.h"

namespace sleipnir {
namespace {

std::string tracing_member(const std::string& value) {
  return R"(,"tracing":{"spanId":"0123456789abcdef","type":"X-Amzn-Trace-Id","value":")" + value + "\"}";
}

// ---- requests ----

TEST_CASE("request_id_is_the_records_own_then_its_prefixs_then_the_last_start") {
  DecoderFixture f;
  f.start(kR1);
  CHECK(f.function(R"({"requestId":"own"})").record.request_id == "own");
  CHECK(
      f.function(R"("[INFO]\t2026-11-20T08:00:00.529Z\t7f1d0000-0000-4000-8000-000000000002\tx")").record.request_id ==
      kR2);
  CHECK(f.function(R"("2026-11-20T08:00:00.529Z\tundefined\tINFO\tx")").record.request_id == kR1);
  CHECK(f.function(R"({"requestId":"with\u002descape"})").record.request_id == kR1);
  CHECK(f.function(R"({"requestId":17})").record.request_id == kR1);
  CHECK(f.event("extension", R"("x")").record.request_id == kR1);
  f.start(kR2);
  CHECK(f.function(R"("x")").record.request_id == kR2);
}

TEST_CASE("events_of_other_requests_do_not_change_the_current_one") {
  DecoderFixture f;
  f.start(kR2);
  f.event("platform.report", "{\"requestId\":\"" + kR1 + "\",\"status\":\"success\"}");
  f.decoder.set_tracing(kR1, kTracing);
  CHECK(f.function(R"("x")").record.request_id == kR2);
  CHECK(f.function(R"("x")").record.trace_id.empty());
}

TEST_CASE("init_lines_have_no_request_unless_the_init_is_repeated_within_an_invocation") {
  DecoderFixture f;
  CHECK(f.function(R"("x")").record.request_id.empty());
  f.start(kR1);
  f.event("platform.initStart", R"({"phase":"invoke"})");
  CHECK(f.function(R"("x")").record.request_id == kR1);
  f.event("platform.initStart", R"({"phase":"init"})");
  CHECK(f.function(R"("x")").record.request_id.empty());
  f.start(kR2);
  f.event("platform.restoreStart", "{}");
  CHECK(f.function(R"("x")").record.request_id.empty());
}

TEST_CASE("managed_instances_have_no_current_request_but_know_each_requests_trace") {
  DecoderFixture f({.managed_instances = true});
  f.start(kR1, tracing_member(kTracing));
  f.start(kR2);
  CHECK(f.function(R"("x")").record.request_id.empty());
  CHECK(f.function(R"("x")").record.trace_id.empty());
  const Decoded d = f.function("{\"requestId\":\"" + kR1 + "\"}");
  CHECK(d.record.request_id == kR1);
  CHECK(d.record.trace_id == kTrace);
  CHECK(f.function("{\"requestId\":\"" + kR2 + "\"}").record.trace_id.empty());
}

TEST_CASE("ids_too_long_or_escaped_are_left_out") {
  DecoderFixture f;
  CHECK(f.start(std::string(65, 'x')).request_id.empty());
  CHECK(f.function(R"("x")").record.request_id.empty());
  CHECK(f.start("a\\u0041").request_id.empty());
  CHECK(f.start(std::string(64, 'x')).request_id.size() == 64);
  CHECK(f.function(R"("x")").record.request_id.size() == 64);
  CHECK(f.event("platform.start", R"({"requestId":null})").request_id.empty());
  CHECK(f.function(R"("x")").record.request_id.size() == 64);  // a start that names none changes nothing
}

// ---- trace, tenant, instance ----

TEST_CASE("trace_of_a_sampled_request_is_on_all_its_records") {
  DecoderFixture f;
  f.start(kR1, tracing_member(kTracing));
  CHECK(f.function(R"("x")").record.trace_id == kTrace);
  CHECK(f.event("platform.runtimeDone", "{\"requestId\":\"" + kR1 + "\"}").record.trace_id == kTrace);
  f.start(kR2, tracing_member("Root=1-67aa0001-0123456789abcdef01234567;Sampled=0"));
  CHECK(f.function(R"("x")").record.trace_id.empty());
  // Late, but known by its id.
  CHECK(f.event("platform.report", "{\"requestId\":\"" + kR1 + "\"}").record.trace_id == kTrace);
}

TEST_CASE("trace_of_an_invoke_event_counts_before_and_after_the_start") {
  DecoderFixture f;
  f.decoder.set_tracing(kR1, kTracing);
  f.start(kR1);
  CHECK(f.function(R"("x")").record.trace_id == kTrace);
  f.start(kR2);
  CHECK(f.function(R"("x")").record.trace_id.empty());
  f.decoder.set_tracing(kR2, kTracing);
  CHECK(f.function(R"("x")").record.trace_id == kTrace);
  f.decoder.set_tracing("", kTracing);
  f.decoder.set_tracing(std::string(65, 'x'), kTracing);
  CHECK(f.function(R"("x")").record.request_id == kR2);
}

TEST_CASE("trace_field_of_a_record_goes_before_the_requests_if_it_is_one") {
  DecoderFixture f;
  f.start(kR1, tracing_member(kTracing));
  CHECK(f.function(R"({"trace_id":"ffffffffffffffffffffffffffffffff"})").record.trace_id ==
        "ffffffffffffffffffffffffffffffff");
  CHECK(f.function(R"({"xray_trace_id":"1-ffffffff-eeeeeeeeeeeeeeeeeeeeeeee"})").record.trace_id ==
        "ffffffffeeeeeeeeeeeeeeeeeeeeeeee");
  CHECK(f.function(R"({"trace_id":"1234"})").record.trace_id == kTrace);
}

TEST_CASE("tenant_is_the_records_own_or_the_requests") {
  DecoderFixture f;
  f.start(kR1, R"(,"tenantId":"acme")");
  CHECK(f.function(R"("x")").record.tenant_id == "acme");
  CHECK(f.function(R"({"tenantId":"other"})").record.tenant_id == "other");
  f.start(kR2);
  CHECK(f.function(R"("x")").record.tenant_id.empty());
  CHECK(f.event("platform.runtimeDone", R"({"requestId":"q","tenantId":"third"})").record.tenant_id == "third");
}

TEST_CASE("instance_is_what_the_platform_told_or_else_what_was_set") {
  DecoderFixture f;
  CHECK(f.function(R"("x")").record.instance.empty());
  f.decoder.set_instance("drawn");
  CHECK(f.function(R"("x")").record.instance == "drawn");
  f.event("platform.initStart", R"({"instanceId":"told"})");
  CHECK(f.function(R"("x")").record.instance == "told");
  f.decoder.set_instance("drawn again");
  CHECK(f.decoder.instance() == "told");
  f.event("platform.restoreStart", R"({"instanceId":"restored"})");
  CHECK(f.function(R"("x")").record.instance == "restored");
  f.event("platform.restoreStart", "{}");  // the name in the snapshot is another environment's
  CHECK(f.function(R"("x")").record.instance == "drawn again");
  f.event("platform.initStart", "{\"instanceId\":\"" + std::string(129, 'x') + "\"}");
  CHECK(f.decoder.instance() == "drawn again");
}

TEST_CASE("snap_start_marks_what_comes_before_the_restore") {
  const auto restores = {"platform.restoreStart", "platform.restoreRuntimeDone", "platform.restoreReport",
                         "platform.start"};
  for (const char* restore : restores) {
    DecoderFixture f({.snap_start = true});
    CHECK(f.function(R"("early")").record.snapshot);
    CHECK(f.event("platform.initStart", R"({"phase":"init"})").record.snapshot);
    CHECK(f.function(R"("of the init")").record.snapshot);
    CHECK(f.event("platform.initReport", "{}").record.snapshot);
    CHECK_FALSE(f.event(restore, R"({"requestId":"r"})").record.snapshot);
    CHECK_FALSE(f.function(R"("after it")").record.snapshot);
  }
}

TEST_CASE("an_init_within_an_invocation_is_no_snapshot") {
  DecoderFixture f({.snap_start = true});
  CHECK_FALSE(f.event("platform.initStart", R"({"phase":"invoke"})").record.snapshot);
  CHECK_FALSE(f.function(R"("of that init")").record.snapshot);
  DecoderFixture on_demand;
  CHECK_FALSE(on_demand.event("platform.initStart", R"({"phase":"init"})").record.snapshot);
}

TEST_CASE("report_of_the_first_invocation_behind_an_init_or_a_restore_tells_of_a_cold_start") {
  const std::string report = R"({"requestId":")" + kR1 + R"(","status":"success"})";
  for (const std::string begin : {"platform.initStart", "platform.restoreStart"}) {
    DecoderFixture f;
    CHECK_FALSE(f.event(begin, "{}").record.cold_start);
    CHECK_FALSE(f.start(kR1).record.cold_start);
    CHECK_FALSE(f.function(R"("hello")").record.cold_start);
    CHECK_FALSE(f.event("platform.runtimeDone", report).record.cold_start);
    f.start(kR2);  // Lambda tells a report when the next request has begun
    CHECK(f.event("platform.report", report).record.cold_start);
    CHECK_FALSE(f.event("platform.report", R"({"requestId":")" + kR2 + "\"}").record.cold_start);
  }
  DecoderFixture warm;  // no init was told: nothing is known
  warm.start(kR1);
  CHECK_FALSE(warm.event("platform.report", report).record.cold_start);
  CHECK_FALSE(warm.event("platform.report", "{}").record.cold_start);
  DecoderFixture managed({.managed_instances = true});  // no request waits for an init there
  managed.event("platform.initStart", "{}");
  managed.start(kR1);
  CHECK_FALSE(managed.event("platform.report", report).record.cold_start);
}

TEST_CASE("decoder_takes_elements_that_no_scanner_would_give") {
  TelemetryDecoder decoder(DecoderOptions{});
  for (const char* record : {"\"", "{", "[", "{\"", "}", "x", "\"\\", "{\"a\":", "\"\\\"", "\"{\\", "\"\\n"}) {
    for (const char* type : {"function", "platform.start", "platform.fault", "\\", "platform.\\u", ""}) {
      Decoded d;
      decoder.decode({.time = "\\", .type = type, .record = record}, kArrival, d);
      CHECK(d.record.time == kArrival);
    }
  }
}

}  // namespace
}  // namespace sleipnir
