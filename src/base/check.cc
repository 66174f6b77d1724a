#include "base/check.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace sleipnir {

void check_failed(const char* file, int line, const char* condition) {
  char text[300];
  snprintf(text, sizeof(text), "sleipnir: bug: %s:%d: CHECK(%s) failed\n", file, line, condition);
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text, strlen(text));
  abort();
}

}  // namespace sleipnir
