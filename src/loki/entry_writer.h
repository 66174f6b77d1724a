// EntryWriter: one record as the entry of a Loki push that it will be on the wire.
//
//   ["<nanoseconds, 19 digits>","<line>",{"request_id":"...","log_type":"function",...}],
//
// Called by the batcher for each record, writing straight into the batch's arena. Source: Loki's push API
// (/loki/api/v1/push, JSON); metadata values are strings, `{}` is never written.
//
// A line longer than the limit goes as several entries with the metadata `part` and `parts`, counted from 1: each as
// long as the limits allow, cut between code points, nothing left out. All parts carry the same time and metadata.
// The metadata's order is fixed: request_id, log_type, level, trace_id, instance, tenant_id, event_time, snapshot,
// cold_start, part, parts.
//
// Owned by the batcher; loop thread. Pure: no I/O, no allocation, same record in, same bytes out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "batch/batch.h"
#include "batch/record.h"
#include "loki/last_metadata.h"

namespace sleipnir {

enum class StructuredMetadata : uint8_t { kOn, kOff };

// Where Record::request_id goes.
enum class RequestIdAs : uint8_t {
  kMetadata,
  kLabel,  // into the stream's labels, which are not the entry's business: nothing is written here
  kLine,   // `[request_id=...] ` before text; the first key of a JSON object that has no request id yet
  kNone,
};

// Closes an entry; for Batch::strip_metadata.
inline constexpr std::string_view kEntryEnd = "],";

class EntryWriter {
 public:
  struct Options {
    StructuredMetadata structured_metadata = StructuredMetadata::kOn;
    RequestIdAs request_id_as = RequestIdAs::kMetadata;
    size_t line_bytes_max = 262144;            // decoded bytes of one entry's line; raised to kLineBytesMin
    size_t entry_bytes_max = size_t{1} << 20;  // wire bytes of one entry; raised to kEntryBytesMin
  };

  explicit EntryWriter(const Options& options);

  // Writes the next entry of the record to the beginning of `room`; see EncodeStep and EncodeCursor. kNoRoom changes
  // neither cursor nor shape (bytes of `room` may have been written over). `time_ns` is clamped into the times of 19
  // digits, 2001 to 2262. The record must be the same one, unchanged, at every call for its parts.
  //
  // Never kNoRoom when `room` has entry_bytes_max() bytes: an arena must have that much when it is empty. A room
  // that is just large enough may be refused where a part ends because of entry_bytes_max, or where a metadata value
  // holds characters that are replaced.
  [[nodiscard]] EncodeStep write(const Record& record, int64_t time_ns, EncodeCursor& cursor, std::span<char> room,
                                 EntryShape& shape);

  size_t entry_bytes_max() const { return options_.entry_bytes_max; }
  size_t line_bytes_max() const { return options_.line_bytes_max; }

  // What an answer of the server taught, for records to come. REQUIRES: no record half written.
  void set_line_bytes_max(size_t bytes);
  void set_structured_metadata(StructuredMetadata metadata) { options_.structured_metadata = metadata; }

  // A metadata value is cut here, between code points: the longest known (a CloudWatch log stream's name) is 512.
  static constexpr size_t kMetadataValueBytesMax = 512;
  // Metadata of an entry at its longest: five such values, every byte escaped, and 512 for keys, short values, braces.
  static constexpr size_t kMetadataBytesMax = 5 * 6 * kMetadataValueBytesMax + 512;
  // `["1234567890123456789","` before the line, `"` and `],` behind it.
  static constexpr size_t kFrameBytes = 24 + 1 + 2;
  // A line must have room for the request id in front of it and something more.
  static constexpr size_t kLineBytesMin = 2048;
  static constexpr size_t kEntryBytesMin = size_t{64} << 10;
  static_assert(kEntryBytesMin >= kMetadataBytesMax + kFrameBytes + 2 * 6 * kLineBytesMin);

 private:
  Options options_;
  LastMetadata last_metadata_;
};

}  // namespace sleipnir
