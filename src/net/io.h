// The words in which reads, writes and waiting are spoken of. Shared by every kind of stream.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace sleipnir {

enum class Io : uint8_t {
  kOk,      // `bytes` were moved, at least one (for a handshake: it is complete)
  kAgain,   // nothing now; wait until the socket is ready for what Stream::wants() says
  kClosed,  // the peer has ended its side in an orderly way
  kError,   // broken; `os_error` is an errno, 0 where the reason is no errno (a TLS alert)
};

struct IoResult {
  Io status = Io::kAgain;
  size_t bytes = 0;
  int os_error = 0;
};

enum class Interest : uint8_t { kNone, kRead, kWrite, kReadWrite };

constexpr bool wants_read(Interest interest) {
  return interest == Interest::kRead || interest == Interest::kReadWrite;
}
constexpr bool wants_write(Interest interest) {
  return interest == Interest::kWrite || interest == Interest::kReadWrite;
}

// One gathered write: up to a handful of pieces, the caller's memory.
using Pieces = std::span<const iovec>;

inline iovec piece(const void* data, size_t bytes) {
  return iovec{.iov_base = const_cast<void*>(data), .iov_len = bytes};
}

}  // namespace sleipnir
