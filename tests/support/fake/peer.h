// Peer: the test's end of one fake connection. A handle that can be copied; all copies are the same connection.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace sleipnir::test {

class FakeNetwork;
struct Link;

class Peer {
 public:
  Peer() = default;
  Peer(FakeNetwork& network, std::shared_ptr<Link> link) : network_(&network), link_(std::move(link)) {}

  bool valid() const { return link_ != nullptr; }
  // Whether both sides have agreed to the connection by now.
  bool connected() const;

  void send(std::string_view bytes);
  // Ends this side (FIN); the other may go on sending.
  void finish();
  // Gone in an orderly way: FIN, and whatever is written to us from now on is answered by a reset.
  void close();
  // Torn down (RST): behind what was sent already, the other side gets ECONNRESET.
  void reset();
  // Takes no more than so many unread bytes: a slow reader. SIZE_MAX: all.
  void set_window(size_t bytes);

  // Takes everything the other side has sent by now.
  std::string take();
  // The same without taking it.
  std::string peek() const;
  // The other side sends nothing more; it may still be reading.
  bool finished_by_object() const;
  // The other side has read every byte that was sent to it.
  bool all_read() const;
  // The other side has closed its handle (and with it the connection).
  bool closed_by_object() const;

  bool operator==(const Peer& other) const { return link_ == other.link_; }

 private:
  FakeNetwork* network_ = nullptr;
  std::shared_ptr<Link> link_;
};

}  // namespace sleipnir::test
