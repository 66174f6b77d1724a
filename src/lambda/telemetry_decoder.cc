#include "lambda/telemetry_decoder.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/json_decode.h"
#include "base/json_fields.h"
#include "base/limits.h"
#include "lambda/level_names.h"
#include "lambda/level_rules.h"
#include "lambda/log_fields.h"
#include "lambda/text_prefix.h"

namespace sleipnir {
namespace {

static_assert(kEventKinds <= 32, "dropped_kinds_ has a bit for each kind");

constexpr uint32_t kind_bit(EventKind kind) {
  return uint32_t{1} << static_cast<unsigned>(kind);
}

// What is longer is no time that anybody could use.
constexpr size_t kTimeTextBytesMax = 64;

bool has_escape(std::string_view inside) {
  return inside.find('\\') != std::string_view::npos;
}

// Escapes in an id are never seen; taken raw they would be another id.
std::string_view plain_id(std::string_view inside, size_t bytes_max) {
  return inside.size() > bytes_max || has_escape(inside) ? std::string_view() : inside;
}

Level level_of_platform(EventKind kind, EventStatus status, bool has_error_type) {
  if (kind == EventKind::kLogsDropped) return Level::kWarn;
  if (kind == EventKind::kFault || has_error_type) return Level::kError;
  switch (status) {
    case EventStatus::kError:
    case EventStatus::kFailure:
    case EventStatus::kTimeout: return Level::kError;
    case EventStatus::kSuccess: return Level::kInfo;
    case EventStatus::kUnknown: break;
  }
  const bool is_known = kind != EventKind::kPlatformOther && kind != EventKind::kUnknownType;
  return is_known ? Level::kInfo : Level::kUnknown;
}

// The text of a function, when it is itself a JSON object.
bool looks_like_object(std::string_view text) {
  if (text[0] == '{') return true;
  if (!is_json_space(text[0]) && text[0] != '\\') return false;
  const size_t at = EscapedJson::skip_space(text, 0);
  return at < text.size() && text[at] == '{';
}

LogFields read_text_fields(std::string_view text) {
  LogFields fields;
  if (text.empty()) return fields;
  if (looks_like_object(text)) {
    fields = read_escaped_log_fields(text);
    // Cut off or not JSON after all: what was found counts, and the rest may be found the other way.
    if (fields.whole || !fields.request_id.empty() || fields.level != Level::kUnknown) return fields;
  }
  const TextPrefix prefix = read_text_prefix(text);
  fields.request_id = prefix.request_id;
  if (!prefix.level_name.empty()) fields.level = level_of_name(prefix.level_name);
  if (fields.level == Level::kUnknown) fields.level = level_of_text(prefix.message);
  return fields;
}

}  // namespace

TelemetryDecoder::TelemetryDecoder(const DecoderOptions& options)
    : options_(options), in_snapshot_(options.snap_start) {
  for (const std::string_view type : options_.dropped_types) {
    const EventKind kind = event_kind(type);
    if (kind != EventKind::kPlatformOther && kind != EventKind::kUnknownType) dropped_kinds_ |= kind_bit(kind);
  }
}

bool TelemetryDecoder::is_dropped(EventKind kind, std::string_view type) const {
  if (kind != EventKind::kPlatformOther && kind != EventKind::kUnknownType) return dropped_kinds_ & kind_bit(kind);
  for (const std::string_view dropped : options_.dropped_types) {
    if (dropped == type) return true;
  }
  return false;
}

std::string_view TelemetryDecoder::instance() const {
  return told_instance_.empty() ? own_instance_.view() : told_instance_.view();
}

void TelemetryDecoder::set_tracing(std::string_view request_id, std::string_view tracing) {
  if (request_id.empty() || request_id.size() > kRequestIdBytesMax) return;
  requests_.put(request_id).trace_id = trace_id_of_header(tracing);
}

void TelemetryDecoder::decode(const TelemetryElement& element, WallTime arrival, Decoded& out) {
  out = {};
  const std::optional<WallTime> time = time_.read(element.time);
  out.time_replaced = !time || *time < arrival - kEventAgeMax || *time > arrival + kEventAheadMax;
  out.record.time = out.time_replaced ? arrival : *time;
  if (out.time_replaced) out.record.event_time = plain_id(element.time, kTimeTextBytesMax);

  std::string_view type = element.type;
  out.kind = event_kind(type);
  if (out.kind == EventKind::kUnknownType && has_escape(type)) {
    type_.clear();
    append_json_text(type, type_);
    type = type_.view();
    out.kind = event_kind(type);
  }

  bool wanted = false;
  switch (out.kind) {
    case EventKind::kFunction:
      out.record.log_type = LogType::kFunction;
      decode_log(element, out);
      wanted =
          options_.ship_function && (out.record.level == Level::kUnknown || out.record.level >= options_.min_level);
      break;
    case EventKind::kExtension:
      out.record.log_type = LogType::kExtension;
      decode_log(element, out);
      wanted = options_.ship_extension;
      break;
    default:
      out.record.log_type = LogType::kPlatform;
      decode_platform(element, out);
      wanted = options_.ship_platform && !is_dropped(out.kind, type);
      break;
  }
  out.record.instance = instance();
  out.record.snapshot = in_snapshot_;
  out.disposition = wanted ? Disposition::kShip : Disposition::kFilter;
}

void TelemetryDecoder::attach_request(std::string_view request_id, Record& record) const {
  record.request_id = request_id;
  const RequestTable::Request* request = requests_.find(request_id);
  if (request == nullptr) return;
  if (record.trace_id.empty()) record.trace_id = request->trace_id.view();
  if (record.tenant_id.empty()) record.tenant_id = request->tenant_id.view();
}

void TelemetryDecoder::decode_log(const TelemetryElement& element, Decoded& out) {
  const std::string_view token = element.record;
  Record& record = out.record;
  LogFields fields;
  if (token.size() >= 2 && token[0] == '"') {
    record.form = TextForm::kJsonString;
    record.text = token.substr(1, token.size() - 2);
    record.verbatim = element.verbatim;
    fields = read_text_fields(record.text);
  } else if (!token.empty()) {
    record.form = TextForm::kJsonValue;
    record.text = token;
    if (token[0] == '{') fields = read_log_fields(token);
  }
  record.level = fields.level;
  record.tenant_id = fields.tenant_id;
  if (!fields.trace.empty()) {
    trace_ = trace_id_of_field(fields.trace);
    record.trace_id = trace_.view();
  }
  attach_request(fields.request_id.empty() ? current_.view() : fields.request_id, record);
}

void TelemetryDecoder::follow(EventKind kind, const PlatformFields& fields) {
  switch (kind) {
    case EventKind::kInitStart:
    case EventKind::kRestoreStart:
      // An init that Lambda repeats within an invocation belongs to that invocation.
      if (fields.phase != "invoke") current_.clear();
      in_snapshot_ = options_.snap_start && kind == EventKind::kInitStart && fields.phase != "invoke";
      // What a snapshot's own init told is another environment's name: a restore without one clears it.
      told_instance_.assign(plain_id(fields.instance_id, kInstanceBytesMax));
      cold_ = !options_.managed_instances;
      break;
    case EventKind::kRestoreRuntimeDone:
    case EventKind::kRestoreReport: in_snapshot_ = false; break;
    case EventKind::kStart:
      in_snapshot_ = false;
      if (fields.request_id.empty()) break;
      if (!options_.managed_instances) current_.assign(fields.request_id);
      if (std::exchange(cold_, false)) cold_request_.assign(fields.request_id);
      {
        RequestTable::Request& request = requests_.put(fields.request_id);
        if (!fields.tracing.empty()) request.trace_id = trace_id_of_header(fields.tracing);
        if (!fields.tenant_id.empty()) request.tenant_id.assign(fields.tenant_id);
      }
      break;
    default: break;
  }
}

void TelemetryDecoder::decode_platform(const TelemetryElement& element, Decoded& out) {
  PlatformFields fields = read_platform_fields(element.record);
  fields.request_id = plain_id(fields.request_id, kRequestIdBytesMax);
  fields.tenant_id = plain_id(fields.tenant_id, kTenantIdBytesMax);
  out.status = event_status(fields.status);
  out.request_id = fields.request_id;
  out.tracing = fields.tracing;
  out.instance_id = plain_id(fields.instance_id, kInstanceBytesMax);
  out.dropped_records = fields.dropped_records;
  out.dropped_bytes = fields.dropped_bytes;
  follow(out.kind, fields);

  Record& record = out.record;
  record.level = level_of_platform(out.kind, out.status, !fields.error_type.empty());
  record.tenant_id = fields.tenant_id;
  attach_request(fields.request_id, record);
  record.cold_start =
      out.kind == EventKind::kReport && !fields.request_id.empty() && cold_request_ == fields.request_id;

  if (options_.platform_format == PlatformFormat::kText) {
    if (write_platform_text(out.kind, fields, element.time, line_)) {
      record.form = TextForm::kPlain;
      record.text = line_.view();
      return;
    }
    // Faults are lines already.
    if (out.kind == EventKind::kFault && element.record.size() >= 2 && element.record[0] == '"') {
      record.form = TextForm::kJsonString;
      record.text = element.record.substr(1, element.record.size() - 2);
      return;
    }
  }
  write_json_line(element.type, element.record, record);
}

// {"type":"platform.report",<members of the record>} by a prefix of our own and the record from its first member on.
void TelemetryDecoder::write_json_line(std::string_view type, std::string_view token, Record& record) {
  if (type.size() > kTypeBytesMax) {
    // Cut, but neither within an escape nor within a character.
    size_t bytes = std::min(kTypeBytesMax, type.find('\\'));
    while (bytes > 0 && (type[bytes] & 0xc0) == 0x80) --bytes;
    type = type.substr(0, bytes);
  }
  record.form = TextForm::kJsonValue;
  prefix_.assign(R"({"type":")");
  prefix_.append(type);
  prefix_.append("\"");
  if (token.empty()) {
    record.text = "}";
  } else if (token[0] == '{') {
    const size_t first = skip_json_space(token, 1);
    if (!token.substr(first).starts_with('}')) prefix_.append(",");
    record.text = token.substr(first);
  } else if (token.size() < kPlatformLineBytesMax) {
    prefix_.append(R"(,"record":)");
    line_.assign(token);
    line_.append("}");
    record.text = line_.view();
  } else {
    // No platform event has so large a record that is no object. Shipped whole rather than wrapped and cut.
    prefix_.clear();
    record.text = token;
  }
  record.prefix = prefix_.view();
}

}  // namespace sleipnir
