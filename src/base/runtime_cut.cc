// The C++ runtime, cut to what a program without exceptions needs. Release builds only (option runtime_cut).
//
// Even compiled with -fno-exceptions, libc++ and libc++abi refer to throw, catch and unwind: operator new throws
// bad_alloc, containers throw length_error, terminate prints a demangled name. The linker then keeps the unwinder, the
// demangler and their tables: about 120 kB of 440, none of which can ever run here. Defining those few symbols in the
// program keeps the archive members that hold the real ones out of the link.
//
// Of the C library some functions are replaced too, for its own callers as well (a static link takes the program's
// first): vsnprintf() by base/text_format.h, the heap by base/small_heap.h, a few more by base/small_libc.h,
// base/ip_text.h and base/date.h. Nothing runs at exit: the program leaves by _exit.
//
// Each stub aborts: reaching one is a bug of ours, as CHECK is. Whoever uses std::thread, <system_error> or iostream
// brings the weight back, and the size limit of the release build tells.
#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <new>

#include "base/date.h"
#include "base/ip_text.h"
#include "base/small_heap.h"
#include "base/small_libc.h"
#include "base/text_format.h"

namespace {

constinit sleipnir::SmallHeap heap;

}  // namespace

extern "C" {
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  void* const memory = heap.take(size, alignment);
  if (memory == nullptr) errno = ENOMEM;
  return memory;
}
void* malloc(std::size_t size) {
  return aligned_alloc(sleipnir::SmallHeap::kAlignment, size);
}
void* calloc(std::size_t count, std::size_t size) {
  std::size_t bytes = 0;
  if (__builtin_mul_overflow(count, size, &bytes)) bytes = SIZE_MAX;
  void* const memory = aligned_alloc(sleipnir::SmallHeap::kAlignment, bytes);
  if (memory != nullptr) memset(memory, 0, bytes);
  return memory;
}
void free(void* memory) {
  heap.give(memory);
}
void* realloc(void* memory, std::size_t size) {
  if (memory == nullptr) return malloc(size);
  const std::size_t room = sleipnir::SmallHeap::room(memory);
  if (size <= room) return memory;
  void* const larger = malloc(size);
  if (larger == nullptr) return nullptr;
  memcpy(larger, memory, room);
  free(memory);
  return larger;
}

struct tm* gmtime_r(const time_t* moment, struct tm* date) {
  *date = sleipnir::date_of(*moment);
  return date;
}
time_t timegm(struct tm* date) {
  return sleipnir::unix_seconds_of(*date);
}

char* strerror(int os_error) {
  return const_cast<char*>(sleipnir::small_libc::error_text(os_error));
}

int inet_pton(int family, const char* text, void* out) {
  sleipnir::Ipv4Bytes v4;
  sleipnir::Ipv6Bytes v6;
  if (family == AF_INET && sleipnir::parse_ipv4(text, v4)) {
    memcpy(out, v4.data(), v4.size());
    return 1;
  }
  if (family == AF_INET6 && sleipnir::parse_ipv6(text, v6)) {
    memcpy(out, v6.data(), v6.size());
    return 1;
  }
  return 0;
}
// Callers here have room for any address.
const char* inet_ntop(int family, const void* address, char* out, socklen_t /*room*/) {
  sleipnir::Ipv4Bytes v4;
  sleipnir::Ipv6Bytes v6;
  if (family == AF_INET) {
    memcpy(v4.data(), address, v4.size());
    sleipnir::write_ipv4(v4, out);
  } else {
    memcpy(v6.data(), address, v6.size());
    sleipnir::write_ipv6(v6, out);
  }
  return out;
}

// Without the C library's way by statx(2), for systems whose stat(2) ends in 2038: on both architectures the kernel's
// structure is the C library's.
int fstat(int fd, struct stat* out) {
  return static_cast<int>(syscall(SYS_fstat, fd, out));
}
int stat(const char* path, struct stat* out) {
  return static_cast<int>(syscall(SYS_newfstatat, AT_FDCWD, path, out, 0));
}

// Nothing is left to do: what is written is written unbuffered.
void exit(int status) {
  _exit(status);
}

// Destructors of what lives as long as the program.
int __cxa_atexit(void (*)(void*), void*, void*) {
  return 0;
}

int vsnprintf(char* out, std::size_t room, const char* format, va_list arguments) {
  return static_cast<int>(sleipnir::format_text(out, room, format, arguments));
}
int snprintf(char* out, std::size_t room, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const int bytes = vsnprintf(out, room, format, arguments);
  va_end(arguments);
  return bytes;
}

[[noreturn]] void __cxa_throw(void*, void*, void (*)(void*)) {
  std::abort();
}
[[noreturn]] void __cxa_rethrow() {
  std::abort();
}
[[noreturn]] void __cxa_pure_virtual() {
  std::abort();
}
[[noreturn]] void _Unwind_Resume(void*) {
  std::abort();
}
void* __cxa_allocate_exception(std::size_t) noexcept {
  std::abort();
}
void __cxa_free_exception(void*) noexcept {
  std::abort();
}
void* __cxa_begin_catch(void*) noexcept {
  std::abort();
}
void __cxa_end_catch() {
  std::abort();
}
int __gxx_personality_v0(...) {
  std::abort();
}
}

namespace std {
[[noreturn]] void terminate() noexcept {
  abort();
}
}  // namespace std

_LIBCPP_BEGIN_NAMESPACE_STD
[[noreturn]] void __libcpp_verbose_abort(const char* /*format*/, ...) {
  abort();
}
_LIBCPP_END_NAMESPACE_STD

namespace {

// Start-up and configuration are the only callers, kilobytes in all. Were even those refused, there is no way to go on.
void* allocate(std::size_t size) {
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) std::abort();
  return memory;
}

void* allocate_aligned(std::size_t size, std::align_val_t alignment) {
  const auto step = static_cast<std::size_t>(alignment);
  const std::size_t rounded = (size + step - 1) / step * step;
  void* memory = std::aligned_alloc(step, rounded == 0 ? step : rounded);
  if (memory == nullptr) std::abort();
  return memory;
}

}  // namespace

void* operator new(std::size_t size) {
  return allocate(size);
}
void* operator new[](std::size_t size) {
  return allocate(size);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate_aligned(size, alignment);
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return allocate_aligned(size, alignment);
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return std::malloc(size == 0 ? 1 : size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return std::malloc(size == 0 ? 1 : size);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}
