#include "base/file_system.h"

#include <cerrno>

namespace sleipnir {

Status write_all(FileSystem& files, int handle, uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const Result<size_t> written = files.write_at(handle, offset, bytes);
    if (!written) return written.error();
    if (written.value() == 0) return Error::from_os(EIO, "write");
    offset += written.value();
    bytes.remove_prefix(written.value());
  }
  return Done{};
}

Result<size_t> read_full(FileSystem& files, int handle, uint64_t offset, std::span<char> out) {
  size_t filled = 0;
  while (filled < out.size()) {
    const Result<size_t> read = files.read_at(handle, offset + filled, out.subspan(filled));
    if (!read) return read.error();
    if (read.value() == 0) break;
    filled += read.value();
  }
  return filled;
}

}  // namespace sleipnir
