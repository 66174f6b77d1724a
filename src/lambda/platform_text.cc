#include "lambda/platform_text.h"

#include <cstdint>

#include "base/ascii.h"
#include "base/json_decode.h"
#include "base/json_fields.h"

namespace sleipnir {
namespace {

// Digits of a number of at most this many can be rounded in 64 bits.
constexpr size_t kWholeDigitsMax = 12;

void append_number(uint64_t value, PlatformLine& line) {
  char digits[20];
  size_t at = sizeof digits;
  do {
    digits[--at] = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  line.append({digits + at, sizeof digits - at});
}

// 15090 -> 150.90
void append_hundredths(uint64_t hundredths, PlatformLine& line) {
  append_number(hundredths / 100, line);
  const char fraction[] = {'.', static_cast<char>('0' + hundredths / 10 % 10),
                           static_cast<char>('0' + hundredths % 10)};
  line.append({fraction, sizeof fraction});
}

// A JSON number with two decimals, as CloudWatch has it: 150.9 -> 150.90. What is not simply digits stays as it is.
void append_decimal(std::string_view token, PlatformLine& line) {
  uint64_t thousandths = 0;
  size_t whole = 0;
  while (whole < token.size() && is_digit(token[whole])) {
    thousandths = thousandths * 10 + static_cast<uint64_t>(token[whole++] - '0');
    if (whole > kWholeDigitsMax) return line.append(token);
  }
  size_t at = whole < token.size() && token[whole] == '.' ? whole + 1 : whole;
  for (int digit = 0; digit < 3; ++digit) {
    const bool there = at < token.size() && is_digit(token[at]);
    thousandths = thousandths * 10 + (there ? static_cast<uint64_t>(token[at++] - '0') : 0);
  }
  while (at < token.size() && is_digit(token[at])) ++at;
  if (whole == 0 || at != token.size()) return line.append(token);
  append_hundredths((thousandths + 5) / 10, line);
}

// `<tab>Duration: 150.90 ms`
enum class Form : uint8_t { kDecimal, kAsItIs };
struct Metric {
  std::string_view key;
  std::string_view label;
  std::string_view unit;
  Form form;
};
constexpr Metric kReportMetrics[] = {
    {"durationMs", "Duration: ", " ms", Form::kDecimal},
    {"billedDurationMs", "Billed Duration: ", " ms", Form::kAsItIs},
    {"memorySizeMB", "Memory Size: ", " MB", Form::kAsItIs},
    {"maxMemoryUsedMB", "Max Memory Used: ", " MB", Form::kAsItIs},
    {"initDurationMs", "Init Duration: ", " ms", Form::kDecimal},
    {"restoreDurationMs", "Restore Duration: ", " ms", Form::kDecimal},
    {"billedRestoreDurationMs", "Billed Restore Duration: ", " ms", Form::kAsItIs},
};

std::string_view metric(std::string_view metrics, std::string_view key) {
  JsonFields<PlainJson> members(metrics);
  for (JsonField member; members.next(member);) {
    if (!member.is_string && member.key == key && member.value != "null") return member.value;
  }
  return {};
}

void append_duration(std::string_view metrics, PlatformLine& line) {
  append_decimal(metric(metrics, "durationMs"), line);
  line.append(" ms");
}

void append_labelled(std::string_view label, std::string_view inside, PlatformLine& line) {
  if (inside.empty()) return;
  line.append(label);
  append_json_text(inside, line);
}

void append_failure(const PlatformFields& fields, PlatformLine& line) {
  if (fields.status != "success") append_labelled("\tStatus: ", fields.status, line);
  append_labelled("\tError Type: ", fields.error_type, line);
}

// ["INVOKE","SHUTDOWN"] -> [INVOKE, SHUTDOWN]
void append_list(std::string_view label, std::string_view array, PlatformLine& line) {
  line.append(label);
  line.append("[");
  for (bool first = true;; first = false) {
    const size_t open = array.find('"');
    if (open == std::string_view::npos) break;
    const TokenEnd end = json_string_end(array, open);
    if (!end.complete) break;
    if (!first) line.append(", ");
    append_json_text(array.substr(open + 1, end.at - open - 2), line);
    array.remove_prefix(end.at);
  }
  line.append("]");
}

void append_runtime(std::string_view event, const PlatformFields& fields, PlatformLine& line) {
  line.append(event);
  append_labelled(" Runtime Version: ", fields.runtime_version, line);
  append_labelled("\tRuntime Version ARN: ", fields.runtime_version_arn, line);
}

// XRAY TraceId: 1-67aa0001-0123456789abcdef01234567<tab>SegmentId: 0123456789abcdef<tab>Sampled: true
void append_tracing(const PlatformFields& fields, PlatformLine& line) {
  const size_t root = fields.tracing.find("Root=");
  if (root == std::string_view::npos) return;
  std::string_view id = fields.tracing.substr(root + 5);
  id = id.substr(0, id.find(';'));
  append_labelled("\nXRAY TraceId: ", id, line);
  append_labelled("\tSegmentId: ", fields.span_id, line);
  line.append(fields.tracing.find("Sampled=1") != std::string_view::npos ? "\tSampled: true" : "\tSampled: false");
}

void append_report(const PlatformFields& fields, PlatformLine& line) {
  line.append("REPORT");
  append_labelled(" RequestId: ", fields.request_id, line);
  for (const Metric& known : kReportMetrics) {
    const std::string_view value = metric(fields.metrics, known.key);
    if (value.empty()) continue;
    line.append("\t");
    line.append(known.label);
    if (known.form == Form::kDecimal) {
      append_decimal(value, line);
    } else {
      line.append(value);
    }
    line.append(known.unit);
  }
  append_failure(fields, line);
  append_tracing(fields, line);
}

// 2026-11-20T08:00:03.530Z 0b6f... Task timed out after 3.00 seconds, and an empty line
void append_timeout(const PlatformFields& fields, std::string_view time, std::string_view duration,
                    PlatformLine& line) {
  line.append(time);
  append_labelled(" ", fields.request_id, line);
  line.append(" Task timed out after ");
  uint64_t ms = 0;
  for (const char c : duration.substr(0, kWholeDigitsMax)) {
    if (!is_digit(c)) break;
    ms = ms * 10 + static_cast<uint64_t>(c - '0');
  }
  append_hundredths((ms + 5) / 10, line);
  line.append(" seconds\n\n");
}

// What CloudWatch says in front of END, less the exit status, which telemetry does not tell.
void append_exit(const PlatformFields& fields, PlatformLine& line) {
  line.append("RequestId: ");
  append_json_text(fields.request_id, line);
  line.append(" Error: Runtime exited with error\nRuntime.ExitError\n");
}

// A timeout and a runtime that exited have lines of their own; other failures are told at the end.
void append_runtime_done(const PlatformFields& fields, std::string_view time, PlatformLine& line) {
  const std::string_view duration = metric(fields.metrics, "durationMs");
  const bool timeout = fields.status == "timeout" && !duration.empty();
  const bool exit = fields.error_type == "Runtime.ExitError";
  if (timeout) append_timeout(fields, time, duration, line);
  if (exit) append_exit(fields, line);
  line.append("END");
  append_labelled(" RequestId: ", fields.request_id, line);
  if (!timeout && !exit) append_failure(fields, line);
}

}  // namespace

bool write_platform_text(EventKind kind, const PlatformFields& fields, std::string_view time, PlatformLine& line) {
  line.clear();
  switch (kind) {
    case EventKind::kInitStart: append_runtime("INIT_START", fields, line); return true;
    case EventKind::kRestoreStart: append_runtime("RESTORE_START", fields, line); return true;
    case EventKind::kStart:
      line.append("START");
      append_labelled(" RequestId: ", fields.request_id, line);
      append_labelled(" Version: ", fields.version, line);
      return true;
    case EventKind::kRuntimeDone:
    case EventKind::kEnd: append_runtime_done(fields, time, line); return true;
    case EventKind::kReport: append_report(fields, line); return true;
    case EventKind::kInitReport:
      line.append("INIT_REPORT Init Duration: ");
      append_duration(fields.metrics, line);
      append_labelled("\tPhase: ", fields.phase, line);
      append_failure(fields, line);
      return true;
    case EventKind::kRestoreReport:
      line.append("RESTORE_REPORT Restore Duration: ");
      append_duration(fields.metrics, line);
      append_failure(fields, line);
      return true;
    case EventKind::kExtensionState:
    case EventKind::kTelemetrySubscription:
    case EventKind::kLogsSubscription:
      line.append(kind == EventKind::kExtensionState          ? "EXTENSION"
                  : kind == EventKind::kTelemetrySubscription ? "TELEMETRY"
                                                              : "LOGS");
      append_labelled("\tName: ", fields.name, line);
      append_labelled("\tState: ", fields.state, line);
      append_list(kind == EventKind::kExtensionState ? "\tEvents: " : "\tTypes: ", fields.list, line);
      append_labelled("\tError Type: ", fields.error_type, line);
      return true;
    case EventKind::kFunction:
    case EventKind::kExtension:
    case EventKind::kInitRuntimeDone:
    case EventKind::kRestoreRuntimeDone:
    case EventKind::kLogsDropped:
    case EventKind::kFault:
    case EventKind::kPlatformOther:
    case EventKind::kUnknownType: return false;
  }
  return false;
}

}  // namespace sleipnir
