#include "lambda/platform_text.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

namespace sleipnir {
namespace {

// The line of an event, or "none".
std::string line_of(EventKind kind, const std::string& record) {
  PlatformLine line;
  if (!write_platform_text(kind, read_platform_fields(record), "2026-11-20T08:00:03.530Z", line)) return "none";
  return std::string(line.view());
}

TEST_CASE("platform_text_of_init_and_restore") {
  CHECK(
      line_of(
          EventKind::kInitStart,
          R"({"initializationType":"on-demand","phase":"init","runtimeVersion":"python:3.13.v61","runtimeVersionArn":"arn:aws:lambda:eu-west-1::runtime:ab12"})") ==
      "INIT_START Runtime Version: python:3.13.v61\tRuntime Version ARN: arn:aws:lambda:eu-west-1::runtime:ab12");
  CHECK(line_of(EventKind::kInitStart, "{}") == "INIT_START");
  CHECK(line_of(EventKind::kRestoreStart, R"({"runtimeVersion":"java:21.v40","runtimeVersionArn":"arn:x"})") ==
        "RESTORE_START Runtime Version: java:21.v40\tRuntime Version ARN: arn:x");
  CHECK(line_of(EventKind::kInitReport, R"({"phase":"init","status":"success","metrics":{"durationMs":414.2}})") ==
        "INIT_REPORT Init Duration: 414.20 ms\tPhase: init");
  CHECK(line_of(
            EventKind::kInitReport,
            R"({"phase":"invoke","status":"error","errorType":"Extension.Crash","metrics":{"durationMs":1236.04}})") ==
        "INIT_REPORT Init Duration: 1236.04 ms\tPhase: invoke\tStatus: error\tError Type: Extension.Crash");
  CHECK(line_of(EventKind::kRestoreReport, R"({"status":"success","metrics":{"durationMs":213.7}})") ==
        "RESTORE_REPORT Restore Duration: 213.70 ms");
}

TEST_CASE("platform_text_of_an_invocation") {
  CHECK(line_of(EventKind::kStart, R"({"requestId":"r-1","version":"7"})") == "START RequestId: r-1 Version: 7");
  CHECK(line_of(EventKind::kStart, R"({"requestId":"r-1"})") == "START RequestId: r-1");
  CHECK(line_of(EventKind::kRuntimeDone, R"({"requestId":"r-1","status":"success","metrics":{"durationMs":119.4}})") ==
        "END RequestId: r-1");
  CHECK(line_of(EventKind::kEnd, R"({"requestId":"r-1"})") == "END RequestId: r-1");
  CHECK(line_of(EventKind::kRuntimeDone, R"({"requestId":"r-1","status":"error","errorType":"Runtime.ExitError"})") ==
        "RequestId: r-1 Error: Runtime exited with error\nRuntime.ExitError\nEND RequestId: r-1");
  CHECK(line_of(EventKind::kRuntimeDone, R"({"requestId":"r-1","status":"error","errorType":"Extension.Crash"})") ==
        "END RequestId: r-1\tStatus: error\tError Type: Extension.Crash");
  CHECK(line_of(EventKind::kRuntimeDone,
                R"({"requestId":"r-1","status":"timeout","metrics":{"durationMs":3000.0,"producedBytes":0}})") ==
        "2026-11-20T08:00:03.530Z r-1 Task timed out after 3.00 seconds\n\nEND RequestId: r-1");
  CHECK(line_of(EventKind::kRuntimeDone, R"({"requestId":"r-1","status":"timeout","metrics":{"durationMs":899995}})") ==
        "2026-11-20T08:00:03.530Z r-1 Task timed out after 900.00 seconds\n\nEND RequestId: r-1");
  CHECK(line_of(EventKind::kRuntimeDone, R"({"requestId":"r-1","status":"timeout"})") ==
        "END RequestId: r-1\tStatus: timeout");
}

TEST_CASE("platform_text_of_a_report_has_what_the_record_has") {
  CHECK(
      line_of(
          EventKind::kReport,
          R"({"requestId":"r-1","status":"success","metrics":{"durationMs":150.9,"billedDurationMs":566,"memorySizeMB":512,"maxMemoryUsedMB":97,"initDurationMs":414.2}})") ==
      "REPORT RequestId: r-1\tDuration: 150.90 ms\tBilled Duration: 566 ms\tMemory Size: 512 MB\tMax Memory Used: 97 "
      "MB\tInit Duration: 414.20 ms");
  CHECK(
      line_of(
          EventKind::kReport,
          R"({"requestId":"r-1","status":"timeout","metrics":{"durationMs":3000,"billedDurationMs":null,"restoreDurationMs":1.005,"billedRestoreDurationMs":2}})") ==
      "REPORT RequestId: r-1\tDuration: 3000.00 ms\tRestore Duration: 1.01 ms\tBilled Restore Duration: 2 ms\tStatus: "
      "timeout");
  CHECK(
      line_of(
          EventKind::kReport,
          R"({"requestId":"r-1","metrics":{"durationMs":44.120},"tracing":{"spanId":"0123456789abcdef","type":"X-Amzn-Trace-Id","value":"Root=1-67aa0001-0123456789abcdef01234567;Parent=p;Sampled=1"}})") ==
      "REPORT RequestId: r-1\tDuration: 44.12 ms\nXRAY TraceId: 1-67aa0001-0123456789abcdef01234567\tSegmentId: "
      "0123456789abcdef\tSampled: true");
}

TEST_CASE("platform_text_of_extensions_and_subscriptions") {
  CHECK(line_of(EventKind::kExtensionState, R"({"name":"loki-ext","state":"Ready","events":["INVOKE","SHUTDOWN"]})") ==
        "EXTENSION\tName: loki-ext\tState: Ready\tEvents: [INVOKE, SHUTDOWN]");
  CHECK(line_of(EventKind::kExtensionState,
                R"({"name":"a\"b","state":"LaunchError","events":[],"errorType":"PermissionDenied"})") ==
        "EXTENSION\tName: a\"b\tState: LaunchError\tEvents: []\tError Type: PermissionDenied");
  CHECK(line_of(EventKind::kTelemetrySubscription,
                R"({"name":"loki-ext","state":"Subscribed","types":["platform","function"]})") ==
        "TELEMETRY\tName: loki-ext\tState: Subscribed\tTypes: [platform, function]");
  CHECK(line_of(EventKind::kLogsSubscription, R"({"name":"x","state":"Subscribed","types":["function"]})") ==
        "LOGS\tName: x\tState: Subscribed\tTypes: [function]");
}

TEST_CASE("events_without_a_line_in_cloudwatch_have_none") {
  for (const EventKind kind :
       {EventKind::kInitRuntimeDone, EventKind::kRestoreRuntimeDone, EventKind::kLogsDropped, EventKind::kFault,
        EventKind::kPlatformOther, EventKind::kUnknownType, EventKind::kFunction, EventKind::kExtension}) {
    CHECK(line_of(kind, R"({"status":"success"})") == "none");
  }
}

TEST_CASE("numbers_that_are_not_simply_digits_stay_as_they_are") {
  const auto duration = [](const std::string& number) {
    const std::string line = line_of(EventKind::kRestoreReport, "{\"metrics\":{\"durationMs\":" + number + "}}");
    return line.substr(std::string("RESTORE_REPORT Restore Duration: ").size());
  };
  CHECK(duration("0") == "0.00 ms");
  CHECK(duration("0.994") == "0.99 ms");
  CHECK(duration("0.995") == "1.00 ms");
  CHECK(duration("9.999999999") == "10.00 ms");
  CHECK(duration("123456789012.5") == "123456789012.50 ms");
  CHECK(duration("12345678901234567890") == "12345678901234567890 ms");
  CHECK(duration("1e3") == "1e3 ms");
  CHECK(duration("-1.5") == "-1.5 ms");
  CHECK(duration("[]") == "[] ms");
}

TEST_CASE("line_longer_than_its_room_is_cut") {
  CHECK(line_of(EventKind::kStart, "{\"requestId\":\"" + std::string(20000, 'x') + "\"}").size() ==
        kPlatformLineBytesMax);
}

TEST_CASE("counts_of_dropped_logs_are_read_whatever_their_size") {
  const auto dropped = [](const std::string& number) {
    return read_platform_fields("{\"droppedRecords\":" + number + "}").dropped_records;
  };
  CHECK(dropped("321") == 321);
  CHECK(dropped("18446744073709551615") == UINT64_MAX);
  CHECK(dropped("18446744073709551616") == UINT64_MAX);
  CHECK(dropped("99999999999999999999999") == UINT64_MAX);
  CHECK(dropped("-1") == 0);
  CHECK(dropped("12.5") == 12);
  CHECK(dropped("null") == 0);
}

TEST_CASE("fault_text_gives_request_id_and_status") {
  const PlatformFields fields =
      read_platform_fields(R"("RequestId: 0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11\tStatus: timeout\n")");
  CHECK(fields.request_id == "0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11");
  CHECK(fields.status == "timeout");
  CHECK(read_platform_fields(R"("RequestId: nobody\tStatus: timeout")").request_id.empty());
  CHECK(read_platform_fields(R"("")").request_id.empty());
}

}  // namespace
}  // namespace sleipnir
