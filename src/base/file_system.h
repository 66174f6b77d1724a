// FileSystem: the few file operations that the spool needs, behind one interface.
//
// This is the seam at which a simulation becomes the disk: short writes, a full disk, a torn tail. Calls are per frame
// and per segment, never per record. Handles are file descriptors in LinuxFileSystem and plain numbers in a fake. All
// calls block as files do. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"

namespace sleipnir {

// Takes the names in a directory, one by one.
class NameVisitor {
 public:
  enum class Go : bool { kStop, kOn };
  virtual Go on_name(std::string_view name) = 0;

 protected:
  ~NameVisitor() = default;
};

class FileSystem {
 public:
  enum class Lock : uint8_t {
    kHeld,   // ours until the handle is closed
    kTaken,  // another open file holds it
    kGone,   // the file has been unlinked meanwhile: nobody will find what is written to it
    kError,
  };

  struct Space {
    uint64_t free_bytes = 0;  // for whoever is not root
    uint64_t total_bytes = 0;
  };

  virtual ~FileSystem() = default;

  // One level, 0700. A directory that is there already is fine.
  virtual Status make_directory(const char* path) = 0;
  // A new empty file, 0600, for reading and writing; an error if the name is taken.
  virtual Result<int> create(const char* path) = 0;
  // A regular file that is there, for reading and writing. Symbolic links are not followed.
  virtual Result<int> open(const char* path) = 0;
  virtual void close(int handle) = 0;

  // Without waiting. Two handles of one process exclude each other like those of two.
  virtual Lock try_lock(int handle) = 0;
  virtual Result<uint64_t> size(int handle) = 0;

  // As much as there was: fewer bytes than asked for is the end of the file, or the next call gives the rest.
  virtual Result<size_t> read_at(int handle, uint64_t offset, std::span<char> out) = 0;
  // As much as was taken, at least one byte of a text that is not empty.
  virtual Result<size_t> write_at(int handle, uint64_t offset, std::string_view bytes) = 0;
  virtual Status truncate(int handle, uint64_t bytes) = 0;

  virtual Status unlink(const char* path) = 0;
  // In no order; without `.` and `..`. A directory that does not exist has no names.
  virtual Status list(const char* path, NameVisitor& visitor) = 0;
  // Of the file system that `path` lies in.
  virtual Result<Space> space(const char* path) = 0;
};

// All of it, or an error: then some of it may have been written.
Status write_all(FileSystem& files, int handle, uint64_t offset, std::string_view bytes);
// Fills `out` as far as the file goes; returns how far that was.
Result<size_t> read_full(FileSystem& files, int handle, uint64_t offset, std::span<char> out);

}  // namespace sleipnir
