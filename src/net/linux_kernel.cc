#include "net/linux_kernel.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

#include "base/check.h"

namespace sleipnir {

namespace {

constexpr uint64_t kWakeTag = UINT64_MAX;
constexpr int kListenBacklog = 16;     // Lambda keeps one connection open; the rest is room for a reconnect
constexpr size_t kEventsPerWait = 16;  // bounds one round; level-triggered, so the rest comes in the next

void set_no_delay(int fd) {
  const int on = 1;
  // Failure costs latency, nothing else.
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

IoResult io_failed(int os_error) {
  if (os_error == EAGAIN || os_error == EWOULDBLOCK) return {.status = Io::kAgain};
  return {.status = Io::kError, .os_error = os_error};
}

}  // namespace

Result<LinuxKernel> LinuxKernel::create() {
  const int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd < 0) return Error::from_os(errno, "epoll_create1");
  const int wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (wake_fd < 0) {
    const int os_error = errno;
    ::close(epoll_fd);
    return Error::from_os(os_error, "eventfd");
  }
  LinuxKernel kernel(epoll_fd, wake_fd);
  kernel.watch(wake_fd, Interest::kRead, kWakeTag);
  return kernel;
}

LinuxKernel::LinuxKernel(LinuxKernel&& other) noexcept : epoll_fd_(other.epoll_fd_), wake_fd_(other.wake_fd_) {
  other.epoll_fd_ = -1;
  other.wake_fd_ = -1;
}

LinuxKernel::~LinuxKernel() {
  if (wake_fd_ >= 0) ::close(wake_fd_);
  if (epoll_fd_ >= 0) ::close(epoll_fd_);
}

Result<int> LinuxKernel::listen(const Address& address, int& os_error) {
  const int fd = socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    os_error = errno;
    return Error::from_os(os_error, "socket");
  }
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (bind(fd, address.socket_address(), address.socket_bytes()) != 0 || ::listen(fd, kListenBacklog) != 0) {
    os_error = errno;
    ::close(fd);
    return Error::from_os(os_error, "listening on port %u", address.port());
  }
  return fd;
}

uint16_t LinuxKernel::local_port(int handle) {
  sockaddr_in address{};
  socklen_t bytes = sizeof(address);
  if (getsockname(handle, reinterpret_cast<sockaddr*>(&address), &bytes) != 0) return 0;
  return ntohs(address.sin_port);
}

std::optional<int> LinuxKernel::accept(int listener) {
  for (;;) {
    const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      set_no_delay(fd);
      return fd;
    }
    // A connection that died while it waited is skipped; with no descriptor left it goes on waiting.
    if (errno != EINTR && errno != ECONNABORTED) return std::nullopt;
  }
}

Result<int> LinuxKernel::connect(const Address& address) {
  const int fd = socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return Error::from_os(errno, "socket");
  set_no_delay(fd);
  int outcome = 0;
  do {
    outcome = ::connect(fd, address.socket_address(), address.socket_bytes());
  } while (outcome != 0 && errno == EINTR);
  if (outcome != 0 && errno != EINPROGRESS && errno != EALREADY) {
    const int os_error = errno;
    ::close(fd);
    return Error::from_os(os_error, "connecting to %s", address.text().c_str());
  }
  return fd;
}

IoResult LinuxKernel::connect_result(int handle) {
  int os_error = 0;
  socklen_t bytes = sizeof(os_error);
  if (getsockopt(handle, SOL_SOCKET, SO_ERROR, &os_error, &bytes) != 0) os_error = errno;
  if (os_error != 0) return {.status = Io::kError, .os_error = os_error};
  sockaddr_storage peer;
  socklen_t peer_bytes = sizeof(peer);
  // A connect still under way has no error yet and no peer either.
  if (getpeername(handle, reinterpret_cast<sockaddr*>(&peer), &peer_bytes) != 0) return {.status = Io::kAgain};
  return {.status = Io::kOk};
}

IoResult LinuxKernel::read(int handle, std::span<char> out) {
  CHECK(!out.empty());
  for (;;) {
    const ssize_t got = ::recv(handle, out.data(), out.size(), 0);
    if (got > 0) return {.status = Io::kOk, .bytes = static_cast<size_t>(got)};
    if (got == 0) return {.status = Io::kClosed};
    if (errno != EINTR) return io_failed(errno);
  }
}

IoResult LinuxKernel::write(int handle, Pieces pieces) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = std::min(pieces.size(), size_t{IOV_MAX});
  for (;;) {
    // MSG_NOSIGNAL: a peer that has gone must not raise SIGPIPE.
    const ssize_t sent = sendmsg(handle, &message, MSG_NOSIGNAL);
    if (sent >= 0) return {.status = Io::kOk, .bytes = static_cast<size_t>(sent)};
    if (errno != EINTR) return io_failed(errno);
  }
}

void LinuxKernel::finish(int handle) {
  // Failure means that the peer has gone: the next read tells.
  shutdown(handle, SHUT_WR);
}

void LinuxKernel::close(int handle) {
  // Closing takes the descriptor out of the epoll set: nothing of ours duplicates one.
  ::close(handle);
  note(handle, false);
}

bool LinuxKernel::knows(int handle) const {
  const size_t index = static_cast<size_t>(handle);
  return index < kKnownMax && known_.test(index);
}

void LinuxKernel::note(int handle, bool in_the_set) {
  const size_t index = static_cast<size_t>(handle);
  if (index < kKnownMax) known_.set(index, in_the_set);
}

void LinuxKernel::watch(int handle, Interest interest, uint64_t tag) {
  epoll_event event{};
  event.events = (wants_read(interest) ? uint32_t{EPOLLIN} : 0U) | (wants_write(interest) ? uint32_t{EPOLLOUT} : 0U);
  event.data.u64 = tag;
  if (interest == Interest::kNone) {
    // Suspended means out of the set: epoll reports hang-ups even for an empty mask, which would spin.
    epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, handle, &event);
    note(handle, false);
    return;
  }
  const int operation = knows(handle) ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  if (epoll_ctl(epoll_fd_, operation, handle, &event) != 0) {
    CHECK(errno == EEXIST);
    epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, handle, &event);
  }
  note(handle, true);
}

size_t LinuxKernel::wait(std::span<Ready> out, std::optional<Milliseconds> timeout) {
  std::array<epoll_event, kEventsPerWait> events;
  const int timeout_ms = timeout ? static_cast<int>(std::clamp<int64_t>(timeout->count(), 0, INT_MAX)) : -1;
  const int events_max = static_cast<int>(std::min(events.size(), out.size()));
  const int count = epoll_wait(epoll_fd_, events.data(), events_max, timeout_ms);
  size_t filled = 0;
  for (int i = 0; i < count; i++) {
    const epoll_event& event = events[static_cast<size_t>(i)];
    if (event.data.u64 == kWakeTag) {
      uint64_t wakes = 0;
      [[maybe_unused]] const ssize_t drained = ::read(wake_fd_, &wakes, sizeof(wakes));
      continue;
    }
    const bool broken = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
    out[filled++] = Ready{
        .tag = event.data.u64,
        .readable = broken || (event.events & EPOLLIN) != 0,
        .writable = broken || (event.events & EPOLLOUT) != 0,
    };
  }
  return filled;
}

void LinuxKernel::wake() {
  const uint64_t one = 1;
  // EAGAIN means that the counter is full, so a wake is pending anyway.
  [[maybe_unused]] const ssize_t written = ::write(wake_fd_, &one, sizeof(one));
}

}  // namespace sleipnir
