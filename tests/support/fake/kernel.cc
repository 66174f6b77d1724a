#include "fake/kernel.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sleipnir::test {

FakeKernel::~FakeKernel() {
  while (!sockets_.empty()) close(sockets_.begin()->first);
}

FakeKernel::Socket& FakeKernel::socket(int handle, const char* call) {
  const auto found = sockets_.find(handle);
  if (found == sockets_.end()) fake_failed("%s: handle %d is not open here", call, handle);
  return found->second;
}

FakeKernel::Socket& FakeKernel::connection(int handle, const char* call) {
  Socket& found = socket(handle, call);
  if (!found.link) fake_failed("%s: handle %d is a listener", call, handle);
  return found;
}

Result<int> FakeKernel::listen(const Address& address, int& os_error) {
  const uint16_t port = address.port() != 0 ? address.port() : network_.next_port_++;
  if (network_.taken_ports_.contains(port) || network_.listeners_.contains(port)) {
    os_error = EADDRINUSE;
    return Error::from_os(os_error, "listening on port %u", port);
  }
  Socket socket;
  socket.listener = std::make_unique<FakeNetwork::Listener>();
  socket.listener->port = port;
  network_.listeners_[port] = socket.listener.get();
  sockets_.emplace(next_handle_, std::move(socket));
  return next_handle_++;
}

uint16_t FakeKernel::local_port(int handle) {
  const Socket& found = socket(handle, "local_port");
  return found.listener ? found.listener->port : uint16_t{0};
}

std::optional<int> FakeKernel::accept(int listener) {
  Socket& found = socket(listener, "accept");
  if (!found.listener) fake_failed("accept: handle %d is no listener", listener);
  if (found.listener->waiting.empty()) return std::nullopt;
  Socket made;
  made.link = std::move(found.listener->waiting.front());
  found.listener->waiting.pop_front();
  sockets_.emplace(next_handle_, std::move(made));
  return next_handle_++;
}

Result<int> FakeKernel::connect(const Address& address) {
  if (connects_without_descriptor > 0) {
    connects_without_descriptor--;
    return Error::from_os(EMFILE, "socket");
  }
  Socket made;
  made.link = network_.begin_connect(address);
  sockets_.emplace(next_handle_, std::move(made));
  return next_handle_++;
}

bool FakeKernel::connected(const Link& link) const {
  return link.state == Link::State::kConnected ||
         (link.state == Link::State::kConnecting && network_.clock_.monotonic() >= link.connected_at);
}

bool FakeKernel::failed(const Link& link) const {
  return link.state == Link::State::kRefused && network_.clock_.monotonic() >= link.connected_at;
}

IoResult FakeKernel::connect_result(int handle) {
  const Link& link = *connection(handle, "connect_result").link;
  if (failed(link)) return {.status = Io::kError, .os_error = link.refused_with};
  if (!connected(link)) return {.status = Io::kAgain};
  if (link.to_object.broken()) return {.status = Io::kError, .os_error = link.to_object.error};
  return {.status = Io::kOk};
}

IoResult FakeKernel::read(int handle, std::span<char> out) {
  if (out.empty()) fake_failed("read: handle %d: no room", handle);
  Link& link = *connection(handle, "read").link;
  if (failed(link)) return {.status = Io::kError, .os_error = link.refused_with};
  if (!connected(link)) return {.status = Io::kAgain};
  Pipe& pipe = link.to_object;
  const MonotonicTime now = network_.clock_.monotonic();
  if (pipe.has_bytes(now)) {
    const size_t bytes = network_.cut(out.size(), network_.splits.read_bytes_max);
    if (bytes == 0) return {.status = Io::kAgain};
    const std::string taken = pipe.take(bytes, now);
    memcpy(out.data(), taken.data(), taken.size());
    return {.status = Io::kOk, .bytes = taken.size()};
  }
  if (pipe.broken()) return {.status = Io::kError, .os_error = pipe.error};
  if (pipe.at_end(now)) return {.status = Io::kClosed};
  return {.status = Io::kAgain};
}

IoResult FakeKernel::write(int handle, Pieces pieces) {
  Socket& found = connection(handle, "write");
  Link& link = *found.link;
  if (failed(link)) return {.status = Io::kError, .os_error = link.refused_with};
  if (!connected(link)) return {.status = Io::kAgain};
  if (link.to_peer.error != 0) return {.status = Io::kError, .os_error = EPIPE};
  size_t offered = 0;
  for (const iovec& one : pieces) offered += one.iov_len;
  if (offered == 0) return {.status = Io::kOk, .bytes = 0};
  if (link.peer_closed) {
    // The first write meets a peer that has gone and is answered by a reset; the next one finds it.
    if (found.writes_to_closed++ > 0) return {.status = Io::kError, .os_error = EPIPE};
    return {.status = Io::kOk, .bytes = offered};
  }
  const size_t room = std::min(offered, link.to_peer.free_window());
  if (room == 0) return {.status = Io::kAgain};
  const size_t bytes = network_.cut(room, network_.splits.write_bytes_max);
  if (bytes == 0) return {.status = Io::kAgain};
  std::string taken;
  for (const iovec& one : pieces) {
    taken.append(static_cast<const char*>(one.iov_base), std::min(one.iov_len, bytes - taken.size()));
    if (taken.size() == bytes) break;
  }
  link.to_peer.put(taken, network_.arrival(link.delay));
  return {.status = Io::kOk, .bytes = bytes};
}

void FakeKernel::finish(int handle) {
  Pipe& out = connection(handle, "finish").link->to_peer;
  if (out.finished) return;
  out.finished = true;
  out.finish_visible_at = network_.arrival(connection(handle, "finish").link->delay);
}

void FakeKernel::close(int handle) {
  Socket& found = socket(handle, "close");
  if (found.listener) {
    for (const std::shared_ptr<Link>& link : found.listener->waiting) link->object_closed = true;
    network_.listeners_.erase(found.listener->port);
  } else {
    found.link->object_closed = true;
  }
  sockets_.erase(handle);
}

void FakeKernel::watch(int handle, Interest interest, uint64_t tag) {
  Socket& found = socket(handle, "watch");
  found.interest = interest;
  found.tag = tag;
}

Ready FakeKernel::readiness(const Socket& socket) const {
  Ready ready{.tag = socket.tag};
  if (socket.interest == Interest::kNone) return ready;
  if (socket.listener) {
    ready.readable = !socket.listener->waiting.empty();
    return ready;
  }
  const Link& link = *socket.link;
  const MonotonicTime now = network_.clock_.monotonic();
  // A reset comes behind the bytes that are still on their way.
  const bool torn = link.to_object.error != 0 || link.to_peer.error != 0;
  const bool on_their_way = !link.to_object.segments.empty() && !link.to_object.has_bytes(now);
  const bool hung_up = failed(link) || (connected(link) && torn && !on_their_way);
  if (hung_up) {
    ready.readable = ready.writable = true;
    return ready;
  }
  if (!connected(link)) return ready;
  ready.readable = wants_read(socket.interest) && (link.to_object.has_bytes(now) || link.to_object.at_end(now));
  ready.writable = wants_write(socket.interest) && (link.peer_closed || link.to_peer.free_window() != 0);
  return ready;
}

size_t FakeKernel::wait(std::span<Ready> out, std::optional<Milliseconds>) {
  woken_ = false;
  size_t filled = 0;
  const auto look = [&](int handle, const Socket& socket) {
    const Ready ready = readiness(socket);
    if (filled == out.size() || (!ready.readable && !ready.writable)) return;
    out[filled++] = ready;
    if (filled == out.size()) next_looked_at_ = handle + 1;
  };
  const int begin = next_looked_at_;
  next_looked_at_ = 0;
  for (auto at = sockets_.lower_bound(begin); at != sockets_.end(); ++at) look(at->first, at->second);
  for (auto at = sockets_.begin(); at != sockets_.end() && at->first < begin; ++at) look(at->first, at->second);
  return filled;
}

bool FakeKernel::wants_step() const {
  return woken_ || std::any_of(sockets_.begin(), sockets_.end(), [this](const auto& entry) {
           const Ready ready = readiness(entry.second);
           return ready.readable || ready.writable;
         });
}

std::vector<Ready> FakeKernel::ready() {
  std::vector<Ready> out(16);
  out.resize(wait(out, Milliseconds(0)));
  return out;
}

}  // namespace sleipnir::test
