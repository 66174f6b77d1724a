// FakeFileSystem: files in memory, with the troubles of real ones: short writes, a full disk, errors at any call, files
// unlinked while open, locks, and processes that die in the middle of a write.
//
// One FakeDisk is the machine; each process on it has a FakeFileSystem. Dropping one (or kill()) closes its handles and
// frees its locks, as the end of a process does.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/file_system.h"

namespace sleipnir::test {

struct FakeFile {
  std::string bytes;
  bool linked = true;
  const void* locked_by = nullptr;  // the open handle that holds the lock
};

// What a kill in the middle of a write leaves of it.
enum class TornTail : uint8_t {
  kCut,      // the bytes before the point
  kZeros,    // all of the length, zeros from the point on
  kGarbled,  // all of the length; from the point on letters and digits are others: only a checksum can tell
};

struct FakeDisk {
  uint64_t total_bytes = uint64_t{4} << 30;
  uint64_t free_bytes = uint64_t{2} << 30;  // writing into a file takes from it
  std::map<std::string, std::shared_ptr<FakeFile>> files;
  std::vector<std::string> directories;

  uint64_t bytes_in_files() const;
  // The first file's content, for tests with one segment.
  std::string& only_file();
};

class FakeFileSystem final : public FileSystem {
 public:
  explicit FakeFileSystem(FakeDisk& disk) : disk_(disk) {}
  FakeFileSystem(const FakeFileSystem&) = delete;
  FakeFileSystem& operator=(const FakeFileSystem&) = delete;
  ~FakeFileSystem() override { kill(); }

  // ---- troubles ----

  // The call with this number (from 1, counted by calls()) and all after it fail; 0: none.
  uint64_t fail_from_call = 0;
  // How many calls fail from there on.
  uint64_t failing_calls = UINT64_MAX;
  int fail_with = 5;  // EIO
  // A write takes at most so many bytes.
  size_t write_bytes_max = SIZE_MAX;
  size_t read_bytes_max = SIZE_MAX;
  // After so many more written bytes the process is dead: the write that reaches it is torn, and every later call fails
  // without a trace on the disk.
  uint64_t die_after_bytes = UINT64_MAX;
  TornTail torn_tail = TornTail::kCut;

  // Closes everything and frees the locks; the disk keeps what was written.
  void kill();
  bool dead() const { return dead_; }
  // Since the beginning; every operation counts but close().
  uint64_t calls() const { return calls_; }
  size_t open_handles() const { return handles_.size(); }

  Status make_directory(const char* path) override;
  Result<int> create(const char* path) override;
  Result<int> open(const char* path) override;
  void close(int handle) override;
  Lock try_lock(int handle) override;
  Result<uint64_t> size(int handle) override;
  Result<size_t> read_at(int handle, uint64_t offset, std::span<char> out) override;
  Result<size_t> write_at(int handle, uint64_t offset, std::string_view bytes) override;
  Status truncate(int handle, uint64_t bytes) override;
  Status unlink(const char* path) override;
  Status list(const char* path, NameVisitor& visitor) override;
  Result<Space> space(const char* path) override;

 private:
  // Whether this call fails.
  bool trouble();
  Error failed() const;
  FakeFile& file(int handle) { return *handles_.at(handle); }
  // A lock belongs to the handle: the place of its pointer is unique while it is open.
  const void* owner(int handle) const { return &handles_.at(handle); }
  int add(std::shared_ptr<FakeFile> file);

  FakeDisk& disk_;
  std::map<int, std::shared_ptr<FakeFile>> handles_;
  int next_handle_ = 3;
  uint64_t calls_ = 0;
  bool dead_ = false;
};

}  // namespace sleipnir::test
