#include "loki/last_metadata.h"

namespace sleipnir {

void LastMetadata::keep(const Record& record, std::string_view wire) {
  wire_.clear();
  if (wire.size() > kWireBytesMax || record.request_id.size() > kRequestIdBytesMax ||
      record.trace_id.size() > kTraceIdBytesMax || record.instance.size() > kInstanceBytesMax) {
    return;
  }
  log_type_ = record.log_type;
  level_ = record.level;
  request_id_.assign(record.request_id);
  trace_id_.assign(record.trace_id);
  instance_.assign(record.instance);
  wire_.assign(wire);
}

}  // namespace sleipnir
