#include "base/random.h"

#include <sys/random.h>

#include <cerrno>

#include "base/check.h"

namespace sleipnir {

void KernelRandom::fill(void* out, size_t bytes) {
  auto* at = static_cast<unsigned char*>(out);
  while (bytes != 0) {
    const ssize_t got = getrandom(at, bytes, 0);
    if (got < 0) {
      CHECK(errno == EINTR);
      continue;
    }
    at += got;
    bytes -= static_cast<size_t>(got);
  }
}

}  // namespace sleipnir
