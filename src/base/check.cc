#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace sleipnir {

void check_failed(const char* file, int line, const char* condition) {
  dprintf(2, "sleipnir: bug: %s:%d: CHECK(%s) failed\n", file, line, condition);
  abort();
}

}  // namespace sleipnir
