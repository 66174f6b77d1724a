// The bytes of a spool segment, for whoever writes, restores or replays one.
//
//   segment:  header | push prefix | frame | frame | ...
//   frame:    header (40 bytes) | flags, one bit per entry | request id | entries
//
// Integers are little-endian, as on every processor this runs on. The segment's header says whose records these are:
// the push prefix with the labels. A frame's entries are wire entries as a batch holds them, one behind the other,
// gzipped or plain; a flag says that an entry begins a record; all else about an entry follows from its own text.
// The one byte that changes after it was written is the frame's state: no checksum covers it.
//
// Header and body have a checksum each (CRC-32 as in gzip): a damaged body costs its frame, a damaged header what comes
// behind it too. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/limits.h"

namespace sleipnir {

inline constexpr size_t kSegmentHeaderBytes = 24;
inline constexpr size_t kFrameHeaderBytes = 40;
inline constexpr uint32_t kSegmentVersion = 1;
// Where in a frame its state stands.
inline constexpr size_t kFrameStateAt = 4;

// `["`, 19 digits, `","`, `"`, `],`: no entry is shorter, so a payload's length bounds the number of its entries.
inline constexpr size_t kWireEntryBytesMin = 27;

enum class FrameState : char { kWaiting = 'W', kDelivered = 'D' };
enum class FrameEncoding : char { kPlain = 'P', kGzip = 'G' };

struct FrameHeader {
  FrameState state = FrameState::kWaiting;
  FrameEncoding encoding = FrameEncoding::kPlain;
  uint32_t payload_bytes = 0;  // of the entries as wire text
  uint32_t stored_bytes = 0;   // of the entries as they are in the file
  uint32_t entries = 0;
  uint32_t records = 0;
  uint32_t body_checksum = 0;  // of flags, request id and stored entries
  uint32_t id_bytes = 0;       // of the request id, where that is a label of the entries' stream

  size_t flag_bytes() const { return (size_t{entries} + 7) / 8; }
  // What stands before the entries.
  size_t front_bytes() const { return flag_bytes() + id_bytes; }
  uint64_t body_bytes() const { return front_bytes() + stored_bytes; }
  uint64_t frame_bytes() const { return kFrameHeaderBytes + body_bytes(); }
};

// `<Unix ms, 13 digits>-<16 random hex digits>.spool`: by name is by time.
inline constexpr std::string_view kSpoolNameEnd = ".spool";
inline constexpr size_t kSpoolNameBytes = 13 + 1 + 16 + kSpoolNameEnd.size();
[[nodiscard]] bool is_spool_name(std::string_view name);

// CRC-32; `so_far` is that of the bytes before, 0 for none.
[[nodiscard]] uint32_t spool_checksum(std::string_view bytes, uint32_t so_far = 0);

// REQUIRES: `out` has kSegmentHeaderBytes.
void write_segment_header(std::span<char> out, std::string_view push_prefix);
// How long the push prefix behind the header is, and its checksum; nothing if this is no header of this version.
struct SegmentHeader {
  uint32_t prefix_bytes = 0;
  uint32_t prefix_checksum = 0;
};
[[nodiscard]] std::optional<SegmentHeader> read_segment_header(std::string_view bytes);

// REQUIRES: `out` has kFrameHeaderBytes.
void write_frame_header(std::span<char> out, const FrameHeader& header);
// Nothing if it is damaged or claims what no frame can have. What it says fits together and is within the limits.
[[nodiscard]] std::optional<FrameHeader> read_frame_header(std::string_view bytes);

}  // namespace sleipnir
