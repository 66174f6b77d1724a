#include "app/config_problems.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace sleipnir {

namespace {

constexpr size_t kProblemBytesMax = 600;

}  // namespace

void Problems::add(Severity severity, const char* format, va_list arguments) {
  char text[kProblemBytesMax];
  if (vsnprintf(text, sizeof(text), format, arguments) < 0) return;
  list_.push_back({severity, texts_.keep({text})});
}

void Problems::error(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  add(Severity::kError, format, arguments);
  va_end(arguments);
}

void Problems::warning(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  add(Severity::kWarning, format, arguments);
  va_end(arguments);
}

Shown::Shown(std::string_view value) {
  const size_t bytes = std::min(value.size(), kBytesMax);
  for (size_t i = 0; i < bytes; i++) {
    const auto byte = static_cast<unsigned char>(value[i]);
    text_[i] = byte < 0x20 || byte == 0x7f ? '?' : value[i];
  }
  memcpy(text_ + bytes, "...", value.size() > bytes ? sizeof("...") : 0);
}

Shown Shown::url(std::string_view value) {
  const size_t at = value.rfind('@');
  if (at == std::string_view::npos) return Shown(value);
  const size_t scheme_end = value.find("://");
  TextStore texts;
  return Shown(texts.keep({scheme_end < at ? value.substr(0, scheme_end + 3) : "", "****", value.substr(at)}));
}

BorrowedText joined_names(std::span<const std::string_view> names, TextStore& texts) {
  BorrowedText out;
  for (size_t i = 0; i < names.size(); i++) {
    out = texts.keep({out, i == 0 ? "" : i + 1 == names.size() ? " and " : ", ", names[i]});
  }
  return out;
}

}  // namespace sleipnir
