#include "base/log.h"

#include <unistd.h>

#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace sleipnir {

namespace {

constexpr size_t kLineBytesMax = 1024;
constexpr std::chrono::minutes kGateInterval{1};

LogLevel log_level = LogLevel::kWarn;

}  // namespace

void set_log_level(LogLevel level) {
  log_level = level;
}

bool log_enabled(LogLevel level) {
  return level <= log_level;
}

void log_line(LogLevel level, const char* format, ...) {
  if (!log_enabled(level)) return;
  static constexpr char kPrefix[] = "sleipnir: ";
  static constexpr size_t kPrefixBytes = sizeof(kPrefix) - 1;
  char line[kLineBytesMax];
  memcpy(line, kPrefix, kPrefixBytes);
  va_list arguments;
  va_start(arguments, format);
  const int printed = vsnprintf(line + kPrefixBytes, sizeof(line) - kPrefixBytes, format, arguments);
  va_end(arguments);
  if (printed < 0) return;
  size_t bytes = kPrefixBytes + static_cast<size_t>(printed);
  if (bytes > sizeof(line) - 1) bytes = sizeof(line) - 1;
  for (size_t i = kPrefixBytes; i < bytes; i++) {
    if (static_cast<unsigned char>(line[i]) < 0x20) line[i] = ' ';
  }
  line[bytes++] = '\n';
  // A full or closed stderr must not hold or end us: whatever is not taken at once is given up.
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, line, bytes);
}

bool LogGate::open(Instant now) {
  if (now.monotonic < closed_until_) return false;
  closed_until_ = now.monotonic + kGateInterval;
  return true;
}

}  // namespace sleipnir
