#include "findings.h"

#include <cstdarg>
#include <cstdio>

namespace sleipnir::simulation {

double Findings::seconds() const {
  const Nanoseconds since = clock_.wall() - wall_from_unix_ms(test::FakeClock::kWallBeginMs);
  return static_cast<double>(since.count()) / 1e9;
}

void Findings::mix(uint64_t number) {
  // FNV-1a, a word at a time.
  hash_ = (hash_ ^ number) * 0x100000001b3;
  hash_ ^= hash_ >> 29;
}

void Findings::note(const char* format, ...) {
  char line[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(line, sizeof(line), format, arguments);
  va_end(arguments);
  for (const char* at = line; *at != '\0'; at++) mix(static_cast<unsigned char>(*at));
  mix(static_cast<uint64_t>(clock_.wall().time_since_epoch().count()));
  if (print_) fprintf(stderr, "%12.6f  %s\n", seconds(), line);
}

void Findings::fail(const char* format, ...) {
  char line[768];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(line, sizeof(line), format, arguments);
  va_end(arguments);
  if (print_) fprintf(stderr, "%12.6f  BROKEN: %s\n", seconds(), line);
  if (failure_.empty()) failure_ = line;
}

}  // namespace sleipnir::simulation
