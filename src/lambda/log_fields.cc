#include "lambda/log_fields.h"

#include <cstddef>
#include <cstdint>

#include "base/json_fields.h"
#include "lambda/level_names.h"
#include "lambda/request_table.h"

namespace sleipnir {
namespace {

enum class Name : uint8_t { kOther, kLambdaRequestId, kRequestId, kTrace, kTenant, kLevel, kErrorType, kNested };

constexpr size_t kKeyBytesMax = 24;

struct KnownKey {
  std::string_view folded;
  Name name;
};

// Small letters only, without `_`, `-`, `.` and `@`.
constexpr KnownKey kKnownKeys[] = {
    {"level", Name::kLevel},
    {"requestid", Name::kRequestId},
    {"severity", Name::kLevel},
    {"loglevel", Name::kLevel},
    {"levelname", Name::kLevel},
    {"lvl", Name::kLevel},
    {"severitytext", Name::kLevel},
    {"awsrequestid", Name::kLambdaRequestId},
    {"functionrequestid", Name::kLambdaRequestId},
    {"lambdarequestid", Name::kLambdaRequestId},
    {"faasinvocationid", Name::kLambdaRequestId},
    {"faasexecution", Name::kLambdaRequestId},
    {"traceid", Name::kTrace},
    {"xraytraceid", Name::kTrace},
    {"tenantid", Name::kTenant},
    {"errortype", Name::kErrorType},
    {"record", Name::kNested},  // loguru
};

Name name_of(std::string_view key) {
  if (is_literal(key, "level")) return Name::kLevel;
  if (is_literal(key, "requestId")) return Name::kRequestId;
  if (is_literal(key, "log")) return Name::kNested;                      // Elastic's schema
  if (key.size() < 3) return key == "@l" ? Name::kLevel : Name::kOther;  // Serilog's compact form
  if (key.size() > kKeyBytesMax) return Name::kOther;
  // Most keys are dismissed by their last letter.
  const char last = static_cast<char>(key.back() | 0x20);
  if (last != 'd' && last != 'l' && last != 'y' && last != 't' && last != 'e' && last != 'n') return Name::kOther;
  const char first = static_cast<char>(key[0] | 0x20);
  if (last == 'e' && first != 'l' && first != 'e') return Name::kOther;
  if (last == 'n' && first != 'f') return Name::kOther;
  if (last == 't' && first != 's') return Name::kOther;

  char folded[kKeyBytesMax];
  size_t count = 0;
  for (const char c : key) {
    if (c != '_' && c != '-' && c != '.' && c != '@') folded[count++] = static_cast<char>(c | 0x20);
  }
  const std::string_view name(folded, count);
  for (const KnownKey& known : kKnownKeys) {
    if (name == known.folded) return known.name;
  }
  return Name::kOther;
}

bool is_plain(std::string_view text, size_t bytes_max) {
  return !text.empty() && text.size() <= bytes_max && text.find('\\') == std::string_view::npos;
}

// The text behind `"key":` and what opens its value, in either form of JSON; empty if the key is not there.
std::string_view behind_key(std::string_view object, std::string_view key) {
  const size_t at = object.find(key);
  if (at == 0 || at == std::string_view::npos || object[at - 1] != '"') return {};
  const size_t value = object.find_first_not_of("\\\": ", at + key.size());
  return value == std::string_view::npos ? std::string_view() : object.substr(value);
}

// {"level":"error",...}, or {"level":{"name":"ERROR",...},...}. Found by the key alone: a second walk over members
// would cost the first one, which every record goes through, its place in its caller.
Level level_within(std::string_view object) {
  std::string_view value = behind_key(object, "level");
  if (value.starts_with('{')) value = behind_key(value, "name");
  return level_of_name(value.substr(0, value.find_first_of("\\\"")));
}

template <class Form>
LogFields read(std::string_view text) {
  LogFields found;
  bool has_error_type = false;
  bool lambda_request_id = false;  // an id that names Lambda goes before one that may be the application's own
  JsonFields<Form> fields(text);
  for (JsonField field; fields.next(field);) {
    const Name name = name_of(field.key);
    if (name == Name::kOther) continue;
    if (name == Name::kLevel) {
      if (found.level != Level::kUnknown) continue;
      found.level = field.is_string ? level_of_name(field.value) : level_of_number(field.value);
      continue;
    }
    if (name == Name::kNested) {
      if (found.level == Level::kUnknown && field.value.starts_with('{')) found.level = level_within(field.value);
      continue;
    }
    if (!field.is_string) continue;
    switch (name) {
      case Name::kLambdaRequestId:
        if (!lambda_request_id && is_plain(field.value, kRequestIdBytesMax)) {
          found.request_id = field.value;
          lambda_request_id = true;
        }
        break;
      case Name::kRequestId:
        if (found.request_id.empty() && is_plain(field.value, kRequestIdBytesMax)) found.request_id = field.value;
        break;
      case Name::kTrace:
        if (found.trace.empty()) found.trace = field.value;
        break;
      case Name::kTenant:
        if (found.tenant_id.empty() && is_plain(field.value, kTenantIdBytesMax)) found.tenant_id = field.value;
        break;
      case Name::kErrorType: has_error_type = !field.value.empty(); break;
      case Name::kLevel:
      case Name::kNested:
      case Name::kOther: break;
    }
  }
  // How runtimes tell of an exception: without a level.
  if (has_error_type && found.level == Level::kUnknown) found.level = Level::kError;
  found.whole = fields.whole();
  return found;
}

}  // namespace

LogFields read_log_fields(std::string_view object) {
  return read<PlainJson>(object);
}

LogFields read_escaped_log_fields(std::string_view text) {
  return read<EscapedJson>(text);
}

}  // namespace sleipnir
