// LogFields: what a JSON log record says about itself at its top level: request id, level, trace, tenant. Pure.
//
// The keys of the common logging libraries are known, whatever their spelling (`requestId`, `request_id`,
// `AWSRequestId`; `level`, `log.level`, `SeverityText`, ...). Ids with escapes in them are left alone.
#pragma once

#include <string_view>

#include "batch/record.h"

namespace sleipnir {

// Views into the record; what is not there is empty.
struct LogFields {
  std::string_view request_id;
  std::string_view trace;  // any string; trace_rules.h says whether it is a trace id
  std::string_view tenant_id;
  Level level = Level::kUnknown;
  bool whole = false;  // the object was read to its end
};

// A record that is an object, as it stands.
LogFields read_log_fields(std::string_view object);

// A record that is a string, whose text begins with `{`: the inside of the string.
LogFields read_escaped_log_fields(std::string_view text);

}  // namespace sleipnir
