// TelemetryDecoder: one element of a telemetry body -> a Record to ship, and what the lifecycle wants to know of it.
//
// Place in the flow: TelemetryScanner -> TelemetryDecoder -> batcher (Record) and lifecycle (the other fields).
// Owned by the telemetry handler, one for the life of the process; loop thread.
//
// It keeps what later records need from earlier ones: the current request (the last platform.start in telemetry
// order, kept until the next start; the lines of an init belong to none), its trace and its tenant, and the name of
// the instance. On Managed Instances requests interleave, so there is no current request: only a record's own id
// counts. It allocates nothing, reads no clock, and no bytes can make it fail: what cannot be understood is shipped
// as it is.
//
// Every rule that guesses lives in a file of its own: level_rules, text_prefix, log_fields, trace_rules,
// platform_text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "base/fixed_text.h"
#include "batch/record.h"
#include "lambda/platform_fields.h"
#include "lambda/platform_text.h"
#include "lambda/request_table.h"
#include "lambda/telemetry_event.h"
#include "lambda/telemetry_scanner.h"
#include "lambda/telemetry_time.h"
#include "lambda/trace_rules.h"

namespace sleipnir {

// LOKI_PLATFORM_FORMAT.
enum class PlatformFormat : uint8_t { kJson, kText };

struct DecoderOptions {
  // LOKI_EVENTS.
  bool ship_platform = true;
  bool ship_function = true;
  bool ship_extension = false;
  // LOKI_DROP_PLATFORM: full type names. The names must outlive the decoder.
  std::span<const std::string_view> dropped_types;
  // LOKI_MIN_LEVEL; kUnknown: no limit. Function records of unknown level always pass.
  Level min_level = Level::kUnknown;
  PlatformFormat platform_format = PlatformFormat::kJson;
  bool managed_instances = false;
  // What comes before platform.restoreStart is marked as the snapshot's.
  bool snap_start = false;
};

enum class Disposition : uint8_t {
  kShip,    // `record` goes to the batcher
  kFilter,  // the configuration does not want it: count it as filtered. The other fields are valid all the same
};

// Every view is valid until the next decode() and no longer than the body.
struct Decoded {
  Disposition disposition = Disposition::kShip;
  EventKind kind = EventKind::kUnknownType;
  EventStatus status = EventStatus::kUnknown;
  // The element's time was absent, unreadable or absurd; record.time is that of its arrival.
  bool time_replaced = false;

  // A platform event's own request id, tracing header value ("Root=...") and instance id; empty if it has none.
  std::string_view request_id;
  std::string_view tracing;
  std::string_view instance_id;

  // platform.logsDropped.
  uint64_t dropped_records = 0;
  uint64_t dropped_bytes = 0;

  Record record;
};

class TelemetryDecoder {
 public:
  explicit TelemetryDecoder(const DecoderOptions& options);
  TelemetryDecoder(const TelemetryDecoder&) = delete;
  TelemetryDecoder& operator=(const TelemetryDecoder&) = delete;

  // `arrival`: the present. It is the record's time where the element's own cannot be read, or is one that Loki refuses
  // (kEventAgeMax, kEventAheadMax); the element's own is then told as it was written.
  // `out` is written over whole; where it lies, because it is 200 bytes for each record.
  void decode(const TelemetryElement& element, WallTime arrival, Decoded& out);

  // The instance's name to use while no initStart or restoreStart has told one. Cut at 128 bytes.
  void set_instance(std::string_view instance) { own_instance_.assign(instance); }
  // The name in use; empty if there is none.
  std::string_view instance() const;

  // Tells the tracing header of an INVOKE, whichever of INVOKE and platform.start comes first. Does not change the
  // current request.
  void set_tracing(std::string_view request_id, std::string_view tracing);

 private:
  // `{"type":"` + type + `","record":`
  static constexpr size_t kTypeBytesMax = 120;  // known types have at most 30; longer ones are cut in the line
  static constexpr size_t kPrefixBytesMax = kTypeBytesMax + 32;
  static constexpr size_t kInstanceBytesMax = 128;

  void decode_log(const TelemetryElement& element, Decoded& out);
  void decode_platform(const TelemetryElement& element, Decoded& out);
  void follow(EventKind kind, const PlatformFields& fields);
  void write_json_line(std::string_view type, std::string_view token, Record& record);
  void attach_request(std::string_view request_id, Record& record) const;
  bool is_dropped(EventKind kind, std::string_view type) const;

  DecoderOptions options_;
  // One bit per EventKind: the dropped types that are known ones.
  uint32_t dropped_kinds_ = 0;

  TelemetryTimeReader time_;
  RequestTable requests_;
  // Empty before the first start, during an init, and always on Managed Instances.
  FixedText<kRequestIdBytesMax> current_;

  // Of the first request since an init or a restore: its report tells of a cold start. Between the two, no request yet.
  FixedText<kRequestIdBytesMax> cold_request_;
  bool cold_ = false;

  // On SnapStart until the restore: events of the snapshot's own init.
  bool in_snapshot_ = false;

  FixedText<kInstanceBytesMax> told_instance_;  // by initStart or restoreStart
  FixedText<kInstanceBytesMax> own_instance_;   // by set_instance()

  // What views of the record last decoded point to.
  FixedText<kTypeBytesMax> type_;
  FixedText<kPrefixBytesMax> prefix_;
  PlatformLine line_;
  TraceId trace_;
};

}  // namespace sleipnir
