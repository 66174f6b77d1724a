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
    kInUse,  // another process holds its lock
    kGone,
    kForeign,  // not a segment, or of another version
    kOtherLabels,
    kEmpty,  // not even its header is whole: there is nothing in it
    kFailed,
  };

  SpoolSegment() = default;
  SpoolSegment(const SpoolSegment&) = delete;
  SpoolSegment& operator=(const SpoolSegment&) = delete;

  // A new file with a header. REQUIRES: unused.
  Status create(FileSystem& files, SegmentId id, std::string path, std::string_view push_prefix);
  // A file of an earlier process. kYes and kEmpty hold it, the second so that it can be unlinked under its lock.
  // Otherwise the place stays unused. The file is not changed. REQUIRES: unused.
  Adopted adopt(FileSystem& files, SegmentId id, std::string path, std::string_view push_prefix);
  // Ends the lock. The file stays.
  void close(FileSystem& files);

  bool used() const { return handle_ >= 0; }
  SegmentId id() const { return id_; }
  // By create(), not by adopt().
  bool own() const { return own_; }
  const std::string& path() const { return path_; }
  uint64_t bytes() const { return end_ + waste_bytes_; }

  // ---- writing ----

  // Appends a frame: `head` (its header and what goes with it), then `rest`. On failure nothing of it is left in the
  // file, or what is left is a torn tail and the segment can no longer be written to.
  Status append(FileSystem& files, std::string_view head, std::string_view rest);
  bool writable() const { return writable_; }
  // False: somebody has unlinked the file. What was written can be read as long as it is open, but a later process
  // would not find it.
  bool still_there(FileSystem& files) const { return files.try_lock(handle_) != FileSystem::Lock::kGone; }
  // Marks the frame at `offset` on disk.
  Status mark_delivered(FileSystem& files, uint64_t offset);

  // ---- reading, from the first frame on ----

  // The offset of the frame to look at next.
  uint64_t cursor() const { return cursor_; }
  bool read_to_end() const { return cursor_ >= end_; }
  // The header of the frame at the cursor, which lies wholly in the file; nothing: from here on nothing is readable.
  std::optional<FrameHeader> frame_at_cursor(FileSystem& files);
  void skip(const FrameHeader& header) { cursor_ += header.frame_bytes(); }
  void skip_rest() { cursor_ = end_; }
  void rewind(uint64_t offset) { cursor_ = offset < cursor_ ? offset : cursor_; }
  // Exactly as many bytes from `offset` on; false: the file does not have them, or could not be read.
  [[nodiscard]] bool read(FileSystem& files, uint64_t offset, std::span<char> out);

  // The file is not to be unlinked when all that can be restored has been: there may be more in it, for whoever can
  // read it then.
  bool keep_file() const { return keep_file_; }
  void set_keep_file() { keep_file_ = true; }

 private:
  int handle_ = -1;
  SegmentId id_ = 0;
  std::string path_;
  uint64_t end_ = 0;          // of what is known to be written
  uint64_t waste_bytes_ = 0;  // behind that, of a frame that failed and could not be cut off
  uint64_t cursor_ = 0;
  bool own_ = false;
  bool writable_ = false;
  bool keep_file_ = false;
};

}  // namespace sleipnir
