#include "lambda/runtime_event.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/json_check.h"
#include "base/json_decode.h"
#include "base/json_fields.h"

namespace sleipnir {

namespace {

void take_text(std::string_view object, std::string_view key, TextRoom out) {
  const JsonField field = json_field(object, key);
  if (field.is_string) append_json_text(field.value, out);
}

// Of times beyond it (in 2255) the nanoseconds would not fit; Lambda's are minutes away.
constexpr int64_t kUnixMsMax = 9'000'000'000'000;

// Lambda writes plain digits. A fraction is dropped; what is negative or has an exponent is no time.
WallTime wall_time_of(std::string_view number) {
  if (number.find_first_of("-eE") != std::string_view::npos) return WallTime{};
  int64_t unix_ms = 0;
  for (const char c : number.substr(0, number.find('.'))) {
    unix_ms = std::min(unix_ms * 10 + (c - '0'), kUnixMsMax);
  }
  return wall_from_unix_ms(unix_ms);
}

ShutdownReason reason_of(std::string_view text) {
  // The schema has lower case, the prose upper case.
  if (equal_ignoring_case(text, "spindown")) return ShutdownReason::kSpindown;
  if (equal_ignoring_case(text, "timeout")) return ShutdownReason::kTimeout;
  return ShutdownReason::kFailure;
}

}  // namespace

Result<RuntimeEvent> parse_runtime_event(std::string_view body) {
  if (!is_json_object(body)) return Error::make("the event is no JSON object (%zu bytes)", body.size());
  RuntimeEvent event;
  FixedText<16> type;
  take_text(body, "eventType", type);
  if (type == "INVOKE") event.type = RuntimeEvent::Type::kInvoke;
  if (type == "SHUTDOWN") event.type = RuntimeEvent::Type::kShutdown;
  if (const JsonField deadline = json_field(body, "deadlineMs"); deadline.is_number()) {
    event.deadline = wall_time_of(deadline.value);
  }
  take_text(body, "requestId", event.request_id);
  take_text(body, "invokedFunctionArn", event.function_arn);
  take_text(json_field(body, "tracing").value, "value", event.tracing);
  FixedText<16> reason;
  take_text(body, "shutdownReason", reason);
  event.reason = reason_of(reason.view());
  return event;
}

Result<RegisterAnswer> parse_register_answer(std::string_view body) {
  if (!is_json_object(body)) {
    return Error::make("the answer to register is no JSON object (%zu bytes)", body.size());
  }
  RegisterAnswer answer;
  take_text(body, "functionName", answer.function_name);
  take_text(body, "functionVersion", answer.function_version);
  take_text(body, "accountId", answer.account_id);
  return answer;
}

std::string_view shutdown_reason_name(ShutdownReason reason) {
  switch (reason) {
    case ShutdownReason::kSpindown: return "spindown";
    case ShutdownReason::kTimeout: return "timeout";
    case ShutdownReason::kFailure: return "failure";
  }
  return "";
}

}  // namespace sleipnir
