// SpoolSegment: one segment file, held open and locked, written at its end and read frame by frame.
//
// A place in the spool's table: unused until create() or adopt() succeeds, and again after close(). Knows bytes and
// frames; what a frame's entries are is the business of spool_load.h. Owned by the spool, sender thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "app/spool_format.h"
#include "base/file_system.h"

namespace sleipnir {

// Unique in this process, growing in the order of opening; 0: none.
using SegmentId = uint64_t;

class SpoolSegment {
 public:
  enum class Adopted : uint8_t {
    kYes,
    kInUse,     // another process holds its lock
    kGone,
    kForeign,   // not a segment, or of another version
    kOtherLabels,
    kEmpty,     // not even its header is whole: there is nothing in it
    kFailed,
  };

  SpoolSegment() = default;
  SpoolSegment(const SpoolSegment&) = delete;
  SpoolSegment& operator=(const SpoolSegment&) = delete;

  // A new file with a header. REQUIRES: unused.
  Status create(FileSystem& files, SegmentId id, std::string path, std::string_view push_prefix);
  // A file of an earlier process. Unless kYes, it stays unused, the file untouched; kEmpty keeps the lock until
  // close(), so that the file can be unlinked. REQUIRES: unused.
  Adopted adopt(FileSystem& files, SegmentId id, std::string path, std::string_view push_prefix);
  // Ends the lock. The file stays.
  void close(FileSystem& files);

  bool used() const { return handle_ >= 0; }
  SegmentId id() const { return id_; }
  const std::string& path() const { return path_; }
  uint64_t bytes() const { return end_; }

  // ---- writing ----

  // Appends a frame: `head` (its header and what goes with it), then `rest`. On failure nothing of it is left in the
  // file, or what is left is a torn tail and the segment can no longer be written to.
  Status append(FileSystem& files, std::string_view head, std::string_view rest);
  bool writable() const { return writable_; }
  // Marks the frame at `offset` on disk.
  Status mark_delivered(FileSystem& files, uint64_t offset);

  // ---- reading, from the first frame on ----

  // The offset of the frame to look at next; bytes() once all have been.
  uint64_t cursor() const { return cursor_; }
  bool read_to_end() const { return cursor_ >= end_; }
  // The header of the frame at the cursor, which lies wholly in the file; nothing: from here on nothing is readable.
  std::optional<FrameHeader> frame_at_cursor(FileSystem& files) const;
  void skip(const FrameHeader& header) { cursor_ += header.frame_bytes(); }
  void skip_rest() { cursor_ = end_; }
  void rewind(uint64_t offset) { cursor_ = offset < cursor_ ? offset : cursor_; }
  // Exactly as many bytes from `offset` on; false: the file does not have or give them.
  [[nodiscard]] bool read(FileSystem& files, uint64_t offset, std::span<char> out) const;

  // The file is not to be unlinked when all that can be restored has been: something in it may be of use to others.
  bool keep_file = false;

 private:
  int handle_ = -1;
  SegmentId id_ = 0;
  std::string path_;
  uint64_t end_ = 0;  // of what we know to be written
  uint64_t cursor_ = 0;
  bool writable_ = false;
};

}  // namespace sleipnir
