#include "lambda/runtime_event.h"

#include <yyjson.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/limits.h"

namespace sleipnir {

namespace {

// A parsed document in memory of its own on the stack: nothing is allocated, and a document that is too large for it
// is one that neither API sends.
class Document {
 public:
  explicit Document(std::string_view body) {
    yyjson_alc allocator;
    yyjson_alc_pool_init(&allocator, memory_.data(), memory_.size());
    // yyjson only writes to its input with the in-situ flag.
    document_ = yyjson_read_opts(const_cast<char*>(body.data()), body.size(), 0, &allocator, nullptr);
  }
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;

  yyjson_val* object() const {
    yyjson_val* root = yyjson_doc_get_root(document_);
    return yyjson_is_obj(root) ? root : nullptr;
  }

 private:
  // The text once more, and 16 bytes for each value: at least two bytes of text.
  alignas(16) std::array<char, 4 * kRuntimeApiBodyBytesMax> memory_;
  yyjson_doc* document_;
};

std::string_view text_of(yyjson_val* object, const char* key) {
  yyjson_val* value = yyjson_obj_get(object, key);
  return yyjson_is_str(value) ? std::string_view(yyjson_get_str(value), yyjson_get_len(value)) : std::string_view();
}

// Of times beyond it (in 2255) the nanoseconds would not fit; Lambda's are minutes away.
constexpr double kUnixMsMax = 9e12;

bool equal_ignoring_case(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() && strncasecmp(text.data(), lower.data(), lower.size()) == 0;
}

ShutdownReason reason_of(std::string_view text) {
  // The schema has lower case, the prose upper case.
  if (equal_ignoring_case(text, "spindown")) return ShutdownReason::kSpindown;
  if (equal_ignoring_case(text, "timeout")) return ShutdownReason::kTimeout;
  return ShutdownReason::kFailure;
}

}  // namespace

Result<RuntimeEvent> parse_runtime_event(std::string_view body) {
  const Document document(body);
  yyjson_val* object = document.object();
  if (object == nullptr) return Error::make("the event is no JSON object (%zu bytes)", body.size());
  RuntimeEvent event;
  const std::string_view type = text_of(object, "eventType");
  if (type == "INVOKE") event.type = RuntimeEvent::Type::kInvoke;
  if (type == "SHUTDOWN") event.type = RuntimeEvent::Type::kShutdown;
  yyjson_val* deadline = yyjson_obj_get(object, "deadlineMs");
  if (yyjson_is_num(deadline)) {
    event.deadline = wall_from_unix_ms(static_cast<int64_t>(std::clamp(yyjson_get_num(deadline), 0.0, kUnixMsMax)));
  }
  event.request_id.assign(text_of(object, "requestId"));
  event.function_arn.assign(text_of(object, "invokedFunctionArn"));
  event.tracing.assign(text_of(yyjson_obj_get(object, "tracing"), "value"));
  event.reason = reason_of(text_of(object, "shutdownReason"));
  return event;
}

Result<RegisterAnswer> parse_register_answer(std::string_view body) {
  const Document document(body);
  yyjson_val* object = document.object();
  if (object == nullptr) return Error::make("the answer to register is no JSON object (%zu bytes)", body.size());
  RegisterAnswer answer;
  answer.function_name.assign(text_of(object, "functionName"));
  answer.function_version.assign(text_of(object, "functionVersion"));
  answer.account_id.assign(text_of(object, "accountId"));
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
