// From a batch to the bytes of a frame, and from a frame's body back into a batch, believing nothing of it.
//
// A frame usually fits the batch and is unpacked straight into its arena. One that was written with a larger
// LOKI_MAX_BATCH_SIZE_BYTES is unpacked beside it, in a mapping that lives for the call, and copied in part. Owned by
// nobody: functions of the spool. Sender thread.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "app/spool_format.h"
#include "app/spool_segment.h"
#include "batch/batch.h"
#include "loki/compressor.h"
#include "loki/decompressor.h"

namespace sleipnir {

// A frame as it goes into a file: `head` and then `rest`. Views into the buffer and the batch.
struct PackedFrame {
  FrameHeader header;
  std::string_view head;
  std::string_view rest;
};

// REQUIRES: `range` not empty, `buffer` of kSpoolBufferBytesMin or more. Nothing: the range is larger than any frame.
std::optional<PackedFrame> pack_frame(const Batch& batch, EntryRange range, GzipCompressor* gzip,
                                      std::span<char> buffer);

enum class Unpacked : uint8_t {
  kDone,
  kDamaged,   // not what was written, or never written by us
  kTooLarge,  // one of its entries is larger than the batch
  kNoMemory,
};

struct UnpackResult {
  Unpacked outcome = Unpacked::kDamaged;
  uint32_t next_entry = 0;  // kDone: up to here the batch has it now
};

// Loads the entries from `first` on, as many as fit, of the frame at `offset`. Unless kDone, `into` is empty.
// REQUIRES: `header` is what read_frame_header() gave, the frame lies in the segment; first < header.entries.
UnpackResult unpack_frame(FileSystem& files, SpoolSegment& segment, uint64_t offset, const FrameHeader& header,
                          uint32_t first, GzipDecompressor& gunzip, std::span<char> buffer, Batch& into);

}  // namespace sleipnir
