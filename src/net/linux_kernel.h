// LinuxKernel: Kernel by epoll, non-blocking sockets and an eventfd for the wake.
#pragma once

#include <bitset>

#include "net/kernel.h"

namespace sleipnir {

class LinuxKernel final : public Kernel {
 public:
  static Result<LinuxKernel> create();
  LinuxKernel(LinuxKernel&& other) noexcept;
  LinuxKernel& operator=(LinuxKernel&&) = delete;
  ~LinuxKernel() override;

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
  void wake() override;

 private:
  // What a process may open by default. A descriptor beyond costs its watch a second call, nothing else.
  static constexpr size_t kKnownMax = 1024;

  LinuxKernel(int epoll_fd, int wake_fd) : epoll_fd_(epoll_fd), wake_fd_(wake_fd) {}
  bool knows(int handle) const;
  void note(int handle, bool in_the_set);

  int epoll_fd_;
  int wake_fd_;
  std::bitset<kKnownMax> known_;  // the descriptors in the epoll set
};

}  // namespace sleipnir
