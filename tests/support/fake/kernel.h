// FakeKernel: a Kernel on the fake network.
//
// Behaves as LinuxKernel does where an object could tell: level-triggered readiness, an error or a hang-up as readable
// and writable, bytes before the end of the connection, EPIPE at the second write to a peer that has gone. wait() does
// not wait: it returns what is ready now, and the test (or the Driver) moves the clock. Misuse ends the process: a
// closed handle used, a handle of another kernel, an empty read.
#pragma once

#include <map>
#include <memory>

#include "fake/network.h"
#include "net/kernel.h"

namespace sleipnir::test {

class FakeKernel final : public Kernel {
 public:
  explicit FakeKernel(FakeNetwork& network) : network_(network) {}
  FakeKernel(const FakeKernel&) = delete;
  FakeKernel& operator=(const FakeKernel&) = delete;
  ~FakeKernel() override;

  Result<int> listen(const Address& address, int& os_error) override;
  uint16_t local_port(int handle) override;
  std::optional<int> accept(int listener) override;
  Result<int> connect(const Address& address) override;
  IoResult connect_result(int handle) override;
  IoResult read(int handle, std::span<char> out) override;
  IoResult write(int handle, Pieces pieces) override;
  void finish(int handle) override;
  void close(int handle) override;
  void watch(int handle, Interest interest, uint64_t tag) override;
  size_t wait(std::span<Ready> out, std::optional<Milliseconds> timeout) override;
  void wake() override { woken_ = true; }

  // wait() would return at once.
  bool wants_step() const;
  bool woken() const { return woken_; }
  // wait() as the loop shells call it.
  std::vector<Ready> ready();
  size_t open_handles() const { return sockets_.size(); }

  // So many further connect() calls find no descriptor left.
  int connects_without_descriptor = 0;

 private:
  struct Socket {
    std::shared_ptr<Link> link;                       // a connection
    std::unique_ptr<FakeNetwork::Listener> listener;  // or a listener
    Interest interest = Interest::kNone;
    uint64_t tag = 0;
    int writes_to_closed = 0;
  };

  Socket& socket(int handle, const char* call);
  Socket& connection(int handle, const char* call);
  bool connected(const Link& link) const;
  bool failed(const Link& link) const;
  Ready readiness(const Socket& socket) const;

  FakeNetwork& network_;
  std::map<int, Socket> sockets_;
  int next_handle_ = 3;
  bool woken_ = false;
  // Where wait() begins to look, so that a small `out` starves nobody.
  int next_looked_at_ = 0;
};

}  // namespace sleipnir::test
