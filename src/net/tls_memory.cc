#include "net/tls_memory.h"

#include <mbedtls/memory_buffer_alloc.h>
#include <psa/crypto.h>
#include <sys/mman.h>

#include "base/random.h"

namespace sleipnir {

namespace {

constexpr size_t kPageBytes = 4096;
// What the allocator writes before each block, with its two canaries.
[[maybe_unused]] constexpr size_t kBlockHeaderBytes = 64;
alignas(kPageBytes) unsigned char tls_memory[kTlsMemoryBytes];

// How many TlsUse exist.
size_t users = 0;

static_assert(MBEDTLS_PSA_KEY_SLOT_COUNT >= kPushesInFlightMax + 2,
              "each handshake of TLS 1.3 holds a key, one to AWS too, and uses a second one at its end");

}  // namespace

TlsUse::TlsUse() {
  if (users++ != 0) return;
  mbedtls_memory_buffer_alloc_init(tls_memory, sizeof(tls_memory));
  // It has just zeroed the whole buffer. The pages behind the first, which holds the allocator's head, go back until
  // they are wanted: they come back as zeros, so nothing changes but what is resident. Should this fail, only that.
  madvise(tls_memory + kPageBytes, sizeof(tls_memory) - kPageBytes, MADV_DONTNEED);
}

TlsUse::~TlsUse() {
  if (--users == 0) mbedtls_memory_buffer_alloc_free();
}

#ifdef MBEDTLS_MEMORY_DEBUG
size_t tls_memory_peak() {
  size_t bytes = 0;
  size_t blocks = 0;
  mbedtls_memory_buffer_alloc_max_get(&bytes, &blocks);
  return bytes + blocks * kBlockHeaderBytes;
}
#endif

int tls_random(void* /*context*/, unsigned char* out, size_t bytes) {
  KernelRandom().fill(out, bytes);
  return 0;
}

}  // namespace sleipnir

// The one source of random bytes of mbedTLS: MBEDTLS_PSA_CRYPTO_EXTERNAL_RNG asks the program for this function.
extern "C" psa_status_t mbedtls_psa_external_get_random(mbedtls_psa_external_random_context_t* /*context*/,
                                                        uint8_t* output, size_t output_size, size_t* output_length) {
  sleipnir::tls_random(nullptr, output, output_size);
  *output_length = output_size;
  return PSA_SUCCESS;
}
