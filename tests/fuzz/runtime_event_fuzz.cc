// Whatever Lambda's runtime API answers, it is read without harm.
#include "lambda/runtime_event.h"

#include <cstdint>
#include <cstdlib>

#include "base/limits.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sleipnir;
  const std::string_view body(reinterpret_cast<const char*>(data), std::min(size, kRuntimeApiBodyBytesMax));
  const Result<RuntimeEvent> event = parse_runtime_event(body);
  const Result<RegisterAnswer> answer = parse_register_answer(body);
  // Both read the same kind of document.
  if (static_cast<bool>(event) != static_cast<bool>(answer)) abort();
  if (!event) return 0;
  if (event->type == RuntimeEvent::Type::kInvoke && body.find("eventType") == body.npos && body.find('\\') == body.npos)
    abort();
  if (event->request_id.view().size() > 64 || shutdown_reason_name(event->reason).empty()) abort();
  return 0;
}
