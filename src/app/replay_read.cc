#include "app/replay_read.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>

#include "app/spool_format.h"
#include "base/joined.h"
#include "base/json_fields.h"
#include "base/mapped_memory.h"
#include "loki/decompressor.h"
#include "loki/entry_check.h"
#include "loki/labels.h"

namespace sleipnir {

namespace {

using namespace std::string_view_literals;

constexpr std::string_view kGzipMagic = "\x1f\x8b";
constexpr std::string_view kPrefixBegin = "{\"streams\":[{\"stream\":";
constexpr std::string_view kLabelsAndEnd = "},\"values\":[";
constexpr std::string_view kPrefixEnd = kLabelsAndEnd.substr(1);

// The next value of an array, of which `rest` begins behind the opening bracket or behind the last value. Nothing: the
// array is over, or no array; `rest` then begins with its closing bracket, if it has one.
std::string_view next_value(std::string_view& rest) {
  size_t at = skip_json_space(rest, 0);
  if (at < rest.size() && rest[at] == ',') at = skip_json_space(rest, at + 1);
  rest.remove_prefix(std::min(at, rest.size()));
  if (rest.empty() || rest[0] == ']') return {};
  const TokenEnd end = json_value_end(rest, 0);
  if (!end.complete) return {};
  const std::string_view value = rest.substr(0, end.at);
  rest.remove_prefix(end.at);
  return value;
}

class Reader {
 public:
  explicit Reader(ReplaySink& sink) : sink_(sink) {}

  ReplayRead result() const { return result_; }

  void read(std::string_view bytes) {
    while (result_.whole) {
      bytes.remove_prefix(skip_json_space(bytes, 0));
      if (bytes.empty()) return;
      if (bytes.starts_with(kGzipMagic)) {
        read_member(bytes);
      } else if (const std::optional<SegmentHeader> header = read_segment_header(bytes)) {
        return read_segment(bytes, *header);
      } else {
        read_push(bytes);
      }
    }
  }

 private:
  // A gzip member does not say how long its content is: with as much room as it takes.
  void read_member(std::string_view& bytes) {
    const bool nested = std::exchange(in_member_, true);
    for (size_t room = 4 * kMiB; !nested && room <= kReplayMemberBytesMax; room *= 4) {
      const Result<MappedMemory> memory = MappedMemory::create(room);
      if (!memory) break;
      const GzipDecompressor::Member member = gunzip_.decompress_member(bytes, memory->bytes());
      if (member.too_long) continue;
      if (member.stored_bytes == 0) break;
      bytes.remove_prefix(member.stored_bytes);
      read({memory->bytes().data(), member.bytes});
      in_member_ = false;
      return;
    }
    result_.whole = false;
  }

  void read_push(std::string_view& bytes) {
    const TokenEnd end = bytes[0] == '{' ? json_value_end(bytes, 0) : TokenEnd{};
    const JsonField streams = end.complete ? json_field(bytes.substr(0, end.at), "streams") : JsonField{};
    if (!streams.value.starts_with('[')) {
      result_.whole = false;
      return;
    }
    bytes.remove_prefix(end.at);
    std::string_view rest = streams.value.substr(1);
    for (std::string_view one; !(one = next_value(rest)).empty();) {
      const JsonField labels = json_field(one, "stream");
      const JsonField values = json_field(one, "values");
      if (!labels.value.starts_with('{') || !values.value.starts_with('[')) {
        result_.whole = false;
        return;
      }
      sink_.begin_stream(joined({kPrefixBegin, labels.value, kPrefixEnd}));
      read_entries(values.value.substr(1));
    }
  }

  void read_segment(std::string_view bytes, const SegmentHeader& header) {
    bytes.remove_prefix(kSegmentHeaderBytes);
    const std::string_view prefix = bytes.substr(0, header.prefix_bytes);
    result_.whole = prefix.size() == header.prefix_bytes && spool_checksum(prefix) == header.prefix_checksum &&
                    prefix.starts_with(kPrefixBegin) && prefix.ends_with(kLabelsAndEnd);
    bytes.remove_prefix(prefix.size());
    while (result_.whole && !bytes.empty()) {
      const std::optional<FrameHeader> frame = read_frame_header(bytes);
      // The process ended while it wrote this: a torn tail, of which nothing was counted as spooled.
      if (!frame || frame->frame_bytes() > bytes.size()) break;
      if (frame->state == FrameState::kWaiting) {
        read_frame(bytes.substr(kFrameHeaderBytes, frame->body_bytes()), *frame, prefix);
      }
      bytes.remove_prefix(frame->frame_bytes());
    }
    result_.whole = result_.whole && bytes.empty();
  }

  void read_frame(std::string_view body, const FrameHeader& frame, std::string_view push_prefix) {
    const std::string_view stored = body.substr(frame.front_bytes());
    const Result<MappedMemory> memory = MappedMemory::create(frame.payload_bytes);
    const bool gzip = frame.encoding == FrameEncoding::kGzip;
    const std::span<char> room = memory ? memory->bytes().first(frame.payload_bytes) : std::span<char>();
    if (spool_checksum(body) != frame.body_checksum || (gzip && !gunzip_.decompress(stored, room))) {
      result_.unreadable += frame.records;
      return;
    }
    const std::string_view id = body.substr(frame.flag_bytes(), frame.id_bytes);
    std::string prefix(push_prefix.size() + request_id_label_bytes_max(id.size()), '\0');
    prefix.resize(write_prefix_with_request_id(push_prefix, id, prefix));
    sink_.begin_stream(prefix);
    read_entries(gzip ? std::string_view(room.data(), room.size()) : stored);
  }

  void read_entries(std::string_view rest) {
    for (std::string_view value; !(value = next_value(rest)).empty();) {
      if (!read_entry(value)) result_.unreadable++;
    }
    result_.whole = result_.whole && (rest.empty() || rest[0] == ']');
  }

  // However it was laid out, it is written the way our own are, and judged there.
  bool read_entry(std::string_view array) {
    if (!array.starts_with('[')) return false;
    const size_t array_bytes = array.size();
    array.remove_prefix(1);
    const std::string_view time = next_value(array);
    const std::string_view line = next_value(array);
    const std::string_view metadata = next_value(array);
    // No longer than it was.
    const std::span<char> room = sink_.room(array_bytes + 1);
    if (room.size() < array_bytes + 1) return false;
    char* out = room.data();
    const auto put = [&out](std::string_view piece) { out = std::copy(piece.begin(), piece.end(), out); };
    put("[");
    put(time);
    put(",");
    put(line);
    std::string_view before = ",{";
    bool first_part = true;
    JsonFields<PlainJson> fields(metadata);
    for (JsonField field; fields.next(field); before = ",") {
      if (!field.is_string) return false;
      // Of a record in parts, the first is the record.
      if (field.key == "part" && field.value != "1") first_part = false;
      for (const std::string_view piece : {before, "\""sv, field.key, "\":\""sv, field.value, "\""sv}) put(piece);
    }
    if (before == ",") put("}");
    put("],");
    const auto bytes = static_cast<size_t>(out - room.data());
    const std::optional<CheckedEntry> entry = check_entry({room.data(), bytes});
    if (!entry || entry->shape.bytes != bytes) return false;
    sink_.commit(entry->shape, first_part, entry->time_ns);
    return true;
  }

  ReplaySink& sink_;
  GzipDecompressor gunzip_;
  ReplayRead result_;
  bool in_member_ = false;
};

}  // namespace

ReplayRead read_replay(std::string_view bytes, ReplaySink& sink) {
  Reader reader(sink);
  reader.read(bytes);
  return reader.result();
}

}  // namespace sleipnir
