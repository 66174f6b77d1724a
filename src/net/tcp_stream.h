// TcpStream: Stream over one TCP socket of a Kernel.
#pragma once

#include "net/kernel.h"
#include "net/stream.h"

namespace sleipnir {

class TcpStream final : public Stream {
 public:
  // Takes over `handle`, made by Kernel::connect(); closes it when destroyed. `kernel` outlives the stream.
  TcpStream(Kernel& kernel, int handle) : kernel_(kernel), handle_(handle) {}
  TcpStream(const TcpStream&) = delete;
  TcpStream& operator=(const TcpStream&) = delete;
  ~TcpStream() override;

  // REQUIRES: called when the socket turned writable (or to look whether it has).
  IoResult handshake() override;
  IoResult read(std::span<char> out) override;
  IoResult write(Pieces pieces) override;
  Interest wants() const override { return wants_; }
  int handle() const override { return handle_; }
  const char* failure() const override;

 private:
  IoResult note(IoResult result, Interest blocked_on);

  Kernel& kernel_;
  int handle_;
  bool connected_ = false;
  Interest wants_ = Interest::kWrite;
  int os_error_ = 0;
};

}  // namespace sleipnir
