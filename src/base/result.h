// Result<T>: a value, or the reason there is none.
//
// For failures of the outside world (STYLE: "the world refused"): forwarded unchanged, logged once where
// the decision is taken. An Error is a short text held in place, so that making, copying and dropping one
// never allocates. Outcomes a caller must branch on are enums of their own, not Errors.
#pragma once

#include <cstdarg>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

namespace sleipnir {

class Error {
 public:
  Error() { text_[0] = '\0'; }

  // printf-like; a text longer than kBytesMax - 1 is cut.
  [[gnu::format(printf, 1, 2)]] static Error make(const char* format, ...);

  // Appends ": <strerror(os_error)>".
  [[gnu::format(printf, 2, 3)]] static Error from_os(int os_error, const char* format, ...);

  // NUL-terminated, valid as long as this Error.
  const char* text() const { return text_; }

 private:
  static constexpr size_t kBytesMax = 256;
  char text_[kBytesMax];  // not cleared: a Result that succeeds has one too
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}  // NOLINT: implicit on purpose, `return value;`
  Result(Error error) : error_(error) {}         // NOLINT: implicit on purpose, `return error;`

  explicit operator bool() const { return value_.has_value(); }

  // REQUIRES: *this is true.
  T& value() { return *value_; }
  const T& value() const { return *value_; }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }

  // REQUIRES: *this is false.
  const Error& error() const { return error_; }

 private:
  std::optional<T> value_;
  Error error_;
};

struct Done {};

// A Result without a value: `return Done{};` or `return Error::make(...)`.
using Status = Result<Done>;

}  // namespace sleipnir
