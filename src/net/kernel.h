// Kernel: the socket calls and the wait, behind one interface.
//
// This is the seam at which a simulation becomes the network: the loop and the sender each own one Kernel and touch
// a socket through nothing else. Virtual calls are per read, write and wait, never per record. Handles are file
// descriptors in LinuxKernel and plain numbers in a simulation. One thread, except wake().
#pragma once

#include <optional>

#include "base/clock.h"
#include "base/result.h"
#include "net/address.h"
#include "net/io.h"

namespace sleipnir {

// What wait() reports about one watched handle. An error or a hang-up shows as readable and writable: the next read
// or write then tells which.
struct Ready {
  uint64_t tag = 0;
  bool readable = false;
  bool writable = false;
};

class Kernel {
 public:
  virtual ~Kernel() = default;

  // A listening TCP socket, SO_REUSEADDR, non-blocking. `os_error` gets errno on failure (EADDRINUSE matters).
  virtual Result<int> listen(const Address& address, int& os_error) = 0;
  // The port a listener got (for port 0).
  virtual uint16_t local_port(int handle) = 0;
  // The next waiting connection, non-blocking, TCP_NODELAY; nothing when there is none.
  virtual std::optional<int> accept(int listener) = 0;

  // Starts a TCP connection (TCP_NODELAY); connect_result() tells how it went once the handle turns writable.
  virtual Result<int> connect(const Address& address) = 0;
  // kOk: connected. kAgain: not yet. kError: refused, unreachable, ...
  virtual IoResult connect_result(int handle) = 0;

  virtual IoResult read(int handle, std::span<char> out) = 0;
  virtual IoResult write(int handle, Pieces pieces) = 0;
  // Ends our direction only (FIN): the peer may still be sending, and reads what we wrote before.
  virtual void finish(int handle) = 0;
  // Ends the watch too. With input unread the peer gets a reset, which can cost it what we wrote last. REQUIRES: an
  // open handle.
  virtual void close(int handle) = 0;

  // Level-triggered; adds, changes or (kNone) suspends. `tag` comes back in Ready.
  virtual void watch(int handle, Interest interest, uint64_t tag) = 0;

  // Waits until something is ready, wake() was called, or `timeout` has passed (nothing: no limit). Returns how many
  // of `out` were filled; 0 is no error. A wake() before the call ends it at once.
  virtual size_t wait(std::span<Ready> out, std::optional<Milliseconds> timeout) = 0;

  // Ends the current or the next wait(). From any thread; never blocks.
  virtual void wake() = 0;
};

}  // namespace sleipnir
