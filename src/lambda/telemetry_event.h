// The words of the Telemetry API: kinds of events, the status of a phase, and what they are called on the wire.
//
// Shared by the decoder and the lifecycle. Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace sleipnir {

// Source: Telemetry API event schema 2025-01-29; kEnd, kFault and kLogsSubscription come from the older Logs API.
enum class EventKind : uint8_t {
  kFunction,
  kExtension,
  kInitStart,
  kInitRuntimeDone,
  kInitReport,
  kStart,
  kRuntimeDone,
  kReport,
  kRestoreStart,
  kRestoreRuntimeDone,
  kRestoreReport,
  kExtensionState,  // platform.extension
  kTelemetrySubscription,
  kLogsSubscription,
  kLogsDropped,
  kEnd,
  kFault,
  kPlatformOther,  // a platform.* we do not know
  kUnknownType,    // anything else; shipped like a platform event
};

inline constexpr int kEventKinds = static_cast<int>(EventKind::kUnknownType) + 1;

// `status` of runtimeDone, report and their siblings; kUnknown where there is none or a new one.
enum class EventStatus : uint8_t { kUnknown, kSuccess, kError, kFailure, kTimeout };

// `type` as in TelemetryElement.
EventKind event_kind(std::string_view type);

// Exact spelling, as the schema has it.
EventStatus event_status(std::string_view status);

}  // namespace sleipnir
