#include "lambda/telemetry_decoder.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "decoder_fixture.h"

namespace sleipnir {
namespace {

std::string line(const Decoded& decoded) {
  return std::string(decoded.record.prefix) + std::string(decoded.record.text);
}

// ---- the events of an environment's life, one after the other ----

TEST_CASE("decoder_reads_the_events_of_a_cold_start_and_an_invocation") {
  DecoderFixture f;
  Decoded d = f.feed(
      R"({"time":"2026-11-20T08:00:00.101Z","type":"platform.initStart","record":{"initializationType":"on-demand","phase":"init","runtimeVersion":"python:3.13.v61","runtimeVersionArn":"arn:aws:lambda:eu-west-1::runtime:ab12","functionName":"orders","functionVersion":"7","instanceId":"2026/11/20/[7]9c1d5e0f","instanceMaxMemory":536870912}})");
  CHECK(d.kind == EventKind::kInitStart);
  CHECK(d.disposition == Disposition::kShip);
  CHECK(d.instance_id == "2026/11/20/[7]9c1d5e0f");
  CHECK(unix_ms(d.record.time) == 1795161600101);
  CHECK_FALSE(d.time_replaced);
  CHECK(d.record.log_type == LogType::kPlatform);
  CHECK(d.record.level == Level::kInfo);
  CHECK(d.record.form == TextForm::kJsonValue);
  CHECK(d.record.instance == "2026/11/20/[7]9c1d5e0f");
  CHECK(d.record.request_id.empty());
  CHECK(
      line(d) ==
      R"({"type":"platform.initStart","initializationType":"on-demand","phase":"init","runtimeVersion":"python:3.13.v61","runtimeVersionArn":"arn:aws:lambda:eu-west-1::runtime:ab12","functionName":"orders","functionVersion":"7","instanceId":"2026/11/20/[7]9c1d5e0f","instanceMaxMemory":536870912})");

  d = f.feed(
      R"({"time":"2026-11-20T08:00:00.140Z","type":"platform.telemetrySubscription","record":{"name":"loki-ext","state":"Subscribed","types":["platform","function"]}})");
  CHECK(d.kind == EventKind::kTelemetrySubscription);
  CHECK(d.record.level == Level::kInfo);
  CHECK(
      line(d) ==
      R"({"type":"platform.telemetrySubscription","name":"loki-ext","state":"Subscribed","types":["platform","function"]})");

  d = f.function(R"("importing\n")");
  CHECK(d.record.request_id.empty());  // an init line belongs to no request
  CHECK(d.record.instance == "2026/11/20/[7]9c1d5e0f");

  d = f.feed(
      R"({"time":"2026-11-20T08:00:00.512Z","type":"platform.initRuntimeDone","record":{"initializationType":"on-demand","phase":"init","status":"success"}})");
  CHECK(d.kind == EventKind::kInitRuntimeDone);
  CHECK(d.status == EventStatus::kSuccess);
  CHECK(d.record.level == Level::kInfo);

  d = f.feed(
      R"({"time":"2026-11-20T08:00:00.515Z","type":"platform.extension","record":{"name":"loki-ext","state":"Ready","events":["INVOKE","SHUTDOWN"]}})");
  CHECK(d.kind == EventKind::kExtensionState);
  CHECK(d.record.level == Level::kInfo);

  d = f.feed(
      R"({"time":"2026-11-20T08:00:00.516Z","type":"platform.initReport","record":{"initializationType":"on-demand","phase":"init","status":"success","metrics":{"durationMs":414.2}}})");
  CHECK(d.kind == EventKind::kInitReport);
  CHECK(d.status == EventStatus::kSuccess);

  d = f.feed(
      R"({"time":"2026-11-20T08:00:00.520Z","type":"platform.start","record":{"requestId":"0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11","version":"7","functionArn":"arn:aws:lambda:eu-west-1:111122223333:function:orders:live","tenantId":"acme","tracing":{"spanId":"0123456789abcdef","type":"X-Amzn-Trace-Id","value":"Root=1-67aa0001-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1"}}})");
  CHECK(d.kind == EventKind::kStart);
  CHECK(d.request_id == kR1);
  CHECK(d.tracing == kTracing);
  CHECK(d.record.request_id == kR1);
  CHECK(d.record.trace_id == kTrace);
  CHECK(d.record.tenant_id == "acme");

  d = f.feed(
      R"({"time":"2026-11-20T08:00:00.530Z","type":"function","record":"[INFO]\t2026-11-20T08:00:00.529Z\t0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11\tcart loaded\n"})");
  CHECK(d.kind == EventKind::kFunction);
  CHECK(d.record.log_type == LogType::kFunction);
  CHECK(d.record.form == TextForm::kJsonString);
  CHECK(line(d) == R"([INFO]\t2026-11-20T08:00:00.529Z\t0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11\tcart loaded\n)");
  CHECK(d.record.level == Level::kInfo);
  CHECK(d.record.request_id == kR1);
  CHECK(d.record.trace_id == kTrace);
  CHECK(d.record.tenant_id == "acme");
  CHECK(d.request_id.empty());  // a platform event's own only

  d = f.feed(
      R"({"time":"2026-11-20T08:00:00.531Z","type":"function","record":{"timestamp":"2026-11-20T08:00:00Z","level":"WARN","message":"slow query","logger":"root","requestId":"0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11","tenantId":"acme"}})");
  CHECK(d.record.form == TextForm::kJsonValue);
  CHECK(d.record.prefix.empty());
  CHECK(
      line(d) ==
      R"({"timestamp":"2026-11-20T08:00:00Z","level":"WARN","message":"slow query","logger":"root","requestId":"0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11","tenantId":"acme"})");
  CHECK(d.record.level == Level::kWarn);
  CHECK(d.record.request_id == kR1);
  CHECK(d.record.tenant_id == "acme");
  CHECK(d.record.trace_id == kTrace);

  d = f.feed(R"({"time":"2026-11-20T08:00:00.540Z","type":"extension","record":"other-ext: hello\n"})");
  CHECK(d.kind == EventKind::kExtension);
  CHECK(d.disposition == Disposition::kFilter);
  CHECK(d.record.log_type == LogType::kExtension);
  CHECK(line(d) == R"(other-ext: hello\n)");

  d = f.feed(
      R"({"time":"2026-11-20T08:00:00.640Z","type":"platform.runtimeDone","record":{"requestId":"0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11","status":"success","metrics":{"durationMs":119.4,"producedBytes":52},"spans":[{"name":"responseLatency","start":"2026-11-20T08:00:00.520Z","durationMs":110.1},{"name":"responseDuration","start":"2026-11-20T08:00:00.630Z","durationMs":0.2},{"name":"runtimeOverhead","start":"2026-11-20T08:00:00.631Z","durationMs":8.0}]}})");
  CHECK(d.kind == EventKind::kRuntimeDone);
  CHECK(d.status == EventStatus::kSuccess);
  CHECK(d.request_id == kR1);
  CHECK(d.record.level == Level::kInfo);
  CHECK(d.record.trace_id == kTrace);

  d = f.function(R"("straggler")");
  CHECK(d.record.request_id == kR1);  // until the next start

  d = f.feed(
      R"({"time":"2026-11-20T08:00:00.671Z","type":"platform.report","record":{"requestId":"0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11","status":"success","metrics":{"durationMs":150.9,"billedDurationMs":566,"memorySizeMB":512,"maxMemoryUsedMB":97,"initDurationMs":414.2},"spans":[{"name":"extensionOverhead","start":"2026-11-20T08:00:00.640Z","durationMs":30.2}]}})");
  CHECK(d.kind == EventKind::kReport);
  CHECK(d.status == EventStatus::kSuccess);
  CHECK(d.request_id == kR1);
  CHECK(d.record.prefix == R"({"type":"platform.report",)");
  CHECK(d.record.text.starts_with(R"("requestId":"0b6f)"));
}

TEST_CASE("decoder_reads_failures_restores_and_losses") {
  DecoderFixture f;
  Decoded d = f.feed(
      R"({"time":"2026-11-20T08:00:03.530Z","type":"platform.runtimeDone","record":{"requestId":"7f1d0000-0000-4000-8000-000000000001","status":"timeout","metrics":{"durationMs":3000.0,"producedBytes":0}}})");
  CHECK(d.status == EventStatus::kTimeout);
  CHECK(d.record.level == Level::kError);
  CHECK(d.record.request_id == "7f1d0000-0000-4000-8000-000000000001");

  d = f.feed(
      R"({"time":"2026-11-20T08:00:03.531Z","type":"platform.runtimeDone","record":{"requestId":"7f1d0000-0000-4000-8000-000000000002","status":"error","errorType":"Runtime.ExitError","metrics":{"durationMs":12.5,"producedBytes":0}}})");
  CHECK(d.status == EventStatus::kError);
  CHECK(d.record.level == Level::kError);

  d = f.feed(
      R"({"time":"2026-11-20T08:10:00.000Z","type":"platform.restoreStart","record":{"functionName":"orders","functionVersion":"7","runtimeVersion":"java:21.v40","runtimeVersionArn":"arn:aws:lambda:eu-west-1::runtime:cd34","instanceId":"2026/11/20/[7]aa11","instanceMaxMemory":1073741824}})");
  CHECK(d.kind == EventKind::kRestoreStart);
  CHECK(d.instance_id == "2026/11/20/[7]aa11");
  CHECK(d.record.instance == "2026/11/20/[7]aa11");

  d = f.feed(
      R"({"time":"2026-11-20T08:10:00.210Z","type":"platform.restoreRuntimeDone","record":{"status":"success"}})");
  CHECK(d.kind == EventKind::kRestoreRuntimeDone);
  CHECK(d.status == EventStatus::kSuccess);

  d = f.feed(
      R"({"time":"2026-11-20T08:10:00.214Z","type":"platform.restoreReport","record":{"status":"failure","errorType":"Sandbox.Timeout"}})");
  CHECK(d.kind == EventKind::kRestoreReport);
  CHECK(d.status == EventStatus::kFailure);
  CHECK(d.record.level == Level::kError);

  d = f.feed(
      R"({"time":"2026-11-20T08:11:00.000Z","type":"platform.logsDropped","record":{"reason":"Some logs were dropped because the downstream consumer is slower than the logs production rate","droppedRecords":321,"droppedBytes":65013}})");
  CHECK(d.kind == EventKind::kLogsDropped);
  CHECK(d.dropped_records == 321);
  CHECK(d.dropped_bytes == 65013);
  CHECK(d.record.level == Level::kWarn);

  d = f.feed(
      R"({"time":"2026-11-20T08:12:00.000Z","type":"platform.report","record":{"requestId":"7f1d0000-0000-4000-8000-000000000003","status":"success","metrics":{"durationMs":44.120},"spans":[]}})");
  CHECK(d.record.request_id == "7f1d0000-0000-4000-8000-000000000003");
  CHECK(d.record.level == Level::kInfo);

  d = f.event("platform.fault", R"("RequestId: 0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11\tStatus: timeout\n")");
  CHECK(d.kind == EventKind::kFault);
  CHECK(d.request_id == kR1);
  CHECK(d.status == EventStatus::kTimeout);
  CHECK(d.record.level == Level::kError);
  CHECK(line(d) ==
        R"({"type":"platform.fault","record":"RequestId: 0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11\tStatus: timeout\n"})");
  CHECK(d.record.form == TextForm::kJsonValue);

  d = f.event("platform.extension", R"({"name":"x","state":"LaunchError","events":[],"errorType":"PermissionDenied"})");
  CHECK(d.record.level == Level::kError);
}

// ---- platform lines ----

TEST_CASE("platform_line_is_the_type_and_then_the_records_own_members") {
  DecoderFixture f;
  CHECK(line(f.event("platform.new", R"({"a":1})")) == R"({"type":"platform.new","a":1})");
  CHECK(line(f.event("platform.new", "{}")) == R"({"type":"platform.new"})");
  CHECK(line(f.event("platform.new", "{ \n }")) == R"({"type":"platform.new"})");
  CHECK(line(f.event("platform.new", "{ \"a\" : 1 }")) == R"({"type":"platform.new","a" : 1 })");
  CHECK(line(f.feed(R"({"time":"2026-11-20T08:00:00.530Z","type":"platform.new"})")) == R"({"type":"platform.new"})");
  for (const std::string record : {R"("text")", "[1,2]", "null", "true", "12.5"}) {
    CHECK(line(f.event("platform.new", record)) == R"({"type":"platform.new","record":)" + record + "}");
  }
}

TEST_CASE("unknown_types_are_shipped_like_platform_events") {
  DecoderFixture f;
  Decoded d = f.event("platform.brandNew", R"({"requestId":"7f1d0000-0000-4000-8000-000000000002","more":[1]})");
  CHECK(d.kind == EventKind::kPlatformOther);
  CHECK(d.disposition == Disposition::kShip);
  CHECK(d.record.request_id == kR2);
  CHECK(d.record.level == Level::kUnknown);
  d = f.event("weather", R"({"rain":true})");
  CHECK(d.kind == EventKind::kUnknownType);
  CHECK(d.record.log_type == LogType::kPlatform);
  CHECK(line(d) == R"({"type":"weather","rain":true})");
  d = f.feed(R"({"record":{"rain":true}})");
  CHECK(d.kind == EventKind::kUnknownType);
  CHECK(line(d) == R"({"type":"","rain":true})");
}

TEST_CASE("type_written_with_escapes_is_understood_and_kept") {
  DecoderFixture f;
  const Decoded d = f.event(R"(platform\u002estart)", R"({"requestId":"r"})");
  CHECK(d.kind == EventKind::kStart);
  CHECK(line(d) == R"({"type":"platform\u002estart","requestId":"r"})");
  CHECK(f.event(R"(func\u0074ion)", R"("x")").kind == EventKind::kFunction);
}

TEST_CASE("overlong_types_are_cut_between_characters") {
  DecoderFixture f;
  CHECK(line(f.event(std::string(500, 't'), "{}")) == "{\"type\":\"" + std::string(120, 't') + "\"}");
  CHECK(line(f.event(std::string(100, 't') + "\\u0041" + std::string(100, 't'), "{}")) ==
        "{\"type\":\"" + std::string(100, 't') + "\"}");
  CHECK(line(f.event(std::string(119, 't') + "\xc3\xa9" + std::string(100, 't'), "{}")) ==
        "{\"type\":\"" + std::string(119, 't') + "\"}");
}

TEST_CASE("a_huge_platform_record_that_is_no_object_is_shipped_as_it_is") {
  DecoderFixture f;
  const std::string fits = "\"" + std::string(8189, 'x') + "\"", huge = "\"" + std::string(8190, 'x') + "\"";
  CHECK(line(f.event("platform.new", fits)) == R"({"type":"platform.new","record":)" + fits + "}");
  CHECK(line(f.event("platform.new", huge)) == huge);
}

TEST_CASE("text_format_gives_the_lines_of_cloudwatch_and_json_for_the_rest") {
  DecoderFixture f({.platform_format = PlatformFormat::kText});
  Decoded d = f.start(kR1);
  CHECK(d.record.form == TextForm::kPlain);
  CHECK(d.record.prefix.empty());
  CHECK(d.record.text == "START RequestId: " + kR1 + " Version: 7");
  CHECK(d.record.request_id == kR1);
  d = f.event("platform.initRuntimeDone", R"({"status":"success"})");
  CHECK(d.record.form == TextForm::kJsonValue);
  CHECK(line(d) == R"({"type":"platform.initRuntimeDone","status":"success"})");
  d = f.event("platform.fault", R"("RequestId: x\tStatus: timeout\n")");
  CHECK(d.record.form == TextForm::kJsonString);
  CHECK(line(d) == R"(RequestId: x\tStatus: timeout\n)");
  d = f.event("platform.fault",
              R"("RequestId: )" + kR2 + R"( Error: Runtime exited with error: signal: killed\nRuntime.ExitError\n")");
  CHECK(d.record.request_id == kR2);
  CHECK(d.record.level == Level::kError);
  CHECK(f.function(R"("x")").record.form == TextForm::kJsonString);
}

// ---- what is shipped ----

TEST_CASE("events_option_chooses_what_is_shipped_and_the_rest_is_still_decoded") {
  DecoderFixture f({.ship_platform = false, .ship_function = false, .ship_extension = true});
  Decoded d = f.start(kR1);
  CHECK(d.disposition == Disposition::kFilter);
  CHECK(d.request_id == kR1);
  d = f.function(R"("x")");
  CHECK(d.disposition == Disposition::kFilter);
  CHECK(d.record.request_id == kR1);
  CHECK(f.event("extension", R"("x")").disposition == Disposition::kShip);
  CHECK(f.event("weather", "{}").disposition == Disposition::kFilter);
}

TEST_CASE("dropped_types_are_filtered_known_or_not") {
  const std::string_view dropped[] = {"platform.extension", "platform.telemetrySubscription", "platform.brandNew",
                                      "weather"};
  DecoderFixture f({.dropped_types = dropped});
  for (const std::string type :
       {"platform.extension", "platform.telemetrySubscription", "platform.brandNew", "weather"}) {
    CHECK(f.event(type, "{}").disposition == Disposition::kFilter);
  }
  for (const std::string type :
       {"platform.start", "platform.logsSubscription", "platform.other", "weathers", "function"}) {
    CHECK(f.event(type, "{}").disposition == Disposition::kShip);
  }
}

TEST_CASE("min_level_filters_function_records_of_a_lower_known_level_only") {
  DecoderFixture f({.ship_extension = true, .min_level = Level::kWarn});
  CHECK(f.function(R"("[INFO]\t2026-11-20T08:00:00.529Z\t\tx")").disposition == Disposition::kFilter);
  CHECK(f.function(R"("[WARNING]\t2026-11-20T08:00:00.529Z\t\tx")").disposition == Disposition::kShip);
  CHECK(f.function(R"({"level":"error"})").disposition == Disposition::kShip);
  CHECK(f.function(R"({"level":30})").disposition == Disposition::kFilter);
  CHECK(f.function(R"("no level at all")").disposition == Disposition::kShip);
  CHECK(f.event("platform.report", R"({"status":"success"})").disposition == Disposition::kShip);
  CHECK(f.event("extension", R"("info: x")").disposition == Disposition::kShip);
}

// ---- time ----

TEST_CASE("unreadable_time_is_replaced_and_flagged") {
  DecoderFixture f;
  for (const std::string time : {R"("yesterday")", "12", "null", R"("")", R"("2026-11-20T08:00:00.5\u0030Z")"}) {
    const Decoded d = f.feed(R"({"time":)" + time + R"(,"type":"function","record":"x"})");
    CHECK(d.time_replaced);
    CHECK(d.record.time == kArrival);
    CHECK(d.record.event_time == (time == R"("yesterday")" ? "yesterday" : ""));
  }
  CHECK(f.feed(R"({"type":"function","record":"x"})").time_replaced);
}

TEST_CASE("absurd_time_is_replaced_by_that_of_arrival_and_told") {
  using namespace std::chrono_literals;
  const std::pair<WallTime, bool> known[] = {
      {kArrival, true},
      {kArrival + 5min, true},  // a clock that is set meanwhile
      {kArrival + 5min + 1ms, false},
      {kArrival + 24h, false},
      {kArrival - 3h, true},  // the report of an invocation before a pause
      {kArrival - 24h * 6, true},
      {kArrival - (24h * 7 - 10min), true},
      {kArrival - (24h * 7 - 10min) - 1ms, false},
      {wall_from_unix_ms(0), false},
      {wall_from_unix_ms(9'000'000'000'000), false},  // 2255
  };
  for (const auto& [time, usable] : known) {
    const std::string text = rfc3339(time);
    CAPTURE(text);
    DecoderFixture f;
    const Decoded d = f.feed(R"({"time":")" + text + R"(","type":"function","record":"x"})");
    CHECK(d.time_replaced != usable);
    CHECK(d.record.time == (usable ? time : kArrival));
    CHECK(d.record.event_time == (usable ? "" : text));
  }
}

// ---- records of functions ----

TEST_CASE("function_records_of_every_json_type_keep_their_text") {
  DecoderFixture f;
  for (const std::string record : {"[1,2]", "null", "true", "12.50", R"({"b":1,"a":2.0})"}) {
    const Decoded d = f.function(record);
    CHECK(d.record.form == TextForm::kJsonValue);
    CHECK(line(d) == record);
  }
  CHECK(f.function(R"("")").record.form == TextForm::kJsonString);
  CHECK(line(f.function(R"("")")).empty());
  const Decoded missing = f.feed(R"({"time":"2026-11-20T08:00:00.530Z","type":"function"})");
  CHECK(missing.disposition == Disposition::kShip);
  CHECK(line(missing).empty());
}

TEST_CASE("text_that_is_a_json_object_is_read_for_its_fields_and_kept_unchanged") {
  DecoderFixture f;
  const std::string text =
      R"({\"level\":50,\"requestId\":\"7f1d0000-0000-4000-8000-000000000002\",\"msg\":\"say \\\"hi\\\"\",\"traceId\":\"67aa00010123456789abcdef01234567\"}\n)";
  const Decoded d = f.function("\"" + text + "\"");
  CHECK(d.record.form == TextForm::kJsonString);
  CHECK(line(d) == text);
  CHECK(d.record.level == Level::kError);
  CHECK(d.record.request_id == kR2);
  CHECK(d.record.trace_id == kTrace);
}

TEST_CASE("text_that_only_begins_like_an_object_is_read_like_text") {
  DecoderFixture f;
  CHECK(f.function(R"("{cart} ERROR not found")").record.level == Level::kError);
  CHECK(f.function(R"("{\"a\":1} ERROR not found")").record.level == Level::kUnknown);
  CHECK(f.function(R"("  {\"level\":\"warn\"}")").record.level == Level::kWarn);
  CHECK(f.function(R"("\n{\"level\":\"warn\"}")").record.level == Level::kWarn);
}

TEST_CASE("message_behind_a_runtimes_prefix_without_level_is_looked_at") {
  DecoderFixture f;
  const Decoded d = f.function(
      R"("2026-11-20T08:00:03.530Z 0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11 Task timed out after 3.00 seconds\n\n")");
  CHECK(d.record.level == Level::kError);
  CHECK(d.record.request_id == kR1);
  CHECK(f.function(R"("2026-11-20 08:00:00 0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11 INFO  Handler:25 - loaded")")
            .record.level == Level::kInfo);
}

}  // namespace
}  // namespace sleipnir
