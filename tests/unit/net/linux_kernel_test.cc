// LinuxKernel over loopback: what the fakes imitate, and what only the real one can show.
#include "net/linux_kernel.h"

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <string>

#include "net/tcp_stream.h"

namespace sleipnir::test {
namespace {

using namespace std::chrono_literals;

// A listener and both ends of one connection, all on one kernel.
struct Pair {
  Pair() {
    int os_error = 0;
    listener = kernel.listen(loopback(0), os_error).value();
    port = kernel.local_port(listener);
    client = kernel.connect(loopback(port)).value();
    kernel.watch(listener, Interest::kRead, 1);
    wait_for(1);
    server = kernel.accept(listener).value();
    kernel.watch(client, Interest::kWrite, 2);
    wait_for(2);
    kernel.watch(client, Interest::kNone, 2);
  }
  static Address loopback(uint16_t port) { return Address::from_literal("127.0.0.1", port).value(); }

  // Waits until this tag is ready; gives what is ready of it.
  Ready wait_for(uint64_t tag) {
    std::array<Ready, 8> ready;
    for (int i = 0; i < 100; i++) {
      const size_t count = kernel.wait(ready, 1000ms);
      for (size_t j = 0; j < count; j++) {
        if (ready[j].tag == tag) return ready[j];
      }
    }
    FAIL("nothing became ready");
    return {};
  }
  IoResult write(int handle, std::string_view text) {
    const iovec one = piece(text.data(), text.size());
    return kernel.write(handle, Pieces(&one, 1));
  }
  std::string read(int handle) {
    std::string out(100, '\0');
    out.resize(kernel.read(handle, out).bytes);
    return out;
  }

  LinuxKernel kernel = std::move(LinuxKernel::create().value());
  int listener = -1;
  int client = -1;
  int server = -1;
  uint16_t port = 0;
};

TEST_CASE("linux_kernel_carries_bytes_both_ways") {
  Pair pair;
  CHECK(pair.kernel.connect_result(pair.client).status == Io::kOk);
  CHECK(pair.write(pair.client, "ping").bytes == 4);
  pair.kernel.watch(pair.server, Interest::kRead, 3);
  CHECK_FALSE(pair.wait_for(3).writable);
  CHECK(pair.read(pair.server) == "ping");
  std::array<char, 4> out;
  CHECK(pair.kernel.read(pair.server, out).status == Io::kAgain);
}

TEST_CASE("linux_kernel_writes_gathered_pieces_in_order") {
  Pair pair;
  const iovec pieces[] = {piece("a", 1), piece("bc", 2), piece("def", 3)};
  CHECK(pair.kernel.write(pair.client, pieces).bytes == 6);
  pair.kernel.watch(pair.server, Interest::kRead, 3);
  pair.wait_for(3);
  CHECK(pair.read(pair.server) == "abcdef");
}

TEST_CASE("linux_kernel_gives_bytes_before_the_end") {
  Pair pair;
  pair.write(pair.server, "last");
  pair.kernel.close(pair.server);
  pair.kernel.watch(pair.client, Interest::kRead, 3);
  pair.wait_for(3);
  CHECK(pair.read(pair.client) == "last");
  std::array<char, 4> out;
  pair.wait_for(3);
  CHECK(pair.kernel.read(pair.client, out).status == Io::kClosed);
}

TEST_CASE("linux_kernel_says_why_a_connection_was_refused") {
  Pair pair;
  pair.kernel.close(pair.listener);
  const Result<int> handle = pair.kernel.connect(Pair::loopback(pair.port));
  REQUIRE(handle);
  pair.kernel.watch(handle.value(), Interest::kWrite, 9);
  const Ready ready = pair.wait_for(9);
  CHECK(ready.readable);
  CHECK(ready.writable);
  CHECK(pair.kernel.connect_result(handle.value()).os_error == ECONNREFUSED);
}

TEST_CASE("linux_kernel_raises_no_signal_when_the_peer_has_gone") {
  Pair pair;
  pair.kernel.close(pair.server);
  IoResult wrote;
  for (int i = 0; i < 100 && wrote.status != Io::kError; i++) {
    wrote = pair.write(pair.client, "x");
    std::array<Ready, 1> none;
    pair.kernel.wait(none, 1ms);
  }
  CHECK(wrote.status == Io::kError);
}

TEST_CASE("linux_kernel_stops_taking_when_the_peer_does_not_read") {
  Pair pair;
  const std::string much(1 << 20, 'x');
  IoResult wrote{.status = Io::kOk};
  for (int i = 0; i < 100 && wrote.status == Io::kOk; i++) wrote = pair.write(pair.client, much);
  CHECK(wrote.status == Io::kAgain);
}

TEST_CASE("linux_kernel_says_that_a_port_is_taken") {
  Pair pair;
  int os_error = 0;
  CHECK_FALSE(pair.kernel.listen(Pair::loopback(pair.port), os_error));
  CHECK(os_error == EADDRINUSE);
}

TEST_CASE("linux_kernel_listens_again_at_once_on_a_port_that_was_in_use") {
  Pair pair;
  pair.kernel.close(pair.server);
  pair.kernel.close(pair.listener);
  int os_error = 0;
  CHECK(pair.kernel.listen(Pair::loopback(pair.port), os_error));
}

TEST_CASE("linux_kernel_is_woken_before_and_during_a_wait_once") {
  LinuxKernel kernel = std::move(LinuxKernel::create().value());
  std::array<Ready, 4> ready;
  kernel.wake();
  kernel.wake();
  CHECK(kernel.wait(ready, std::nullopt) == 0);
  CHECK(kernel.wait(ready, 0ms) == 0);
}

TEST_CASE("linux_kernel_says_nothing_of_a_watch_that_is_suspended") {
  Pair pair;
  pair.kernel.watch(pair.client, Interest::kRead, 3);
  pair.kernel.watch(pair.client, Interest::kNone, 3);
  pair.write(pair.server, "x");
  pair.kernel.close(pair.server);
  std::array<Ready, 4> ready;
  CHECK(pair.kernel.wait(ready, 50ms) == 0);
  pair.kernel.watch(pair.client, Interest::kRead, 4);
  CHECK(pair.wait_for(4).readable);
}

TEST_CASE("linux_kernel_watches_a_descriptor_anew_whose_number_was_in_use_before") {
  Pair pair;
  pair.kernel.watch(pair.client, Interest::kRead, 5);
  const int number = pair.client;
  pair.kernel.close(pair.client);
  pair.client = pair.kernel.connect(Pair::loopback(pair.port)).value();
  REQUIRE(pair.client == number);
  pair.kernel.watch(pair.client, Interest::kWrite, 6);
  CHECK(pair.wait_for(6).writable);
}

TEST_CASE("linux_kernel_changes_a_watch_and_takes_it_up_again") {
  Pair pair;
  pair.kernel.watch(pair.client, Interest::kRead, 5);
  pair.kernel.watch(pair.client, Interest::kReadWrite, 6);
  CHECK(pair.wait_for(6).writable);
  pair.kernel.watch(pair.client, Interest::kNone, 6);
  pair.kernel.watch(pair.client, Interest::kWrite, 7);
  CHECK(pair.wait_for(7).writable);
}

TEST_CASE("tcp_stream_waits_for_an_answer_once_it_is_connected") {
  Pair pair;
  TcpStream stream(pair.kernel, pair.kernel.connect(Pair::loopback(pair.port)).value());
  CHECK(stream.wants() == Interest::kWrite);
  pair.kernel.watch(stream.handle(), Interest::kWrite, 8);
  pair.wait_for(8);
  REQUIRE(stream.handshake().status == Io::kOk);
  CHECK(stream.wants() == Interest::kRead);
}

TEST_CASE("tcp_stream_connects_reads_and_writes") {
  Pair pair;
  {
    TcpStream stream(pair.kernel, pair.kernel.connect(Pair::loopback(pair.port)).value());
    CHECK(stream.wants() == Interest::kWrite);
    pair.kernel.watch(stream.handle(), stream.wants(), 5);
    pair.wait_for(5);
    CHECK(stream.handshake().status == Io::kOk);
    CHECK(stream.handshake().status == Io::kOk);
    std::array<char, 4> out;
    CHECK(stream.read(out).status == Io::kAgain);
    CHECK(stream.wants() == Interest::kRead);
  }
  // Closed with it.
  pair.kernel.watch(pair.listener, Interest::kRead, 1);
  pair.wait_for(1);
  const int accepted = pair.kernel.accept(pair.listener).value();
  pair.kernel.watch(accepted, Interest::kRead, 6);
  pair.wait_for(6);
  std::array<char, 4> out;
  CHECK(pair.kernel.read(accepted, out).status == Io::kClosed);
}

TEST_CASE("tcp_stream_says_why_it_failed") {
  Pair pair;
  pair.kernel.close(pair.listener);
  TcpStream stream(pair.kernel, pair.kernel.connect(Pair::loopback(pair.port)).value());
  pair.kernel.watch(stream.handle(), stream.wants(), 5);
  pair.wait_for(5);
  CHECK(stream.handshake().status == Io::kError);
  CHECK(std::string_view(stream.failure()) == "Connection refused");
}

}  // namespace
}  // namespace sleipnir::test
