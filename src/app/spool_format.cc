#include "app/spool_format.h"

#include <libdeflate.h>

#include <bit>
#include <cstring>

#include "base/check.h"
#include "base/planted_bug.h"
#include "batch/record.h"

namespace sleipnir {

namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

constexpr std::string_view kSegmentMagic = "SLEIPNIR";
constexpr std::string_view kFrameMagic = "SlFr";

// A header's fields, one behind the other.
class FieldWriter {
 public:
  explicit FieldWriter(std::span<char> out) : out_(out) {}
  void text(std::string_view text) {
    memcpy(out_.data() + at_, text.data(), text.size());
    at_ += text.size();
  }
  void character(char value) { out_[at_++] = value; }
  void number(uint32_t value) {
    memcpy(out_.data() + at_, &value, sizeof(value));
    at_ += sizeof(value);
  }
  // Of all that stands before it, less `skipped` bytes at the beginning.
  void checksum(size_t skipped = 0) { number(spool_checksum({out_.data() + skipped, at_ - skipped})); }

 private:
  std::span<char> out_;
  size_t at_ = 0;
};

uint32_t number_at(std::string_view bytes, size_t at) {
  uint32_t value = 0;
  memcpy(&value, bytes.data() + at, sizeof(value));
  return value;
}

// Frame: magic 0, state 4, encoding 5, zeros 6, numbers 8, header's checksum 36. The checksum begins behind the state.
constexpr size_t kFrameEncodingAt = 5;
constexpr size_t kFrameNumbersAt = 8;
constexpr size_t kFrameChecksumAt = 36;
static_assert(kFrameChecksumAt + sizeof(uint32_t) == kFrameHeaderBytes);

}  // namespace

bool is_spool_name(std::string_view name) {
  if (name.size() != kSpoolNameBytes || !name.ends_with(kSpoolNameEnd) || name[13] != '-') return false;
  const auto all = [](std::string_view text, std::string_view of) {
    return text.find_first_not_of(of) == std::string_view::npos;
  };
  return all(name.substr(0, 13), "0123456789") && all(name.substr(14, 16), "0123456789abcdef");
}

uint32_t spool_checksum(std::string_view bytes, uint32_t so_far) {
  return libdeflate_crc32(so_far, bytes.data(), bytes.size());
}

void write_segment_header(std::span<char> out, std::string_view push_prefix) {
  CHECK(out.size() >= kSegmentHeaderBytes);
  FieldWriter field(out);
  field.text(kSegmentMagic);
  field.number(kSegmentVersion);
  field.number(static_cast<uint32_t>(push_prefix.size()));
  field.number(spool_checksum(push_prefix));
  field.checksum();
}

std::optional<SegmentHeader> read_segment_header(std::string_view bytes) {
  if (bytes.size() < kSegmentHeaderBytes || !bytes.starts_with(kSegmentMagic)) return std::nullopt;
  if (number_at(bytes, 8) != kSegmentVersion) return std::nullopt;
  if (number_at(bytes, 20) != spool_checksum(bytes.substr(0, 20))) return std::nullopt;
  return SegmentHeader{.prefix_bytes = number_at(bytes, 12), .prefix_checksum = number_at(bytes, 16)};
}

void write_frame_header(std::span<char> out, const FrameHeader& header) {
  CHECK(out.size() >= kFrameHeaderBytes);
  FieldWriter field(out);
  field.text(kFrameMagic);
  field.character(static_cast<char>(header.state));
  field.character(static_cast<char>(header.encoding));
  field.character(0);
  field.character(0);
  field.number(header.payload_bytes);
  field.number(header.stored_bytes);
  field.number(header.entries);
  field.number(header.records);
  field.number(header.body_checksum);
  field.number(header.id_bytes);
  // Room for what a later version wants to say.
  field.number(0);
  field.checksum(kFrameEncodingAt);
}

std::optional<FrameHeader> read_frame_header(std::string_view bytes) {
  if (bytes.size() < kFrameHeaderBytes || !bytes.starts_with(kFrameMagic)) return std::nullopt;
  const std::string_view covered = bytes.substr(kFrameEncodingAt, kFrameChecksumAt - kFrameEncodingAt);
  const bool intact = number_at(bytes, kFrameChecksumAt) == spool_checksum(covered);
  if (!intact && !planted(PlantedBug::kTornTailTaken)) return std::nullopt;
  const char encoding = bytes[kFrameEncodingAt];
  if (encoding != static_cast<char>(FrameEncoding::kPlain) && encoding != static_cast<char>(FrameEncoding::kGzip)) {
    return std::nullopt;
  }
  const FrameHeader header{
      // Whatever is not the one mark is not delivered: to send twice is better than not at all.
      .state = bytes[kFrameStateAt] == static_cast<char>(FrameState::kDelivered) ? FrameState::kDelivered
                                                                                 : FrameState::kWaiting,
      .encoding = static_cast<FrameEncoding>(encoding),
      .payload_bytes = number_at(bytes, kFrameNumbersAt),
      .stored_bytes = number_at(bytes, kFrameNumbersAt + 4),
      .entries = number_at(bytes, kFrameNumbersAt + 8),
      .records = number_at(bytes, kFrameNumbersAt + 12),
      .body_checksum = number_at(bytes, kFrameNumbersAt + 16),
      .id_bytes = number_at(bytes, kFrameNumbersAt + 20),
  };
  const bool plausible = header.payload_bytes <= kSpoolPayloadBytesMax && header.entries != 0 &&
                         header.entries <= header.payload_bytes / kWireEntryBytesMin &&
                         header.records <= header.entries && header.id_bytes <= kRequestIdBytesMax &&
                         (header.encoding == FrameEncoding::kGzip ? header.stored_bytes <= header.payload_bytes
                                                                  : header.stored_bytes == header.payload_bytes);
  if (!plausible) return std::nullopt;
  return header;
}

}  // namespace sleipnir
