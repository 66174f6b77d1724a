// ProxyStream: Stream through an HTTP proxy's tunnel (CONNECT, RFC 9110 section 9.3.6).
//
// Between TCP and TLS: handshake() connects to the proxy, asks for the tunnel and waits for a 2xx answer; from then on
// bytes pass through untouched. What the proxy refuses ends the stream, and failure() says it in the proxy's words.
// Owned by the connection that made it; the sender's thread.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "net/endpoint.h"
#include "net/stream.h"

namespace sleipnir {

class ProxyStream final : public Stream {
 public:
  // `inner` leads to the proxy. The proxy's user info is sent as basic authorization.
  ProxyStream(std::unique_ptr<Stream> inner, const Endpoint& proxy, const Endpoint& target);

  IoResult handshake() override;
  IoResult read(std::span<char> out) override;
  IoResult write(Pieces pieces) override;
  Interest wants() const override;
  bool has_buffered() const override { return inner_->has_buffered(); }
  int handle() const override { return inner_->handle(); }
  const char* failure() const override;

 private:
  enum class State : uint8_t {
    kConnecting,  // to the proxy
    kAsking,      // unsent_ is left of the request
    kAwaiting,    // answer_ has the beginning of the answer
    kOpen,
    kFailed,  // failure_ says why
  };

  // A proxy's head is a few hundred bytes; what is longer is no answer to CONNECT.
  static constexpr size_t kHeadBytesMax = 4096;

  IoResult ask();
  IoResult await();
  IoResult judge();
  IoResult fail(const char* why);

  std::unique_ptr<Stream> inner_;
  State state_ = State::kConnecting;
  std::string request_;
  size_t sent_ = 0;
  std::array<char, kHeadBytesMax + 1> answer_;
  size_t answer_bytes_ = 0;
  std::array<char, 160> failure_{};
};

}  // namespace sleipnir
