// FixedText<N>: a short text held in place (a request id, a trace id, a header value).
//
// Longer input is cut at N bytes: for values whose length the outside decides and of which we promise no more.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "base/same_text.h"

namespace sleipnir {

template <size_t N>
class FixedText {
 public:
  FixedText() = default;
  explicit FixedText(std::string_view text) { assign(text); }

  void assign(std::string_view text) {
    bytes_ = std::min(text.size(), N);
    if (bytes_ != 0) memmove(text_, text.data(), bytes_);
  }
  void append(std::string_view text) {
    const size_t taken = std::min(text.size(), N - bytes_);
    if (taken != 0) memmove(text_ + bytes_, text.data(), taken);
    bytes_ += taken;
  }
  void clear() { bytes_ = 0; }

  std::string_view view() const { return {text_, bytes_}; }
  bool empty() const { return bytes_ == 0; }
  bool operator==(std::string_view other) const { return same_text(view(), other); }

 private:
  size_t bytes_ = 0;
  char text_[N] = {};
};

}  // namespace sleipnir
