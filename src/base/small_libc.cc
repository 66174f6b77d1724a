#include "base/small_libc.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace sleipnir::small_libc {

namespace {

struct ErrorText {
  int8_t os_error;
  std::string_view text;
};

// The C library's words.
constexpr ErrorText kErrorTexts[] = {
    {EPERM, "Operation not permitted"},
    {ENOENT, "No such file or directory"},
    {EINTR, "Interrupted system call"},
    {EIO, "I/O error"},
    {EBADF, "Bad file descriptor"},
    {EAGAIN, "Resource temporarily unavailable"},
    {ENOMEM, "Out of memory"},
    {EACCES, "Permission denied"},
    {EBUSY, "Resource busy"},
    {EEXIST, "File exists"},
    {ENOTDIR, "Not a directory"},
    {EISDIR, "Is a directory"},
    {EINVAL, "Invalid argument"},
    {ENFILE, "Too many open files in system"},
    {EMFILE, "No file descriptors available"},
    {EFBIG, "File too large"},
    {ENOSPC, "No space left on device"},
    {EROFS, "Read-only file system"},
    {EPIPE, "Broken pipe"},
    {ENAMETOOLONG, "Filename too long"},
    {ENOSYS, "Function not implemented"},
    {ELOOP, "Symbolic link loop"},
    {EPROTO, "Protocol error"},
    {EAFNOSUPPORT, "Address family not supported"},
    {EADDRINUSE, "Address in use"},
    {EADDRNOTAVAIL, "Address not available"},
    {ENETDOWN, "Network is down"},
    {ENETUNREACH, "Network unreachable"},
    {ECONNABORTED, "Connection aborted"},
    {ECONNRESET, "Connection reset by peer"},
    {ENOBUFS, "No buffer space available"},
    {ETIMEDOUT, "Operation timed out"},
    {ECONNREFUSED, "Connection refused"},
    {EHOSTDOWN, "Host is down"},
    {EHOSTUNREACH, "Host is unreachable"},
    {EDQUOT, "Quota exceeded"},
};

constexpr size_t kErrorTextBytes = [] {
  size_t bytes = 0;
  for (const ErrorText& one : kErrorTexts) bytes += 1 + one.text.size() + 1;
  return bytes;
}();

// The same without an address of 8 bytes for each: its number, its text and a NUL.
constexpr std::array<char, kErrorTextBytes> kPackedErrorTexts = [] {
  std::array<char, kErrorTextBytes> packed{};
  size_t at = 0;
  for (const ErrorText& one : kErrorTexts) {
    packed[at++] = static_cast<char>(one.os_error);
    for (const char c : one.text) packed[at++] = c;
    at++;
  }
  return packed;
}();

}  // namespace

const char* error_text(int os_error) {
  for (const char* at = kPackedErrorTexts.begin(); at != kPackedErrorTexts.end(); at += strlen(at) + 1) {
    if (*at == os_error) return at + 1;
  }
  return "unknown error";
}

}  // namespace sleipnir::small_libc
