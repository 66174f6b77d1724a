#include "loki/amend.h"

#include <cstdio>
#include <cstring>

#include "base/date.h"
#include "base/json_text.h"
#include "loki/entry_writer.h"

namespace sleipnir {

namespace {

// `["`, 19 digits, `","`: see EntryWriter.
constexpr size_t kTimeAt = 2;
constexpr size_t kTimeBytes = 19;
constexpr size_t kLineAt = kTimeAt + kTimeBytes + 3;

// The parts of a wire entry; views into it.
struct WireEntry {
  int64_t time_ns = 0;
  std::string_view line;      // inside of the JSON string
  std::string_view metadata;  // inside of the braces; empty where there is none
};

WireEntry take_apart(std::string_view wire, size_t metadata_offset) {
  WireEntry entry;
  for (size_t i = 0; i < kTimeBytes; i++) entry.time_ns = entry.time_ns * 10 + (wire[kTimeAt + i] - '0');
  entry.line = wire.substr(kLineAt, metadata_offset - 1 - kLineAt);
  const std::string_view rest = wire.substr(metadata_offset);
  // `,{...}],` or `],`
  if (rest.size() > kEntryEnd.size() + 3) entry.metadata = rest.substr(2, rest.size() - 2 - 1 - kEntryEnd.size());
  return entry;
}

struct EventTime {
  char text[96];  // what the compiler thinks a date may have
};

// REQUIRES: time_ns >= 0.
EventTime format_event_time(int64_t time_ns) {
  constexpr int64_t kSecond = 1'000'000'000;
  const tm date = date_of(time_ns / kSecond);
  EventTime out;
  snprintf(out.text, sizeof(out.text), "%04d-%02d-%02dT%02d:%02d:%02d.%09dZ", date.tm_year + 1900, date.tm_mon + 1,
           date.tm_mday, date.tm_hour, date.tm_min, date.tm_sec, static_cast<int>(time_ns % kSecond));
  return out;
}

// Writes pieces into a room and remembers whether they fit.
class Writer {
 public:
  explicit Writer(std::span<char> room) : room_(room) {}

  void put(std::string_view text) {
    if (text.size() > room_.size() - bytes_) {
      fits_ = false;
      return;
    }
    memcpy(room_.data() + bytes_, text.data(), text.size());
    bytes_ += text.size();
  }
  void put_number(int64_t number) {
    char text[24];
    snprintf(text, sizeof(text), "%019lld", static_cast<long long>(number));
    put(text);
  }
  size_t bytes() const { return bytes_; }
  bool fits() const { return fits_; }

 private:
  std::span<char> room_;
  size_t bytes_ = 0;
  bool fits_ = true;
};

// The length of the line's next part within the limit, in wire bytes.
size_t part_bytes(std::string_view line, std::optional<size_t> line_bytes_max) {
  if (!line_bytes_max) return line.size();
  return measure_json_token(line, SIZE_MAX, std::max(*line_bytes_max, kJsonUnitDecodedMax), LastNewline::kKeep)
      .consumed;
}

uint32_t count_parts(std::string_view line, std::optional<size_t> line_bytes_max) {
  uint32_t parts = 1;
  for (;; parts++) {
    const size_t bytes = part_bytes(line, line_bytes_max);
    if (bytes == line.size()) return parts;
    line.remove_prefix(bytes);
  }
}

}  // namespace

AmendResult amend_entries(const Batch& source, EntryRange range, const Verdict::Amend& amend, WallTime now,
                          Batch& target) {
  AmendResult result;
  int64_t older_ns = amend.restamp_from_ns;
  int64_t newer_ns = now.time_since_epoch().count();
  for (uint32_t i = range.first; i < range.first + range.count; i++) {
    WireEntry entry = take_apart(source.entry(i), source.entry_without_metadata(i).size());
    const bool too_old = amend.oldest_accepted_ns && entry.time_ns < *amend.oldest_accepted_ns;
    const bool too_new = amend.too_new_from_ns && entry.time_ns >= *amend.too_new_from_ns;
    const uint32_t parts = count_parts(entry.line, amend.line_bytes_max);
    if (!too_old && !too_new && parts == 1) continue;
    result.entries++;
    if (source.begins_record(i)) result.records++;

    for (uint32_t part = 1; part <= parts; part++) {
      int64_t time_ns = entry.time_ns;
      if (too_old) time_ns = older_ns++;
      if (too_new) time_ns = newer_ns++;
      const size_t bytes = part_bytes(entry.line, amend.line_bytes_max);
      Writer writer(target.room());
      writer.put("[\"");
      writer.put_number(time_ns);
      writer.put("\",\"");
      writer.put(entry.line.substr(0, bytes));
      writer.put("\"");
      entry.line.remove_prefix(bytes);
      const size_t metadata_offset = writer.bytes();
      if (!entry.metadata.empty()) {
        writer.put(",{");
        writer.put(entry.metadata);
        // Restamped for the second time, it still happened when it happened.
        const bool told = entry.metadata.find("\"event_time\":") != std::string_view::npos;
        if ((too_old || too_new) && !told) {
          writer.put(",\"event_time\":\"");
          writer.put(format_event_time(entry.time_ns).text);
          writer.put("\"");
        }
        if (parts > 1) {
          char text[64];
          snprintf(text, sizeof(text), ",\"part\":\"%u\",\"parts\":\"%u\"", part, parts);
          writer.put(text);
        }
        writer.put("}");
      }
      writer.put(kEntryEnd);
      if (!writer.fits()) {
        result.overflow = true;
        return result;
      }
      target.commit(
          {.bytes = static_cast<uint32_t>(writer.bytes()), .metadata_offset = static_cast<uint32_t>(metadata_offset)},
          part == 1 && source.begins_record(i), Record{.time = WallTime(Nanoseconds(entry.time_ns))});
    }
  }
  return result;
}

}  // namespace sleipnir
