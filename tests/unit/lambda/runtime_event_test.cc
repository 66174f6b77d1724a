#include "lambda/runtime_event.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "base/limits.h"

namespace sleipnir::test {
namespace {

TEST_CASE("an_invoke_event_is_read_whole") {
  const Result<RuntimeEvent> event = parse_runtime_event(
      R"({"eventType":"INVOKE","deadlineMs":1795230012345,"requestId":"0b6f3c1e","invokedFunctionArn":"arn:aws:lambda:x",)"
      R"("tracing":{"type":"X-Amzn-Trace-Id","value":"Root=1-67aa0001-0123;Sampled=0"},"new":[{"a":null}]})");
  REQUIRE(event);
  CHECK(event->type == RuntimeEvent::Type::kInvoke);
  CHECK(event->deadline == wall_from_unix_ms(1795230012345));
  CHECK(event->request_id == "0b6f3c1e");
  CHECK(event->function_arn == "arn:aws:lambda:x");
  CHECK(event->tracing == "Root=1-67aa0001-0123;Sampled=0");
}

TEST_CASE("a_shutdown_reason_is_known_in_any_case_and_failure_otherwise") {
  const auto reason = [](const char* text) {
    return parse_runtime_event(R"({"eventType":"SHUTDOWN","shutdownReason":")" + std::string(text) + R"("})")->reason;
  };
  CHECK(reason("spindown") == ShutdownReason::kSpindown);
  CHECK(reason("SPINDOWN") == ShutdownReason::kSpindown);
  CHECK(reason("timeout") == ShutdownReason::kTimeout);
  CHECK(reason("Timeout") == ShutdownReason::kTimeout);
  CHECK(reason("failure") == ShutdownReason::kFailure);
  CHECK(reason("SandboxTerminated") == ShutdownReason::kFailure);
  CHECK(reason("") == ShutdownReason::kFailure);
  CHECK(parse_runtime_event(R"({"eventType":"SHUTDOWN"})")->reason == ShutdownReason::kFailure);
}

TEST_CASE("what_an_event_lacks_or_has_of_another_type_is_left_empty") {
  for (const char* text :
       {"{}", R"({"eventType":7,"deadlineMs":"soon","requestId":null,"tracing":"x"})", R"({"tracing":{"value":5}})"}) {
    const Result<RuntimeEvent> event = parse_runtime_event(text);
    REQUIRE(event);
    CHECK(event->type == RuntimeEvent::Type::kUnknown);
    CHECK(event->deadline == WallTime{});
    CHECK(event->request_id.empty());
    CHECK(event->tracing.empty());
  }
}

TEST_CASE("an_event_of_an_unknown_type_is_no_error") {
  CHECK(parse_runtime_event(R"({"eventType":"SNAPSHOT"})")->type == RuntimeEvent::Type::kUnknown);
}

TEST_CASE("what_is_no_json_object_is_an_error") {
  for (const char* text :
       {"", "null", "[]", "\"INVOKE\"", "{", R"({"eventType":"INVOKE")", "{\"a\":\"\xff\"}", "{}{}"}) {
    INFO(text);
    CHECK_FALSE(parse_runtime_event(text));
    CHECK_FALSE(parse_register_answer(text));
  }
}

TEST_CASE("texts_that_are_too_long_are_cut") {
  const std::string text(1000, 'x');
  const Result<RuntimeEvent> event =
      parse_runtime_event(R"({"requestId":")" + text + R"(","invokedFunctionArn":")" + text + "\"}");
  REQUIRE(event);
  CHECK(event->request_id.view() == text.substr(0, 64));
  CHECK(event->function_arn.view() == text.substr(0, 256));
}

TEST_CASE("an_event_with_a_deadline_beyond_all_numbers_is_read") {
  for (const char* number : {"-1", "0", "1e300", "-1e300", "9223372036854775807", "18446744073709551615", "1.5",
                             "123456789012345678901234567890"}) {
    INFO(number);
    const Result<RuntimeEvent> event =
        parse_runtime_event(R"({"eventType":"INVOKE","deadlineMs":)" + std::string(number) + "}");
    REQUIRE(event);
    CHECK(event->type == RuntimeEvent::Type::kInvoke);
    CHECK(event->deadline >= WallTime{});
  }
}

TEST_CASE("an_event_as_large_as_the_buffer_is_read_and_a_deep_one_harms_nobody") {
  std::string large = R"({"eventType":"INVOKE","pad":")";
  large.append(kRuntimeApiBodyBytesMax - large.size() - 2, 'x');
  CHECK(parse_runtime_event(large + "\"}"));
  // Two bytes of text for each value is the most there can be.
  std::string many = R"({"eventType":"INVOKE","many":[)";
  while (many.size() + 4 < kRuntimeApiBodyBytesMax) many += "1,";
  static_cast<void>(parse_runtime_event(many + "1]}"));
  const std::string deep = std::string(8000, '[') + std::string(8000, ']');
  CHECK_FALSE(parse_runtime_event(deep));
}

TEST_CASE("the_answer_to_register_is_read") {
  const Result<RegisterAnswer> answer = parse_register_answer(
      R"({"functionName":"orders","functionVersion":"$LATEST","handler":"app.handler","accountId":"111122223333"})");
  REQUIRE(answer);
  CHECK(answer->function_name == "orders");
  CHECK(answer->function_version == "$LATEST");
  CHECK(answer->account_id == "111122223333");
  CHECK(parse_register_answer("{}")->account_id.empty());
}

}  // namespace
}  // namespace sleipnir::test
