// The fakes keep the promises that tests of other layers lean on. What they imitate is tested in linux_kernel_test.cc.
#include "fake/kernel.h"

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cerrno>

#include "fake/driver.h"
#include "fake/resolver.h"

namespace sleipnir::test {
namespace {

using namespace std::chrono_literals;

struct Net {
  FakeClock clock;
  FakeNetwork network{clock, 1};
  FakeKernel kernel{network};

  int connect(uint16_t port = 80) { return kernel.connect(Address::from_literal("10.0.0.1", port).value()).value(); }
  std::string read(int handle, size_t bytes = 100) {
    std::string out(bytes, '\0');
    const IoResult got = kernel.read(handle, out);
    out.resize(got.bytes);
    return out;
  }
  IoResult write(int handle, std::string_view text) {
    const iovec one = piece(text.data(), text.size());
    return kernel.write(handle, Pieces(&one, 1));
  }
};

TEST_CASE("fake_kernel_carries_bytes_both_ways") {
  Net net;
  FakeServer& server = net.network.serve("10.0.0.1", 80);
  const int handle = net.connect();
  CHECK(net.kernel.connect_result(handle).status == Io::kOk);
  Peer peer = server.accept();
  REQUIRE(peer.valid());
  CHECK(net.write(handle, "ping").bytes == 4);
  CHECK(peer.take() == "ping");
  peer.send("pong");
  CHECK(net.read(handle) == "pong");
}

TEST_CASE("fake_kernel_refuses_where_nobody_listens") {
  Net net;
  CHECK(net.kernel.connect_result(net.connect()).os_error == ECONNREFUSED);
}

TEST_CASE("fake_kernel_connects_for_ever_to_a_pending_server") {
  Net net;
  net.network.serve("10.0.0.1", 80).mode = FakeServer::Mode::kPending;
  const int handle = net.connect();
  net.kernel.watch(handle, Interest::kReadWrite, 1);
  net.clock.advance(24h);
  CHECK(net.kernel.connect_result(handle).status == Io::kAgain);
  CHECK(net.kernel.ready().empty());
}

TEST_CASE("fake_kernel_gives_bytes_before_the_end_and_before_a_reset") {
  Net net;
  FakeServer& server = net.network.serve("10.0.0.1", 80);
  const int first = net.connect();
  const int second = net.connect();
  Peer ended = server.accept();
  Peer broken = server.accept();
  ended.send("last");
  ended.finish();
  broken.send("last");
  broken.reset();
  std::array<char, 10> out;
  CHECK(net.read(first) == "last");
  CHECK(net.kernel.read(first, out).status == Io::kClosed);
  CHECK(net.read(second) == "last");
  CHECK(net.kernel.read(second, out).os_error == ECONNRESET);
}

TEST_CASE("fake_kernel_finds_a_gone_peer_at_the_second_write") {
  Net net;
  FakeServer& server = net.network.serve("10.0.0.1", 80);
  const int handle = net.connect();
  server.accept().close();
  CHECK(net.write(handle, "a").status == Io::kOk);
  CHECK(net.write(handle, "b").os_error == EPIPE);
}

TEST_CASE("fake_kernel_reports_only_what_is_watched_and_ready") {
  Net net;
  FakeServer& server = net.network.serve("10.0.0.1", 80);
  const int handle = net.connect();
  Peer peer = server.accept();
  net.kernel.watch(handle, Interest::kRead, 7);
  CHECK(net.kernel.ready().empty());
  peer.send("x");
  REQUIRE(net.kernel.ready().size() == 1);
  CHECK(net.kernel.ready()[0].tag == 7);
  CHECK_FALSE(net.kernel.ready()[0].writable);
  net.kernel.watch(handle, Interest::kNone, 7);
  CHECK(net.kernel.ready().empty());
}

TEST_CASE("fake_kernel_stops_taking_when_the_peer_reads_slowly") {
  Net net;
  FakeServer& server = net.network.serve("10.0.0.1", 80);
  const int handle = net.connect();
  Peer peer = server.accept();
  peer.set_window(3);
  CHECK(net.write(handle, "abcdef").bytes == 3);
  CHECK(net.write(handle, "def").status == Io::kAgain);
  CHECK(peer.take() == "abc");
  CHECK(net.write(handle, "def").bytes == 3);
}

TEST_CASE("fake_network_delivers_after_its_delay_and_in_order") {
  Net net;
  net.network.delay = 10ms;
  net.network.delay_jitter = 5ms;
  FakeServer& server = net.network.serve("10.0.0.1", 80);
  const int handle = net.connect();
  CHECK(net.kernel.connect_result(handle).status == Io::kAgain);
  net.clock.advance(15ms);
  CHECK(net.kernel.connect_result(handle).status == Io::kOk);
  Peer peer = server.accept();
  std::string expected;
  for (char c = 'a'; c <= 'z'; c++) {
    peer.send(std::string(1, c));
    expected += c;
  }
  CHECK(net.read(handle).empty());
  CHECK(net.network.next_event() >= net.clock.monotonic() + 10ms);
  net.clock.advance(15ms);
  CHECK(net.read(handle) == expected);
}

TEST_CASE("fake_network_cuts_the_same_way_for_the_same_seed") {
  const auto sizes = [](uint64_t seed) {
    FakeClock clock;
    FakeNetwork network(clock, seed);
    FakeKernel kernel(network);
    network.splits = {.read_bytes_max = 9, .random_sizes = true, .again_percent = 20};
    FakeServer& server = network.serve("10.0.0.1", 80);
    const int handle = kernel.connect(Address::from_literal("10.0.0.1", 80).value()).value();
    server.accept().send(std::string(200, 'x'));
    std::vector<size_t> drawn;
    std::array<char, 100> out;
    for (int i = 0; i < 30; i++) drawn.push_back(kernel.read(handle, out).bytes);
    return drawn;
  };
  CHECK(sizes(5) == sizes(5));
  CHECK(sizes(5) != sizes(6));
}

TEST_CASE("fake_kernel_says_when_a_port_is_taken") {
  Net net;
  int os_error = 0;
  net.network.take_port(4327);
  CHECK_FALSE(net.kernel.listen(Address::any_ipv4(4327), os_error));
  CHECK(os_error == EADDRINUSE);
  net.network.free_port(4327);
  CHECK(net.kernel.listen(Address::any_ipv4(4327), os_error));
  CHECK(net.network.connect(4327).valid());
  CHECK_FALSE(net.network.connect(4328).valid());
}

TEST_CASE("driver_jumps_to_the_next_deadline") {
  Net net;
  Driver driver(net.network);
  std::vector<Nanoseconds> stepped;
  const MonotonicTime begin = net.clock.monotonic();
  driver.add(net.kernel, [&](Instant now, std::span<const Ready>) {
    stepped.push_back(now.monotonic - begin);
    return now.monotonic + 30ms;
  });
  driver.run_for(100ms);
  CHECK(stepped == std::vector<Nanoseconds>{0ms, 30ms, 60ms, 90ms});
}

TEST_CASE("fake_resolver_wakes_its_owner_with_the_answer") {
  Net net;
  FakeResolver resolver(net.kernel);
  resolver.start("loki.example.com", 443, 3, net.clock.monotonic());
  CHECK_FALSE(resolver.poll(net.clock.monotonic()));
  resolver.answer("10.0.0.9");
  CHECK(net.kernel.woken());
  const std::optional<Resolution> answer = resolver.poll(net.clock.monotonic());
  REQUIRE(answer);
  CHECK(answer->generation == 3);
  CHECK(answer->addresses[0].text() == "10.0.0.9:443");
  CHECK_FALSE(resolver.poll(net.clock.monotonic()));
}

}  // namespace
}  // namespace sleipnir::test
