// The memory and the random bytes of TLS: one static buffer, and the kernel.
//
// mbedTLS allocates from a fixed buffer (no page of it is resident before it is needed), so TLS can neither grow past
// its share nor fragment the heap. When it is exhausted an allocation fails and with it the handshake that wanted
// it: a failed push, never an abort. Random bytes are getrandom(2) at each call, so a snapshot has nothing to clone.
//
// The buffer is one per process because mbedTLS's allocator is. It takes no lock: everything of TLS, the making and
// the destruction of a TlsUse included, happens in one thread, the sender's.
#pragma once

#include <cstddef>

#include "base/limits.h"

namespace sleipnir {

// What one handshake takes at its peak: measured 71 KiB with a chain of two (of which 30 KiB stay with the connection
// and 3 KiB with a saved session), and room for longer chains.
inline constexpr size_t kTlsHandshakeBytes = 88 * kKiB;
inline constexpr size_t kTlsMemoryBytes = 480 * kKiB;
static_assert(kTlsMemoryBytes >= ((kPushesInFlightMax + 1) * kTlsHandshakeBytes) + (32 * kKiB),
              "all connections, and one to AWS, may be opened at once, and there are sessions and a client certificate "
              "beside them");

// As long as one exists, mbedTLS may allocate. Held by each TlsContext.
class TlsUse {
 public:
  TlsUse();
  TlsUse(const TlsUse&) = delete;
  TlsUse& operator=(const TlsUse&) = delete;
  ~TlsUse();
};

// The most bytes of the buffer that were ever in use, their bookkeeping included. REQUIRES: a TlsUse exists. For
// tests and tools: not in the release.
size_t tls_memory_peak();

// Random bytes in the form mbedTLS asks for them; never fails.
int tls_random(void* context, unsigned char* out, size_t bytes);

}  // namespace sleipnir
