// Record: one telemetry event on its way from the decoder (lambda) to the entry writer (loki).
//
// A bundle of views: into the telemetry body for the text, into the decoder for ids. It lives for one call; whoever
// keeps anything copies it into a batch's arena. Loop thread only. Neither side of it knows the other: this type is
// all they share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/clock.h"

namespace sleipnir {

// Lambda's request ids are UUIDs of 36 bytes; whatever is longer than this is not taken for one.
inline constexpr size_t kRequestIdBytesMax = 64;

// Where a record came from; sent as structured metadata `log_type`.
enum class LogType : uint8_t { kFunction, kPlatform, kExtension };

// Ordered: a filter compares. kUnknown is below all and is never filtered by level.
enum class Level : uint8_t { kUnknown, kTrace, kDebug, kInfo, kWarn, kError, kFatal };

// How Record::text has to be read to become a line.
enum class TextForm : uint8_t {
  kJsonString,  // the inside of a JSON string token of the telemetry body, its escapes still in place
  kJsonValue,   // the JSON text of an object, array, number, true, false or null: that text is the line
  kPlain,       // plain bytes that we made ourselves (a platform event as CloudWatch shows it)
};

struct Record {
  // The event's own time, millisecond precision. The batcher adds the arrival counter in nanoseconds.
  WallTime time;
  LogType log_type = LogType::kFunction;
  Level level = Level::kUnknown;
  TextForm form = TextForm::kPlain;
  // With kJsonString: the text is ASCII and its escapes are of two bytes, so it can be a line as it stands.
  bool verbatim = false;

  // Plain bytes put in front of the text, part of the line; escaped by the entry writer. Usually empty.
  std::string_view prefix;
  // The line's text in the form above, one trailing newline not yet cut.
  std::string_view text;

  // Structured metadata; an empty view means there is none. Plain bytes, not JSON-escaped.
  std::string_view request_id;
  std::string_view trace_id;
  std::string_view instance;
  std::string_view tenant_id;
  // Set when `time` was replaced by one that Loki takes: the event's own time, as it was written.
  std::string_view event_time;
  // An event of the init that a SnapStart snapshot was made of: it happened once, perhaps days ago, and every
  // environment restored from the snapshot tells it again.
  bool snapshot = false;
  // The report of the first invocation behind an init or a restore.
  bool cold_start = false;
};

// The names used on the wire, in variables and in log lines: "function", "warn", ...; kUnknown gives "".
std::string_view log_type_name(LogType type);
std::string_view level_name(Level level);

}  // namespace sleipnir
