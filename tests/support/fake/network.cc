#include "fake/network.h"

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>

namespace sleipnir::test {

void fake_failed(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("fake network: ", stderr);
  vfprintf(stderr, format, arguments);
  fputs("\n", stderr);
  va_end(arguments);
  abort();
}

Peer FakeServer::accept() {
  if (accepted_ == peers_.size() || !peers_[accepted_].connected()) return {};
  return peers_[accepted_++];
}

FakeServer& FakeNetwork::serve(std::string_view literal, uint16_t port) {
  const Result<Address> address = Address::from_literal(literal, port);
  if (!address) fake_failed("serve: no address: %.*s", static_cast<int>(literal.size()), literal.data());
  std::unique_ptr<FakeServer>& server = servers_[std::string(address->text().view())];
  if (!server) server = std::make_unique<FakeServer>();
  return *server;
}

Peer FakeNetwork::connect(uint16_t port) {
  const auto found = listeners_.find(port);
  if (found == listeners_.end()) return {};
  auto link = remember(std::make_shared<Link>());
  found->second->waiting.push_back(link);
  return Peer(*this, link);
}

MonotonicTime FakeNetwork::next_event() const {
  MonotonicTime next = kNever;
  const MonotonicTime now = clock_.monotonic();
  const auto consider = [&](MonotonicTime time) {
    if (time > now) next = std::min(next, time);
  };
  for (const std::weak_ptr<Link>& weak : links_) {
    const std::shared_ptr<Link> link = weak.lock();
    if (!link) continue;
    if (link->state == Link::State::kConnecting || link->state == Link::State::kRefused) consider(link->connected_at);
    for (const Pipe* pipe : {&link->to_object, &link->to_peer}) {
      if (!pipe->segments.empty()) consider(pipe->segments.front().visible_at);
      if (pipe->finished) consider(pipe->finish_visible_at);
    }
  }
  return next;
}

std::shared_ptr<Link> FakeNetwork::begin_connect(const Address& address) {
  auto link = remember(std::make_shared<Link>());
  const auto found = servers_.find(std::string(address.text().view()));
  if (found == servers_.end()) {
    link->connected_at = arrival({});
    link->state = Link::State::kRefused;
    link->refused_with = ECONNREFUSED;
    return link;
  }
  FakeServer& server = *found->second;
  link->delay = server.delay;
  link->connected_at = arrival(link->delay);
  server.connects_++;
  switch (server.mode) {
    case FakeServer::Mode::kPending: link->state = Link::State::kPending; break;
    case FakeServer::Mode::kRefuse:
      link->state = Link::State::kRefused;
      link->refused_with = ECONNREFUSED;
      break;
    case FakeServer::Mode::kAccept:
      link->state = Link::State::kConnecting;
      server.peers_.push_back(Peer(*this, link));
      break;
  }
  return link;
}

MonotonicTime FakeNetwork::arrival(Nanoseconds delay_of_link) {
  Nanoseconds more{0};
  if (delay_jitter.count() > 0) {
    more = Nanoseconds(static_cast<int64_t>(random_.below(static_cast<uint64_t>(delay_jitter.count()))));
  }
  return clock_.monotonic() + delay + delay_of_link + more;
}

// How many of `bytes` one call moves; 0: it pretends that nothing can be moved now.
size_t FakeNetwork::cut(size_t bytes, size_t bytes_max) {
  if (random_.chance(splits.again_percent)) return 0;
  const size_t most = std::min(bytes, bytes_max);
  return splits.random_sizes && most > 1 ? 1 + random_.below(most) : most;
}

std::shared_ptr<Link> FakeNetwork::remember(std::shared_ptr<Link> link) {
  std::erase_if(links_, [](const std::weak_ptr<Link>& weak) { return weak.expired(); });
  links_.push_back(link);
  return link;
}

// ---- Peer ----

bool Peer::connected() const {
  if (link_->state == Link::State::kConnecting && network_->clock_.monotonic() >= link_->connected_at) {
    link_->state = Link::State::kConnected;
  }
  return link_->state == Link::State::kConnected;
}

void Peer::send(std::string_view bytes) {
  if (link_->to_object.finished || link_->to_object.error != 0) fake_failed("send after the end of a peer's side");
  if (!bytes.empty() && !link_->object_closed) link_->to_object.put(bytes, network_->arrival(link_->delay));
}

void Peer::finish() {
  if (link_->to_object.finished) return;
  link_->to_object.finished = true;
  link_->to_object.finish_visible_at = network_->arrival(link_->delay);
}

void Peer::close() {
  finish();
  link_->peer_closed = true;
}

void Peer::reset() {
  link_->to_object.error = ECONNRESET;
  link_->to_peer.error = ECONNRESET;
  link_->peer_closed = true;
}

void Peer::set_window(size_t bytes) {
  link_->to_peer.window = bytes;
}

std::string Peer::take() {
  return link_->to_peer.take(SIZE_MAX, network_->clock_.monotonic());
}

std::string Peer::peek() const {
  Pipe copy = link_->to_peer;
  return copy.take(SIZE_MAX, network_->clock_.monotonic());
}

bool Peer::finished_by_object() const {
  return link_->object_closed || link_->to_peer.finished;
}

bool Peer::all_read() const {
  return link_->to_object.segments.empty();
}

bool Peer::closed_by_object() const {
  return link_->object_closed;
}

}  // namespace sleipnir::test
