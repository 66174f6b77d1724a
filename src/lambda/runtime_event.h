// RuntimeEvent: what /next and /register answered, read from their JSON. Pure; loop thread.
//
// Unknown fields are skipped, missing ones left empty: only what cannot be JSON is an error.
// Source: Extensions API 2020-01-01.
#pragma once

#include <string_view>

#include "base/clock.h"
#include "base/fixed_text.h"
#include "base/result.h"

namespace sleipnir {

enum class ShutdownReason : uint8_t {
  kSpindown,  // nobody comes back
  kTimeout,   // the environment is restarted, in the same sandbox with the same /tmp
  kFailure,   // likewise; also taken for any reason we do not know
};

struct RuntimeEvent {
  enum class Type : uint8_t { kInvoke, kShutdown, kUnknown };
  Type type = Type::kUnknown;
  // When the invocation times out, or the environment is killed.
  WallTime deadline{};
  FixedText<64> request_id;                          // INVOKE
  FixedText<256> function_arn;                       // INVOKE
  FixedText<256> tracing;                            // INVOKE: value of the X-Amzn-Trace-Id header, "Root=..."
  ShutdownReason reason = ShutdownReason::kFailure;  // SHUTDOWN
};

struct RegisterAnswer {
  FixedText<128> function_name;
  FixedText<128> function_version;
  FixedText<16> account_id;  // only where Lambda knows the accountId feature
};

Result<RuntimeEvent> parse_runtime_event(std::string_view body);
Result<RegisterAnswer> parse_register_answer(std::string_view body);

std::string_view shutdown_reason_name(ShutdownReason reason);

}  // namespace sleipnir
