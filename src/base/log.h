// Our own log lines: one line each on stderr, each beginning with `sleipnir: `.
//
// Lambda captures stderr line by line, so a line is written with one write(2). Never a payload, never a secret.
// Usable from every thread. A warning that could repeat goes through a LogGate, which lets one through a minute.
#pragma once

#include "base/clock.h"

namespace sleipnir {

enum class LogLevel : uint8_t { kError, kWarn, kInfo, kDebug };

// The one global of the program: set once from the configuration before the second thread exists.
void set_log_level(LogLevel level);
bool log_enabled(LogLevel level);

// printf-like; no newline at the end. A text longer than 1,000 bytes is cut; control characters become spaces.
[[gnu::format(printf, 2, 3)]] void log_line(LogLevel level, const char* format, ...);

// Lets one line a minute through. Owned by whoever logs that kind of line; one thread.
class LogGate {
 public:
  // True if the caller may log now; remembers that it did.
  bool open(Instant now);

 private:
  MonotonicTime closed_until_ = MonotonicTime::min();
};

}  // namespace sleipnir
