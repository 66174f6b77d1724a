#include "loki/entry_writer.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/json_text.h"
#include "loki/line_request_id.h"

namespace sleipnir {

namespace {

// In front of a line the request id is cut here: with every byte escaped it still leaves most of the shortest line.
constexpr size_t kLineRequestIdBytesMax = 128;

// The times whose nanoseconds have 19 digits: 2001-09-09 to 2262-04-11, the end of an int64_t.
constexpr int64_t kTimeMin = 1'000'000'000'000'000'000;
constexpr size_t kTimeDigits = 19;
// `["1234567890123456789","`
constexpr size_t kHeadBytes = 2 + kTimeDigits + 3;
static_assert(kHeadBytes < EntryWriter::kFrameBytes);

// REQUIRES: kHeadBytes of room.
void write_head(int64_t time_ns, char* out) {
  memcpy(out, "[\"", 2);
  std::to_chars(out + 2, out + 2 + kTimeDigits, std::max(time_ns, kTimeMin));
  memcpy(out + 2 + kTimeDigits, "\",\"", 3);
}

// At most `bytes_max` bytes of the text, not cutting a code point.
std::string_view cut(std::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  size_t bytes = bytes_max;
  while (bytes > bytes_max - 3 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) bytes--;
  return text.substr(0, bytes);
}

// Appends to the room; once something does not fit, nothing does.
class Output {
 public:
  explicit Output(std::span<char> room) : room_(room) {}

  [[gnu::always_inline]] void raw(std::string_view text) {
    if (!fits_ || room_.size() - bytes_ < text.size()) {
      fits_ = false;
      return;
    }
    memcpy(room_.data() + bytes_, text.data(), text.size());
    bytes_ += text.size();
  }

  // Makes the comma that was written last a closing brace.
  void close_object() {
    if (fits_) room_[bytes_ - 1] = '}';
  }

  void number(uint64_t value) {
    char digits[20];
    raw({digits, static_cast<size_t>(std::to_chars(digits, digits + sizeof(digits), value).ptr - digits)});
  }

  // A metadata value. Loki replaces U+FFFD by a blank in there; a question mark is seen and stays.
  void value(std::string_view plain) {
    if (!fits_) return;
    const std::span<char> rest = room_.subspan(bytes_);
    const std::string_view text = cut(plain, EntryWriter::kMetadataValueBytesMax);
    // Nearly always there is nothing to escape in it, and so nothing to remove.
    if (text.size() <= rest.size() && copy_plain(text, rest) == text.size()) {
      bytes_ += text.size();
      return;
    }
    const JsonCopied copied = escape_json(text, rest);
    if (copied.stop != JsonStop::kEnd) {
      fits_ = false;
      return;
    }
    bytes_ += remove_replacements(rest.first(copied.written));
  }

  void advance(size_t bytes) { bytes_ += bytes; }
  std::span<char> rest(size_t bytes_max) { return room_.subspan(bytes_, std::min(bytes_max, room_.size() - bytes_)); }
  bool fits() const { return fits_; }
  size_t bytes() const { return bytes_; }
  std::string_view text() const { return {room_.data(), bytes_}; }

 private:
  std::span<char> room_;
  size_t bytes_ = 0;
  bool fits_ = true;
};

// What the entry holds of the line: how far into the record it came, and why it stopped.
struct LinePart {
  size_t text_offset = 0;
  size_t written = 0;
  JsonStop stop = JsonStop::kEnd;
};

// Takes up to one part of a line; offsets count through prefix and text as if they were one.
class LineSource {
 public:
  explicit LineSource(const Record& record) : record_(record) {}

  LinePart write(size_t offset, std::span<char> out, size_t decoded_max) const {
    if (record_.verbatim && record_.form == TextForm::kJsonString && record_.prefix.empty()) {
      const std::string_view rest = record_.text.substr(offset);
      // Decoded it is no longer than this.
      if (rest.size() <= std::min(out.size(), decoded_max)) {
        const std::string_view line = cut_newline(rest);
        memcpy(out.data(), line.data(), line.size());
        return {.text_offset = offset + rest.size(), .written = line.size()};
      }
    }
    return take(
        offset, decoded_max,
        [&](std::string_view t, size_t at, size_t left) { return escape_json(t, out.subspan(at), left); },
        [&](std::string_view t, size_t at, size_t left) {
          return record_.form == TextForm::kJsonString ? copy_json_token(t, out.subspan(at), left, LastNewline::kCut)
                                                       : escape_json(t, out.subspan(at), left, LastNewline::kCut);
        });
  }

  LinePart measure(size_t offset, size_t wire_max, size_t decoded_max) const {
    return take(
        offset, decoded_max,
        [&](std::string_view t, size_t at, size_t left) {
          return measure_json(t, wire_max - at, left, LastNewline::kKeep);
        },
        [&](std::string_view t, size_t at, size_t left) {
          return record_.form == TextForm::kJsonString ? measure_json_token(t, wire_max - at, left, LastNewline::kCut)
                                                       : measure_json(t, wire_max - at, left, LastNewline::kCut);
        });
  }

 private:
  template <typename TakePrefix, typename TakeText>
  LinePart take(size_t offset, size_t decoded_max, TakePrefix take_prefix, TakeText take_text) const {
    const std::string_view prefix = record_.prefix;
    LinePart part{.text_offset = offset};
    size_t decoded_left = decoded_max;
    if (offset < prefix.size()) {
      const JsonCopied copied = take_prefix(prefix.substr(offset), 0, decoded_left);
      part = {.text_offset = offset + copied.consumed, .written = copied.written, .stop = copied.stop};
      if (copied.stop != JsonStop::kEnd) return part;
      decoded_left -= copied.decoded;
    }
    const JsonCopied copied =
        take_text(record_.text.substr(part.text_offset - prefix.size()), part.written, decoded_left);
    part.text_offset += copied.consumed;
    part.written += copied.written;
    part.stop = copied.stop;
    return part;
  }

  const Record& record_;
};

// The request id as it stands in front of the line, and how many of the record's bytes it takes the place of.
struct LineHead {
  static constexpr std::string_view kKey = R"({"request_id":")";
  static constexpr size_t kFrame = kKey.size() + 2;

  char text[kFrame + kLineRequestIdBytesMax * kJsonGrowthMax];
  size_t bytes = 0;
  size_t replaces = 0;

  void append(std::string_view more) {
    memcpy(text + bytes, more.data(), more.size());
    bytes += more.size();
  }
  std::string_view view() const { return {text, bytes}; }
};
static_assert(sizeof(LineHead::text) <= EntryWriter::kLineBytesMin / 2);

LineHead line_head(const Record& record) {
  LineHead head;
  const std::string_view id = cut(record.request_id, kLineRequestIdBytesMax);
  const LineShape shape = line_shape(record);
  switch (shape) {
    case LineShape::kObjectWithRequestId: break;
    case LineShape::kText:
      head.append("[request_id=");
      head.append(id);
      head.append("] ");
      break;
    case LineShape::kEmptyObject:
    case LineShape::kObject: {
      head.append(LineHead::kKey);
      const JsonCopied copied = escape_json(id, std::span(head.text).subspan(head.bytes, id.size() * kJsonGrowthMax));
      head.bytes += copied.written;
      head.append(shape == LineShape::kObject ? "\"," : "\"");
      head.replaces = 1;
      break;
    }
  }
  return head;
}

void write_metadata(Output& out, const Record& record, RequestIdAs request_id_as, const EncodeCursor& part) {
  // Each pair with a comma behind it; the last comma becomes the closing brace. There is always a log type.
  const auto pair = [&](std::string_view key, std::string_view value) {
    if (value.empty()) return;
    out.raw(key);
    out.value(value);
    out.raw("\",");
  };
  out.raw(",{");
  if (request_id_as == RequestIdAs::kMetadata) pair("\"request_id\":\"", record.request_id);
  out.raw("\"log_type\":\"");
  out.raw(log_type_name(record.log_type));
  out.raw("\",");
  if (const std::string_view level = level_name(record.level); !level.empty()) {
    out.raw("\"level\":\"");
    out.raw(level);
    out.raw("\",");
  }
  pair("\"trace_id\":\"", record.trace_id);
  pair("\"instance\":\"", record.instance);
  pair("\"tenant_id\":\"", record.tenant_id);
  pair("\"event_time\":\"", record.event_time);
  if (record.snapshot) out.raw("\"snapshot\":\"true\",");
  if (record.cold_start) out.raw("\"cold_start\":\"true\",");
  if (part.parts != 0) {
    out.raw("\"part\":\"");
    out.number(part.part);
    out.raw("\",\"parts\":\"");
    out.number(part.parts);
    out.raw("\",");
  }
  out.close_object();
}

}  // namespace

EntryWriter::EntryWriter(const Options& options) : options_(options) {
  options_.line_bytes_max = std::max(options_.line_bytes_max, kLineBytesMin);
  options_.entry_bytes_max = std::max(options_.entry_bytes_max, kEntryBytesMin);
}

void EntryWriter::set_line_bytes_max(size_t bytes) {
  options_.line_bytes_max = std::max(bytes, kLineBytesMin);
}

EncodeStep EntryWriter::write(const Record& record, int64_t time_ns, EncodeCursor& cursor, std::span<char> room,
                              EntryShape& shape) {
  if (room.size() < kFrameBytes) return EncodeStep::kNoRoom;
  const size_t line_wire_max = options_.entry_bytes_max - kMetadataBytesMax - kFrameBytes;
  Output out(room);

  write_head(time_ns, room.data());
  out.advance(kHeadBytes);

  // The line. How long a part gets depends on the limits and never on the room, so that the parts can be counted.
  const std::span<char> line_room = out.rest(std::min(room.size() - kFrameBytes, line_wire_max));
  const LineSource line(record);
  size_t offset = cursor.text_offset;
  size_t head_wire = 0;
  size_t head_decoded = 0;
  if (options_.request_id_as == RequestIdAs::kLine && cursor.part == 0 && !record.request_id.empty()) {
    const LineHead head = line_head(record);
    const JsonCopied copied = escape_json(head.view(), line_room);
    if (copied.stop != JsonStop::kEnd) return EncodeStep::kNoRoom;
    head_wire = copied.written;
    head_decoded = copied.decoded;
    offset = head.replaces;
  }
  const LinePart part = line.write(offset, line_room.subspan(head_wire), options_.line_bytes_max - head_decoded);
  if (part.stop == JsonStop::kWire && line_room.size() < line_wire_max) return EncodeStep::kNoRoom;
  out.advance(head_wire + part.written);
  out.raw("\"");
  const size_t metadata_offset = out.bytes();

  EncodeCursor next{.text_offset = part.text_offset, .part = cursor.part + 1, .parts = cursor.parts};
  if (part.stop != JsonStop::kEnd && cursor.part == 0) {
    next.parts = 1;
    for (LinePart rest = part; rest.stop != JsonStop::kEnd; next.parts++) {
      rest = line.measure(rest.text_offset, line_wire_max, options_.line_bytes_max);
    }
  }

  if (options_.structured_metadata == StructuredMetadata::kOn) {
    const bool can_keep = next.parts == 0 && LastMetadata::can_keep(record);
    if (const std::string_view same = can_keep ? last_metadata_.of(record) : std::string_view(); !same.empty()) {
      out.raw(same);
    } else {
      write_metadata(out, record, options_.request_id_as, next);
      if (can_keep && out.fits()) last_metadata_.keep(record, out.text().substr(metadata_offset));
    }
  }
  out.raw(kEntryEnd);
  if (!out.fits()) return EncodeStep::kNoRoom;

  cursor = next;
  shape = {.bytes = static_cast<uint32_t>(out.bytes()), .metadata_offset = static_cast<uint32_t>(metadata_offset)};
  return part.stop == JsonStop::kEnd ? EncodeStep::kLast : EncodeStep::kMore;
}

}  // namespace sleipnir
