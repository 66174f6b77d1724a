// StreamFactory: makes the streams to Loki: plain TCP, TLS over it, or (in a simulation) scripted ones.
//
// Owned by the sender's surroundings, sender thread.
#pragma once

#include <memory>

#include "base/result.h"
#include "net/address.h"
#include "net/stream.h"

namespace sleipnir {

class StreamFactory {
 public:
  virtual ~StreamFactory() = default;

  // Starts a connection; the stream's handshake() drives it on. The error is one of this side (no socket, no memory
  // for TLS, a bad certificate file), not the server's.
  virtual Result<std::unique_ptr<Stream>> open(const Address& address) = 0;

  // After a restore from a snapshot: nothing of an earlier connection may be used again.
  virtual void forget_sessions() = 0;
};

}  // namespace sleipnir
