// FakeStreams: plain TCP over a FakeKernel, as the sender's StreamFactory.
#pragma once

#include "net/kernel.h"
#include "net/stream_factory.h"
#include "net/tcp_stream.h"

namespace sleipnir::test {

class FakeStreams final : public StreamFactory {
 public:
  explicit FakeStreams(Kernel& kernel) : kernel_(kernel) {}

  Result<std::unique_ptr<Stream>> open(const Address& address) override {
    opened++;
    if (failures > 0) {
      failures--;
      return Error::make("no stream today");
    }
    Result<int> handle = kernel_.connect(address);
    if (!handle) return handle.error();
    return std::unique_ptr<Stream>(std::make_unique<TcpStream>(kernel_, handle.value()));
  }
  void forget_sessions() override { forgotten++; }

  int failures = 0;  // so many further open() calls fail on this side
  int opened = 0;
  int forgotten = 0;

 private:
  Kernel& kernel_;
};

}  // namespace sleipnir::test
