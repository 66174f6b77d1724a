// Stream: one non-blocking byte stream to a server, plain TCP or TLS over it.
//
// Owned by the connection that made it; one thread. None of the calls blocks. After kAgain the owner waits for
// wants() on handle() and calls again with the same arguments or more.
#pragma once

#include "net/io.h"

namespace sleipnir {

class Stream {
 public:
  virtual ~Stream() = default;

  // Drives the connection to being usable: the TCP connect, then the TLS handshake. kOk: done (further calls too).
  // On kError, failure() says why.
  virtual IoResult handshake() = 0;

  // REQUIRES: handshake() has returned kOk; `out` not empty.
  virtual IoResult read(std::span<char> out) = 0;

  // Takes some prefix of the pieces; `bytes` says how much, over all pieces.
  virtual IoResult write(Pieces pieces) = 0;

  // What a kAgain waits for (TLS may need to write in order to read).
  virtual Interest wants() const = 0;

  // True while read() can give bytes without the socket being readable (TLS has decrypted more than was asked for).
  virtual bool has_buffered() const { return false; }

  // The handle to watch.
  virtual int handle() const = 0;

  // Why the last call returned kError, for a person: NUL-terminated, valid until the next call.
  virtual const char* failure() const = 0;
};

}  // namespace sleipnir
