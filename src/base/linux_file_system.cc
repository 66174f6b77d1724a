#include "base/linux_file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>

namespace sleipnir {

namespace {

constexpr mode_t kDirectoryMode = 0700;
constexpr mode_t kFileMode = 0600;

template <typename Call>
auto retry_interrupted(Call call) {
  for (;;) {
    const auto result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

}  // namespace

Status LinuxFileSystem::make_directory(const char* path) {
  if (mkdir(path, kDirectoryMode) == 0) return Done{};
  const int os_error = errno;
  struct stat found{};
  if (os_error == EEXIST && stat(path, &found) == 0) {
    if (S_ISDIR(found.st_mode)) return Done{};
    return Error::make("it is no directory");
  }
  return Error::from_os(os_error, "mkdir");
}

Result<int> LinuxFileSystem::create(const char* path) {
  const int fd =
      retry_interrupted([&] { return ::open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kFileMode); });
  if (fd < 0) return Error::from_os(errno, "create");
  return fd;
}

Result<int> LinuxFileSystem::open(const char* path) {
  // Non-blocking: somebody may have put a pipe there, and opening one waits.
  const int fd = retry_interrupted([&] { return ::open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC); });
  if (fd < 0) return Error::from_os(errno, "open");
  struct stat found{};
  if (fstat(fd, &found) != 0 || !S_ISREG(found.st_mode)) {
    ::close(fd);
    return Error::make("it is no regular file");
  }
  return fd;
}

void LinuxFileSystem::close(int handle) {
  ::close(handle);
}

FileSystem::Lock LinuxFileSystem::try_lock(int handle) {
  if (retry_interrupted([&] { return flock(handle, LOCK_EX | LOCK_NB); }) != 0) {
    return errno == EWOULDBLOCK ? Lock::kTaken : Lock::kError;
  }
  struct stat found{};
  if (fstat(handle, &found) != 0) return Lock::kError;
  return found.st_nlink == 0 ? Lock::kGone : Lock::kHeld;
}

Result<uint64_t> LinuxFileSystem::size(int handle) {
  struct stat found{};
  if (fstat(handle, &found) != 0) return Error::from_os(errno, "fstat");
  return static_cast<uint64_t>(found.st_size);
}

Result<size_t> LinuxFileSystem::read_at(int handle, uint64_t offset, std::span<char> out) {
  const ssize_t bytes =
      retry_interrupted([&] { return pread(handle, out.data(), out.size(), static_cast<off_t>(offset)); });
  if (bytes < 0) return Error::from_os(errno, "read");
  return static_cast<size_t>(bytes);
}

Result<size_t> LinuxFileSystem::write_at(int handle, uint64_t offset, std::string_view bytes) {
  const ssize_t written =
      retry_interrupted([&] { return pwrite(handle, bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
  if (written < 0) return Error::from_os(errno, "write");
  return static_cast<size_t>(written);
}

Status LinuxFileSystem::truncate(int handle, uint64_t bytes) {
  if (retry_interrupted([&] { return ftruncate(handle, static_cast<off_t>(bytes)); }) == 0) return Done{};
  return Error::from_os(errno, "truncate");
}

Status LinuxFileSystem::unlink(const char* path) {
  if (::unlink(path) == 0) return Done{};
  return Error::from_os(errno, "unlink");
}

Status LinuxFileSystem::list(const char* path, NameVisitor& visitor) {
  DIR* const directory = opendir(path);
  if (directory == nullptr) {
    if (errno == ENOENT) return Done{};
    return Error::from_os(errno, "opendir");
  }
  errno = 0;
  for (;;) {
    const dirent* const found = readdir(directory);
    if (found == nullptr) break;
    const std::string_view name = found->d_name;
    if (name == "." || name == "..") continue;
    if (visitor.on_name(name) == NameVisitor::Go::kStop) break;
    errno = 0;
  }
  const int os_error = errno;
  closedir(directory);
  if (os_error != 0) return Error::from_os(os_error, "readdir");
  return Done{};
}

Result<FileSystem::Space> LinuxFileSystem::space(const char* path) {
  struct statvfs found{};
  if (retry_interrupted([&] { return statvfs(path, &found); }) != 0) return Error::from_os(errno, "statvfs");
  return Space{.free_bytes = uint64_t{found.f_bavail} * found.f_frsize,
               .total_bytes = uint64_t{found.f_blocks} * found.f_frsize};
}

}  // namespace sleipnir
