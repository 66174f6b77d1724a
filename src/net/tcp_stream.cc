#include "net/tcp_stream.h"

#include <cstring>

namespace sleipnir {

TcpStream::~TcpStream() {
  kernel_.close(handle_);
}

IoResult TcpStream::handshake() {
  if (connected_) return {.status = Io::kOk};
  const IoResult result = note(kernel_.connect_result(handle_), Interest::kWrite);
  connected_ = result.status == Io::kOk;
  // Whoever now waits for an answer is not to be told each time that there is room to write.
  if (connected_) wants_ = Interest::kRead;
  return result;
}

IoResult TcpStream::read(std::span<char> out) {
  return note(kernel_.read(handle_, out), Interest::kRead);
}

IoResult TcpStream::write(Pieces pieces) {
  return note(kernel_.write(handle_, pieces), Interest::kWrite);
}

const char* TcpStream::failure() const {
  return os_error_ == 0 ? "connection closed" : strerror(os_error_);
}

IoResult TcpStream::note(IoResult result, Interest blocked_on) {
  if (result.status == Io::kAgain) wants_ = blocked_on;
  if (result.status == Io::kError) os_error_ = result.os_error;
  return result;
}

}  // namespace sleipnir
