// FixedText<N>: a short text held in place (a request id, a trace id, a header value).
//
// Longer input is cut at N bytes: for values whose length the outside decides and of which we promise no more.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/same_text.h"

namespace sleipnir {

// Puts what fits of `more`, and a NUL, behind the first `bytes` bytes of `text`; how many there are then.
// REQUIRES: room for bytes_max and the NUL.
size_t append_cut(char* text, size_t bytes, size_t bytes_max, std::string_view more);

// A FixedText of whatever size, for who appends to one. Borrowed.
class TextRoom {
 public:
  TextRoom(char* text, size_t& bytes, size_t bytes_max) : text_(text), bytes_(bytes), bytes_max_(bytes_max) {}

  size_t left() const { return bytes_max_ - bytes_; }
  void append(std::string_view more) { bytes_ = append_cut(text_, bytes_, bytes_max_, more); }

 private:
  char* text_;
  size_t& bytes_;
  size_t bytes_max_;
};

template <size_t N>
class FixedText {
 public:
  FixedText() { text_[0] = '\0'; }
  explicit FixedText(std::string_view text) { assign(text); }

  void assign(std::string_view text) { bytes_ = append_cut(text_, 0, N, text); }
  void append(std::string_view text) { bytes_ = append_cut(text_, bytes_, N, text); }
  void clear() { assign({}); }
  operator TextRoom() { return {text_, bytes_, N}; }  // NOLINT: implicit on purpose, an argument

  std::string_view view() const { return {text_, bytes_}; }
  // NUL-terminated, valid as long as this object.
  const char* c_str() const { return text_; }
  bool empty() const { return bytes_ == 0; }
  bool operator==(std::string_view other) const { return same_text(view(), other); }

 private:
  size_t bytes_ = 0;
  char text_[N + 1];  // a NUL behind the last byte; the rest is not cleared
};

}  // namespace sleipnir
