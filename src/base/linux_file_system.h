// LinuxFileSystem: the file system itself. Stateless; EINTR is handled here and nowhere else.
#pragma once

#include "base/file_system.h"

namespace sleipnir {

class LinuxFileSystem final : public FileSystem {
 public:
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
};

}  // namespace sleipnir
