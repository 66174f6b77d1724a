#include "app/words.h"
#include "app/words_print.h"
#include "version.h"

namespace sleipnir {

int print_version() {
  print("sleipnir %s (%s)\n", SLEIPNIR_VERSION, SLEIPNIR_REVISION);
  print("libdeflate %s, llhttp %s, mbedTLS %s, concurrentqueue %s\n", SLEIPNIR_LIBDEFLATE_VERSION,
        SLEIPNIR_LLHTTP_VERSION, SLEIPNIR_MBEDTLS_VERSION, SLEIPNIR_CONCURRENTQUEUE_VERSION);
  return 0;
}

}  // namespace sleipnir
