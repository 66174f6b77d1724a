#include "lambda/platform_fields.h"

#include <cstddef>

#include "base/json_fields.h"
#include "lambda/hex_rules.h"

namespace sleipnir {
namespace {

struct StringMember {
  std::string_view key;
  std::string_view PlatformFields::* value;
};

constexpr StringMember kStrings[] = {
    {"requestId", &PlatformFields::request_id},
    {"version", &PlatformFields::version},
    {"status", &PlatformFields::status},
    {"errorType", &PlatformFields::error_type},
    {"tenantId", &PlatformFields::tenant_id},
    {"instanceId", &PlatformFields::instance_id},
    {"phase", &PlatformFields::phase},
    {"runtimeVersion", &PlatformFields::runtime_version},
    {"runtimeVersionArn", &PlatformFields::runtime_version_arn},
    {"name", &PlatformFields::name},
    {"state", &PlatformFields::state},
};

// A count too large for us is as large as can be; what is no count is none.
uint64_t count_of(std::string_view token) {
  uint64_t value = 0;
  for (const char c : token) {
    if (c < '0' || c > '9') break;
    if (__builtin_mul_overflow(value, uint64_t{10}, &value) ||
        __builtin_add_overflow(value, static_cast<uint64_t>(c - '0'), &value)) {
      return UINT64_MAX;
    }
  }
  return value;
}

void read_tracing(std::string_view object, PlatformFields& found) {
  JsonFields<PlainJson> members(object);
  for (JsonField member; members.next(member);) {
    if (!member.is_string) continue;
    if (member.key == "value") found.tracing = member.value;
    if (member.key == "spanId") found.span_id = member.value;
  }
}

void read_fault(std::string_view text, PlatformFields& found) {
  constexpr std::string_view kRequestId = "RequestId: ", kStatus = "\\tStatus: ";
  if (!text.starts_with(kRequestId)) return;
  text.remove_prefix(kRequestId.size());
  if (!is_uuid(text.substr(0, kUuidBytes))) return;
  found.request_id = text.substr(0, kUuidBytes);
  text.remove_prefix(kUuidBytes);
  const size_t status = text.find(kStatus);
  if (status == std::string_view::npos) return;
  text.remove_prefix(status + kStatus.size());
  found.status = text.substr(0, text.find_first_of("\\ "));
}

}  // namespace

PlatformFields read_platform_fields(std::string_view record) {
  PlatformFields found;
  if (record.size() >= 2 && record[0] == '"') read_fault(record.substr(1, record.size() - 2), found);
  JsonFields<PlainJson> members(record);
  for (JsonField member; members.next(member);) {
    if (member.is_string) {
      for (const StringMember& known : kStrings) {
        if (member.key == known.key) found.*known.value = member.value;
      }
    } else if (member.key == "metrics") {
      found.metrics = member.value;
    } else if (member.key == "tracing") {
      read_tracing(member.value, found);
    } else if (member.key == "events" || member.key == "types") {
      found.list = member.value;
    } else if (member.key == "droppedRecords") {
      found.dropped_records = count_of(member.value);
    } else if (member.key == "droppedBytes") {
      found.dropped_bytes = count_of(member.value);
    }
  }
  return found;
}

}  // namespace sleipnir
