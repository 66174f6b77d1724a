// PlatformFields: the members of a platform event's record that something is done with. Pure.
//
// Source: Telemetry API event schema 2025-01-29; every member may be absent or null there, so all may be empty here.
#pragma once

#include <cstdint>
#include <string_view>

#include "lambda/telemetry_event.h"

namespace sleipnir {

// Views into the record: insides of strings with their escapes, other values as tokens.
struct PlatformFields {
  std::string_view request_id;
  std::string_view version;
  std::string_view tenant_id;
  std::string_view tracing;  // record.tracing.value
  std::string_view span_id;  // record.tracing.spanId
  std::string_view instance_id;
  std::string_view status;
  std::string_view error_type;
  std::string_view metrics;  // the object
  std::string_view phase;
  std::string_view runtime_version;
  std::string_view runtime_version_arn;
  std::string_view name;
  std::string_view state;
  std::string_view list;  // of events (extension) or types (telemetrySubscription): the array
  uint64_t dropped_records = 0;
  uint64_t dropped_bytes = 0;
};

// `record` is the token. Anything but an object has no members; but a string such as platform.fault's
// "RequestId: <uuid>\tStatus: timeout\n" gives the id and the status.
PlatformFields read_platform_fields(std::string_view record);

}  // namespace sleipnir
