// TelemetryScanner on any body: it makes progress, stays within the body, comes to its end, and says of a body that
// is valid JSON what yyjson says.
#include <yyjson.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "base/json_scan.h"
#include "base/json_text.h"
#include "lambda/telemetry_scanner.h"

namespace {

using namespace sleipnir;

[[noreturn]] void fail(const char* what) {
  fprintf(stderr, "telemetry_scanner_fuzz: %s\n", what);
  abort();
}

void require(bool condition, const char* what) {
  if (!condition) fail(what);
}

struct FreeDocument {
  void operator()(yyjson_doc* document) const { yyjson_doc_free(document); }
};
using Document = std::unique_ptr<yyjson_doc, FreeDocument>;

Document parse(std::string_view text) {
  return Document(yyjson_read(text.data(), text.size(), 0));
}

bool within(std::string_view body, std::string_view span) {
  return span.empty() || (span.data() >= body.data() && span.data() + span.size() <= body.data() + body.size());
}

// The token says what yyjson's value is.
bool same_value(std::string_view token, yyjson_val* value) {
  const Document document = parse(token);
  return document && yyjson_equals(yyjson_doc_get_root(document.get()), value);
}

// A string's inside, whose quotes stand around it in the body.
bool same_string(std::string_view inside, yyjson_val* value) {
  if (!yyjson_is_str(value)) return inside.data() == nullptr;
  return inside.data() != nullptr && same_value({inside.data() - 1, inside.size() + 2}, value);
}

// What is said to be verbatim is a line as it stands.
void check_verbatim(const TelemetryElement& element) {
  if (!element.verbatim) return;
  require(element.record.size() >= 2 && element.record[0] == '"', "verbatim and no string");
  const std::string_view inside = element.record.substr(1, element.record.size() - 2);
  std::string out(inside.size(), '\0');
  const JsonCopied copied = copy_json_token(inside, out, kNoDecodedLimit, LastNewline::kCut);
  require(copied.stop == JsonStop::kEnd && out.substr(0, copied.written) == cut_newline(inside),
          "verbatim and another line");
}

void check_element(const TelemetryElement& element, yyjson_val* object) {
  require(same_string(element.time, yyjson_obj_get(object, "time")), "another time");
  require(same_string(element.type, yyjson_obj_get(object, "type")), "another type");
  yyjson_val* record = yyjson_obj_get(object, "record");
  require(record == nullptr ? element.record.empty() : same_value(element.record, record), "another record");
}

// Of two equal keys the scanner takes the first string for time and type, yyjson the first of any type; and
// yyjson_equals knows no order among equal keys. Such objects are not compared.
bool has_equal_keys(yyjson_val* value) {
  if (yyjson_is_arr(value)) {
    size_t index, count;
    yyjson_val* item;
    yyjson_arr_foreach(value, index, count, item) {
      if (has_equal_keys(item)) return true;
    }
  }
  if (!yyjson_is_obj(value)) return false;
  size_t index, count;
  yyjson_val *key, *item;
  yyjson_obj_foreach(value, index, count, key, item) {
    if (yyjson_obj_getn(value, yyjson_get_str(key), yyjson_get_len(key)) != item || has_equal_keys(item)) return true;
  }
  return false;
}

size_t deepest_possible(std::string_view body) {
  size_t depth = 0;
  for (const char c : body) depth += c == '[' || c == '{';
  return depth;
}

bool is_element(yyjson_val* value) {
  return yyjson_is_obj(value) &&
         (yyjson_is_str(yyjson_obj_get(value, "type")) || yyjson_obj_get(value, "record") != nullptr);
}

void compare(std::string_view body) {
  if (deepest_possible(body) > kJsonDepthMax) return;
  const Document document = parse(body);
  if (!document) return;
  yyjson_val* root = yyjson_doc_get_root(document.get());
  if ((!yyjson_is_arr(root) && !yyjson_is_obj(root)) || has_equal_keys(root)) return;

  TelemetryScanner scanner(body);
  TelemetryElement element;
  const size_t count = yyjson_is_arr(root) ? yyjson_arr_size(root) : 1;
  yyjson_val* value = yyjson_is_arr(root) ? yyjson_arr_get_first(root) : root;
  for (size_t index = 0; index < count; ++index, value = unsafe_yyjson_get_next(value)) {
    const ScanOutcome outcome = scanner.next(element);
    require(outcome == (is_element(value) ? ScanOutcome::kElement : ScanOutcome::kMalformed), "another outcome");
    if (outcome == ScanOutcome::kElement) check_element(element, value);
  }
  require(scanner.next(element) == ScanOutcome::kEnd, "more elements than there are");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // A block of its own size: reads outside it are seen.
  const std::unique_ptr<char[]> bytes(new char[size]);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(data[i]);
  const std::string_view body(bytes.get(), size);

  TelemetryScanner scanner(body);
  TelemetryElement element;
  size_t offset = 0;
  for (size_t calls = 0;; ++calls) {
    require(calls <= size + 1, "no end");
    const ScanOutcome outcome = scanner.next(element);
    require(scanner.offset() >= offset && scanner.offset() <= size, "offset out of order");
    if (outcome == ScanOutcome::kEnd) break;
    if (outcome == ScanOutcome::kElement) {
      require(scanner.offset() > offset, "no progress");
      require(element.type.data() != nullptr || !element.record.empty(), "an element without type and record");
      check_verbatim(element);
    } else {
      require(element.record.empty() && element.type.empty(), "malformed, but filled");
    }
    require(within(body, element.time) && within(body, element.type) && within(body, element.record),
            "outside the body");
    offset = scanner.offset();
  }
  require(scanner.next(element) == ScanOutcome::kEnd, "goes on behind its end");
  compare(body);
  return 0;
}
