// Problems: where the reading of the configuration notes what it finds wrong.
//
// A file-to-file helper of app/config*: used while load_config() runs, and once more when a fetched secret arrives.
#pragma once

#include <cstdarg>
#include <span>
#include <string_view>
#include <vector>

#include "app/config.h"

namespace sleipnir {

class Problems {
 public:
  // Both outlive this.
  Problems(std::vector<ConfigProblem>& list, TextStore& texts) : list_(list), texts_(texts) {}

  // printf-like, one line. A text longer than 600 bytes is cut.
  [[gnu::format(printf, 2, 3)]] void error(const char* format, ...);
  [[gnu::format(printf, 2, 3)]] void warning(const char* format, ...);

 private:
  void add(Severity severity, const char* format, va_list arguments);

  std::vector<ConfigProblem>& list_;
  TextStore& texts_;
};

// A user's value as a line may show it: at most 60 bytes, control characters as '?'. Lives to the end of the full
// expression: `problems.error("LOKI_X=%s ...", Shown(value).text())`. Not for secrets.
class Shown {
 public:
  explicit Shown(std::string_view value);
  // Without what stands between "://" (or the beginning) and the last '@': the user info of a URL.
  static Shown url(std::string_view value);

  // NUL-terminated, valid as long as this object.
  const char* text() const { return text_; }

 private:
  static constexpr size_t kBytesMax = 60;
  char text_[kBytesMax + sizeof("...")] = "";
};

// "A", "A and B", "A, B and C"; as a variable's name in a line needs a NUL-terminated text, so does a list of them.
BorrowedText joined_names(std::span<const std::string_view> names, TextStore& texts);

}  // namespace sleipnir
