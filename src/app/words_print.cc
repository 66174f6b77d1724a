#include "app/words_print.h"

#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <string>
#include <string_view>

namespace sleipnir {

namespace {

void write_formatted(int fd, const char* format, va_list arguments) {
  va_list again;
  va_copy(again, arguments);
  const int bytes = vsnprintf(nullptr, 0, format, again);
  va_end(again);
  std::string text(bytes > 0 ? static_cast<size_t>(bytes) : 0, '\0');
  vsnprintf(text.data(), text.size() + 1, format, arguments);
  for (std::string_view rest = text; !rest.empty();) {
    const ssize_t written = write(fd, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    rest.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace

void print(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  write_formatted(STDOUT_FILENO, format, arguments);
  va_end(arguments);
}

void print_error(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  write_formatted(STDERR_FILENO, format, arguments);
  va_end(arguments);
}

}  // namespace sleipnir
