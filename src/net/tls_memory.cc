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

// How many TlsUse exist, and how many of them have started the cryptography.
size_t users = 0;
size_t crypto_users = 0;

}  // namespace

TlsUse::TlsUse() {
  if (users++ != 0) return;
  mbedtls_memory_buffer_alloc_init(tls_memory, sizeof(tls_memory));
  // It has just zeroed the whole buffer. The pages behind the first, which holds the allocator's head, go back until
  // they are wanted: they come back as zeros, so nothing changes but what is resident. Should this fail, only that.
  madvise(tls_memory + kPageBytes, sizeof(tls_memory) - kPageBytes, MADV_DONTNEED);
}

TlsUse::~TlsUse() {
  if (started_ && --crypto_users == 0) mbedtls_psa_crypto_free();
  if (--users == 0) mbedtls_memory_buffer_alloc_free();
}

Status TlsUse::start_crypto() {
  if (started_) return Done{};
  const psa_status_t status = psa_crypto_init();
  if (status != PSA_SUCCESS)
    return Error::make("the TLS library does not start (PSA error %d)", static_cast<int>(status));
  started_ = true;
  crypto_users++;
  return Done{};
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
