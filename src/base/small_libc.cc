#include "base/small_libc.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/ascii.h"

namespace sleipnir::small_libc {

namespace {

// The value of a digit in any base; beyond all of them for what is none.
unsigned digit_of(char c) {
  if (is_digit(c)) return static_cast<unsigned>(c - '0');
  return is_letter(c) ? static_cast<unsigned>((c | 0x20) - 'a') + 10 : UINT8_MAX;
}

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

uint64_t number(const char* text, char** end, int base) {
  const char* at = text;
  if ((base == 0 || base == 16) && at[0] == '0' && (at[1] == 'x' || at[1] == 'X') && digit_of(at[2]) < 16) {
    at += 2;
    base = 16;
  }
  if (base == 0) base = *at == '0' ? 8 : 10;
  const auto step = static_cast<unsigned>(base);
  uint64_t value = 0;
  for (unsigned digit = digit_of(*at); digit < step; digit = digit_of(*++at)) {
    value = value > (UINT64_MAX - digit) / step ? UINT64_MAX : value * step + digit;
  }
  if (end != nullptr) *end = const_cast<char*>(at);
  return value;
}

char* find_text(const char* text, const char* wanted) {
  const size_t bytes = strlen(wanted);
  for (; strncmp(text, wanted, bytes) != 0; text++) {
    if (*text == '\0') return nullptr;
  }
  return const_cast<char*>(text);
}

const char* error_text(int os_error) {
  for (const char* at = kPackedErrorTexts.begin(); at != kPackedErrorTexts.end(); at += strlen(at) + 1) {
    if (*at == os_error) return at + 1;
  }
  return "unknown error";
}

}  // namespace sleipnir::small_libc
