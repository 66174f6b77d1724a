#include <cstdio>

#include "app/words.h"
#include "version.h"

namespace sleipnir {

int print_version() {
  printf("sleipnir %s (%s)\n", SLEIPNIR_VERSION, SLEIPNIR_REVISION);
  printf("libdeflate %s, llhttp %s, mbedTLS %s, concurrentqueue %s\n", SLEIPNIR_LIBDEFLATE_VERSION,
         SLEIPNIR_LLHTTP_VERSION, SLEIPNIR_MBEDTLS_VERSION, SLEIPNIR_CONCURRENTQUEUE_VERSION);
  return 0;
}

}  // namespace sleipnir
