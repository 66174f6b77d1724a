// LastMetadata: the structured metadata that was written last, as it stands in the entry, for the next record that has
// the same. Nearly all records of an invocation do, and copying 200 bytes costs a third of putting them together.
//
// Owned by the entry writer, loop thread. Keeps copies: the views of a record live for one call.
#pragma once

#include <string_view>

#include "base/fixed_text.h"
#include "batch/record.h"

namespace sleipnir {

class LastMetadata {
 public:
  // The text kept; empty if it is not this record's. REQUIRES: can_keep(record).
  std::string_view of(const Record& record) const {
    const bool same = record.log_type == log_type_ && record.level == level_ && request_id_ == record.request_id &&
                      trace_id_ == record.trace_id && instance_ == record.instance;
    return same ? wire_.view() : std::string_view();
  }

  // Whether nothing else than of() looks at decides what the record's metadata is.
  static bool can_keep(const Record& record) {
    return record.tenant_id.empty() && record.event_time.empty() && !record.snapshot && !record.cold_start;
  }

  // `wire` is the record's metadata, whole. What is longer than there is room for is not kept. REQUIRES:
  // can_keep(record).
  void keep(const Record& record, std::string_view wire);

 private:
  // An instance is 16 or 36 bytes today. The keys with all that is around the values are 84; a value with much to
  // escape in it is not kept.
  static constexpr size_t kInstanceBytesMax = 64, kTraceIdBytesMax = 32;
  static constexpr size_t kWireBytesMax = kRequestIdBytesMax + kTraceIdBytesMax + kInstanceBytesMax + 96;

  LogType log_type_ = LogType::kFunction;
  Level level_ = Level::kUnknown;
  FixedText<kRequestIdBytesMax> request_id_;
  FixedText<kTraceIdBytesMax> trace_id_;
  FixedText<kInstanceBytesMax> instance_;
  FixedText<kWireBytesMax> wire_;  // empty: nothing is kept
};

}  // namespace sleipnir
