#include "lambda/telemetry_event.h"

#include "base/json_scan.h"

namespace sleipnir {
namespace {

struct PlatformType {
  std::string_view name;  // behind "platform."
  EventKind kind;
};

// Most frequent first.
constexpr PlatformType kPlatformTypes[] = {
    {"start", EventKind::kStart},
    {"runtimeDone", EventKind::kRuntimeDone},
    {"report", EventKind::kReport},
    {"initStart", EventKind::kInitStart},
    {"initRuntimeDone", EventKind::kInitRuntimeDone},
    {"initReport", EventKind::kInitReport},
    {"restoreStart", EventKind::kRestoreStart},
    {"restoreRuntimeDone", EventKind::kRestoreRuntimeDone},
    {"restoreReport", EventKind::kRestoreReport},
    {"extension", EventKind::kExtensionState},
    {"telemetrySubscription", EventKind::kTelemetrySubscription},
    {"logsSubscription", EventKind::kLogsSubscription},
    {"logsDropped", EventKind::kLogsDropped},
    {"end", EventKind::kEnd},
    {"fault", EventKind::kFault},
};

}  // namespace

EventKind event_kind(std::string_view type) {
  if (is_literal(type, "function")) return EventKind::kFunction;
  if (is_literal(type, "extension")) return EventKind::kExtension;
  constexpr std::string_view kPlatform = "platform.";
  if (!type.starts_with(kPlatform)) return EventKind::kUnknownType;
  type.remove_prefix(kPlatform.size());
  for (const PlatformType& known : kPlatformTypes) {
    if (type == known.name) return known.kind;
  }
  return EventKind::kPlatformOther;
}

EventStatus event_status(std::string_view status) {
  if (status == "success") return EventStatus::kSuccess;
  if (status == "error") return EventStatus::kError;
  if (status == "failure") return EventStatus::kFailure;
  if (status == "timeout") return EventStatus::kTimeout;
  return EventStatus::kUnknown;
}

}  // namespace sleipnir
