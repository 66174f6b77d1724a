// TelemetryDecoder on any body, with every option: views stay within the body or the decoder, limits hold, and what
// is said of a record fits together. The first byte chooses the options.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "lambda/telemetry_decoder.h"

namespace {

using namespace sleipnir;

constexpr WallTime kArrival = wall_from_unix_ms(1'795'161'601'000);  // 2026-11-20T08:00:01Z

void require(bool condition, const char* what) {
  if (condition) return;
  fprintf(stderr, "telemetry_decoder_fuzz: %s\n", what);
  abort();
}

// Reads every byte, so that a sanitizer sees a view that points nowhere.
unsigned touch(std::string_view view) {
  unsigned sum = 0;
  for (const char c : view) sum += static_cast<unsigned char>(c);
  return sum;
}

constexpr std::string_view kDropped[] = {"platform.extension", "platform.other", "weather"};

DecoderOptions options_of(uint8_t choice) {
  DecoderOptions options;
  options.ship_platform = (choice & 1) == 0;
  options.ship_extension = (choice & 2) != 0;
  options.min_level = (choice & 4) != 0 ? Level::kWarn : Level::kUnknown;
  options.platform_format = (choice & 8) != 0 ? PlatformFormat::kText : PlatformFormat::kJson;
  options.managed_instances = (choice & 16) != 0;
  if ((choice & 32) != 0) options.dropped_types = kDropped;
  return options;
}

bool is_hex_id(std::string_view id) {
  for (const char c : id) {
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))) return false;
  }
  return id.size() == 32;
}

void check(const Decoded& decoded, const TelemetryElement& element, const DecoderOptions& options) {
  const Record& record = decoded.record;
  unsigned sum = 0;
  for (const std::string_view view :
       {record.prefix, record.text, record.request_id, record.trace_id, record.instance, record.tenant_id,
        record.event_time, decoded.request_id, decoded.tracing, decoded.instance_id}) {
    sum += touch(view);
  }
  require(sum < 0xffffffffu, "sum");
  require(record.request_id.size() <= kRequestIdBytesMax, "request id too long");
  require(record.trace_id.empty() || is_hex_id(record.trace_id), "trace id of another form");
  require(record.tenant_id.size() <= kTenantIdBytesMax, "tenant id too long");
  require(record.level <= Level::kFatal, "no level");

  const bool is_log = decoded.kind == EventKind::kFunction || decoded.kind == EventKind::kExtension;
  require(is_log == (record.log_type != LogType::kPlatform), "log type does not fit the kind");
  if (is_log) {
    // The line is the function's own, byte for byte.
    require(record.prefix.empty(), "something is put in front");
    const bool is_string = element.record.starts_with('"');
    const std::string_view whole = is_string ? element.record.substr(1, element.record.size() - 2) : element.record;
    require(record.text.data() == whole.data() || whole.empty(), "text is not the record's");
    require(record.text == whole, "text is changed");
  } else if (record.form == TextForm::kJsonValue && !record.prefix.empty()) {
    require(record.prefix.starts_with("{\"type\":\"") && record.text.ends_with('}'), "not an object");
  }
  if (decoded.kind == EventKind::kFunction && decoded.disposition == Disposition::kFilter) {
    require(record.level != Level::kUnknown && record.level < options.min_level, "filtered without need");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const DecoderOptions options = options_of(data[0]);
  const size_t bytes = size - 1;
  const std::unique_ptr<char[]> copy(new char[bytes]);
  for (size_t i = 0; i < bytes; ++i) copy[i] = static_cast<char>(data[i + 1]);
  const std::string_view body(copy.get(), bytes);

  const auto decoder = std::make_unique<TelemetryDecoder>(options);
  TelemetryScanner scanner(body);
  TelemetryElement element;
  Decoded decoded;
  for (;;) {
    const ScanOutcome outcome = scanner.next(element);
    if (outcome == ScanOutcome::kEnd) break;
    if (outcome != ScanOutcome::kElement) continue;
    decoder->decode(element, kArrival, decoded);
    check(decoded, element, options);
  }
  // The rules must also stand what no scanner lets through: the body as a record and as a string's inside.
  element = {.time = body, .type = "function", .record = body};
  decoder->decode(element, kArrival, decoded);
  element = {.time = body, .type = body, .record = body};
  decoder->decode(element, kArrival, decoded);
  return 0;
}
