// FakeNetwork: the network between objects under test and the peers a test scripts, on a virtual clock.
//
//   FakeClock clock;
//   FakeNetwork network(clock, /*seed=*/1);
//   FakeKernel kernel(network);                            // given to the object under test
//   FakeServer& loki = network.serve("127.0.0.1", 3100);   // what the object connects to
//   Peer lambda = network.connect(4327);                   // connects to what the object listens on
//
// Several kernels (the loop's and the sender's) share one network and one clock. Nothing here waits: what is sent is
// there at once, or after `delay` of virtual time. How reads and writes are cut into pieces is one policy for all of
// it, drawn from the seed, so that a run repeats. Single thread.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fake/clock.h"
#include "fake/link.h"
#include "fake/peer.h"
#include "fake/random.h"
#include "net/address.h"

namespace sleipnir::test {

// A misuse of the fakes, or an object that spins: the line goes to stderr and the process ends.
[[noreturn]] void fake_failed(const char* format, ...) __attribute__((format(printf, 1, 2)));

// How the bytes are cut. The default: whole, as they come.
struct Splits {
  size_t read_bytes_max = SIZE_MAX;   // one read gives at most so many
  size_t write_bytes_max = SIZE_MAX;  // one write takes at most so many
  bool random_sizes = false;          // between 1 and the maximum each time
  unsigned again_percent = 0;         // of reads and writes that could go on but pretend not to
};

// Where the object under test connects to.
class FakeServer {
 public:
  enum class Mode : uint8_t {
    kAccept,
    kRefuse,   // connection refused
    kPending,  // no answer to the connect, ever
  };
  Mode mode = Mode::kAccept;
  // Each direction of the connections made from now on, and the handshake, beside the network's own delay.
  Nanoseconds delay{0};

  // The next connection that has not been taken yet; not valid() if there is none. In the order of connecting.
  Peer accept();
  // How often somebody tried to connect, in every mode.
  size_t connects() const { return connects_; }
  // All connections made so far, taken or not.
  const std::vector<Peer>& peers() const { return peers_; }

 private:
  friend class FakeNetwork;
  std::vector<Peer> peers_;
  size_t accepted_ = 0;
  size_t connects_ = 0;
};

class FakeNetwork {
 public:
  FakeNetwork(FakeClock& clock, uint64_t seed) : clock_(clock), random_(seed) {}
  FakeNetwork(const FakeNetwork&) = delete;
  FakeNetwork& operator=(const FakeNetwork&) = delete;

  Splits splits;
  // Each direction of every connection, and the handshake.
  Nanoseconds delay{0};
  // Up to so much more, drawn for each piece.
  Nanoseconds delay_jitter{0};

  // A server that lives as long as the network. An address without one refuses.
  FakeServer& serve(std::string_view literal, uint16_t port);
  // Connects to a listener of one of the kernels; not valid() when nobody listens on the port.
  Peer connect(uint16_t port);
  // Somebody else listens on it: EADDRINUSE.
  void take_port(uint16_t port) { taken_ports_[port] = true; }
  void free_port(uint16_t port) { taken_ports_.erase(port); }

  // When something becomes visible that is not yet; kNever if nothing is under way.
  MonotonicTime next_event() const;
  FakeClock& clock() { return clock_; }
  SeededRandom& random() { return random_; }

 private:
  friend class FakeKernel;
  friend class Peer;

  struct Listener {
    uint16_t port = 0;
    std::deque<std::shared_ptr<Link>> waiting;
  };

  // For FakeKernel.
  std::shared_ptr<Link> begin_connect(const Address& address);
  MonotonicTime arrival(Nanoseconds delay_of_link);
  size_t cut(size_t bytes, size_t bytes_max);
  std::shared_ptr<Link> remember(std::shared_ptr<Link> link);

  FakeClock& clock_;
  SeededRandom random_;
  std::map<std::string, std::unique_ptr<FakeServer>> servers_;
  std::map<uint16_t, bool> taken_ports_;
  std::map<uint16_t, Listener*> listeners_;
  std::vector<std::weak_ptr<Link>> links_;
  uint16_t next_port_ = 40000;
};

}  // namespace sleipnir::test
