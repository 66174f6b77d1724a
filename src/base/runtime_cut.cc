// The C++ runtime, cut to what a program without exceptions needs. Release builds only (option runtime_cut).
//
// Even compiled with -fno-exceptions, libc++ and libc++abi refer to throw, catch and unwind: operator new throws
// bad_alloc, containers throw length_error, terminate prints a demangled name. The linker then keeps the unwinder, the
// demangler and their tables: about 120 kB of 440, none of which can ever run here. Defining those few symbols in the
// program keeps the archive members that hold the real ones out of the link.
//
// The C library's vsnprintf() is replaced too: what is left of it is base/text_format.h.
//
// Each stub aborts: reaching one is a bug of ours, as CHECK is. Whoever uses std::thread, <system_error> or iostream
// brings the weight back, and the size limit of the release build tells.
#include <cstdarg>
#include <cstddef>
#include <cstdlib>
#include <new>

#include "base/text_format.h"

extern "C" {
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
