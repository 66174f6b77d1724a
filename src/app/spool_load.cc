#include "app/spool_load.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/mapped_memory.h"
#include "base/planted_bug.h"
#include "loki/entry_check.h"

namespace sleipnir {

namespace {

static_assert(kSpoolBufferBytesMin >=
              kFrameHeaderBytes + kSpoolPayloadBytesMax / kWireEntryBytesMin / 8 + 1 + kRequestIdBytesMax);

// Memory for one call: of the buffer if it is large enough, else mapped.
class Scratch {
 public:
  explicit Scratch(std::span<char> buffer) : buffer_(buffer) {}

  // Empty: there is no memory. REQUIRES: bytes > 0; called once.
  std::span<char> take(size_t bytes) {
    if (bytes <= buffer_.size()) return buffer_.first(bytes);
    Result<MappedMemory> mapped = MappedMemory::create(bytes);
    if (!mapped) return {};
    mapped_.emplace(std::move(mapped.value()));
    return mapped_->bytes().first(bytes);
  }

 private:
  std::span<char> buffer_;
  std::optional<MappedMemory> mapped_;
};

std::string_view view(std::span<const char> bytes) {
  return {bytes.data(), bytes.size()};
}

bool flag_at(std::string_view flags, uint32_t index) {
  return (static_cast<unsigned char>(flags[index / 8]) >> (index % 8) & 1) != 0;
}

bool body_intact(const FrameHeader& header, std::string_view front, std::string_view stored) {
  const bool intact = spool_checksum(stored, spool_checksum(front)) == header.body_checksum;
  return intact || planted(PlantedBug::kTornTailTaken);
}

// What a walk over all entries of a frame found.
struct Walk {
  bool sound = false;       // every byte belongs to an entry, and the header's counts are right
  size_t longest = 0;       // entry
  uint32_t next_entry = 0;  // from `first` on, up to here they were taken
};

// Checks every entry; offers those from `first` on to `take(wire, entry, begins_record)` until that says no.
template <typename Take>
Walk walk_entries(const FrameHeader& header, std::string_view flags, std::string_view wire, uint32_t first, Take take) {
  Walk walk{.next_entry = first};
  uint32_t records = 0;
  bool taking = true;
  for (uint32_t i = 0; i < header.entries; i++) {
    const std::optional<CheckedEntry> entry = check_entry(wire);
    if (!entry) return walk;
    const bool begins_record = flag_at(flags, i);
    records += begins_record ? 1 : 0;
    walk.longest = std::max<size_t>(walk.longest, entry->shape.bytes);
    if (i >= first && taking) {
      taking = take(wire.substr(0, entry->shape.bytes), *entry, begins_record);
      if (taking) walk.next_entry = i + 1;
    }
    wire.remove_prefix(entry->shape.bytes);
  }
  walk.sound = wire.empty() && records == header.records;
  return walk;
}

Record record_of(const CheckedEntry& entry) {
  return Record{.time = WallTime(Nanoseconds(entry.time_ns))};
}

}  // namespace

std::optional<PackedFrame> pack_frame(const Batch& batch, EntryRange range, GzipCompressor* gzip,
                                      std::span<char> buffer) {
  CHECK(range.count != 0 && buffer.size() >= kSpoolBufferBytesMin);
  const std::string_view wire = batch.wire_text(range);
  if (wire.size() > kSpoolPayloadBytesMax) return std::nullopt;
  PackedFrame frame;
  frame.header.payload_bytes = static_cast<uint32_t>(wire.size());
  frame.header.entries = range.count;
  frame.header.records = batch.record_count(range);

  const std::string_view id = batch.request_id.view();
  frame.header.id_bytes = static_cast<uint32_t>(id.size());
  const size_t head_bytes = kFrameHeaderBytes + frame.header.front_bytes();
  const std::span<char> flags = buffer.subspan(kFrameHeaderBytes, frame.header.flag_bytes());
  memset(flags.data(), 0, flags.size());
  for (uint32_t i = 0; i < range.count; i++) {
    if (batch.begins_record(range.first + i)) flags[i / 8] = static_cast<char>(flags[i / 8] | 1 << (i % 8));
  }
  if (!id.empty()) memcpy(buffer.data() + head_bytes - id.size(), id.data(), id.size());

  // What compresses to no less than itself is of no use compressed.
  const std::span<char> room = buffer.subspan(head_bytes);
  const size_t packed = gzip == nullptr ? 0 : gzip->compress(wire, room.first(std::min(room.size(), wire.size())));
  if (packed != 0) {
    frame.header.encoding = FrameEncoding::kGzip;
    frame.header.stored_bytes = static_cast<uint32_t>(packed);
    frame.head = view(buffer.first(head_bytes + packed));
    frame.header.body_checksum = spool_checksum(frame.head.substr(kFrameHeaderBytes));
  } else {
    frame.header.stored_bytes = frame.header.payload_bytes;
    frame.head = view(buffer.first(head_bytes));
    frame.rest = wire;
    frame.header.body_checksum = spool_checksum(wire, spool_checksum(frame.head.substr(kFrameHeaderBytes)));
  }
  write_frame_header(buffer, frame.header);
  return frame;
}

UnpackResult unpack_frame(FileSystem& files, SpoolSegment& segment, uint64_t offset, const FrameHeader& header,
                          uint32_t first, GzipDecompressor& gunzip, std::span<char> buffer, Batch& into) {
  CHECK(into.empty() && first < header.entries);
  // Flags and request id first, then, where they are compressed, the stored entries, in one piece.
  const bool gzip = header.encoding == FrameEncoding::kGzip;
  Scratch stored_scratch(buffer);
  const std::span<char> stored_body =
      stored_scratch.take(header.front_bytes() + (gzip ? size_t{header.stored_bytes} : 0));
  if (stored_body.empty()) return {.outcome = Unpacked::kNoMemory};
  const uint64_t body_at = offset + kFrameHeaderBytes;
  if (!segment.read(files, body_at, stored_body)) return {};
  const std::string_view front = view(stored_body.first(header.front_bytes()));

  const bool fits = first == 0 && into.fits_all(header.payload_bytes, header.entries);
  Scratch wire_scratch({});
  const std::span<char> wire = fits ? into.room().first(header.payload_bytes) : wire_scratch.take(header.payload_bytes);
  if (wire.empty()) return {.outcome = Unpacked::kNoMemory};
  if (gzip) {
    const std::string_view stored = view(stored_body.subspan(header.front_bytes()));
    if (!body_intact(header, front, stored) || !gunzip.decompress(stored, wire)) return {};
  } else {
    if (!segment.read(files, body_at + front.size(), wire) || !body_intact(header, front, view(wire))) return {};
  }

  const size_t room_bytes = into.room().size();
  const Walk walk = walk_entries(header, front, view(wire), first,
                                 [&into, fits](std::string_view text, const CheckedEntry& entry, bool begins_record) {
                                   const std::span<char> room = into.room();
                                   if (text.size() > room.size()) return false;
                                   // Where all fits it is in its place already: entries lie in the arena one behind the
                                   // other.
                                   if (!fits) memcpy(room.data(), text.data(), text.size());
                                   into.commit(entry.shape, begins_record, record_of(entry));
                                   return true;
                                 });
  if (!walk.sound || walk.longest > room_bytes) {
    into.reset();
    return {.outcome = walk.sound ? Unpacked::kTooLarge : Unpacked::kDamaged};
  }
  into.request_id.assign(front.substr(header.flag_bytes()));
  return {.outcome = Unpacked::kDone, .next_entry = walk.next_entry};
}

}  // namespace sleipnir
