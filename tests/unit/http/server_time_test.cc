// The telemetry server over time: stalls, thaws, slow readers, too many connections, interleaved clients.
#include "http/server.h"

#include <catch2/catch_test_macros.hpp>

#include "server_fixture.h"

namespace sleipnir::test {
namespace {

using namespace std::chrono_literals;

TEST_CASE("server_never_times_an_idle_connection") {
  ServerFixture fixture;
  Peer fresh = fixture.connect();
  Peer used = fixture.connect();
  used.send(post("a"));
  fixture.driver.settle();
  CHECK(fixture.server->next_deadline() == kNever);
  fixture.driver.run_for(48h);
  CHECK_FALSE(fresh.closed_by_object());
  CHECK_FALSE(used.closed_by_object());
}

TEST_CASE("server_starts_the_clock_of_a_request_anew_after_a_thaw") {
  ServerFixture fixture;
  Peer peer = fixture.connect();
  const std::string request = post("hello");
  peer.send(std::string_view(request).substr(0, 30));
  fixture.driver.settle();
  fixture.clock.advance(10min);  // frozen: nobody ran
  fixture.server->on_thaw(fixture.clock.now());
  fixture.wake();
  CHECK_FALSE(peer.closed_by_object());
  peer.send(std::string_view(request).substr(30));
  fixture.driver.settle();
  CHECK(peer.take() == kOk);
}

TEST_CASE("server_does_not_time_a_body_for_the_while_it_waited_for_another") {
  ServerFixture fixture;
  fixture.resuming = false;
  fixture.handler.later = 1;
  Peer first = fixture.connect();
  Peer second = fixture.connect();
  first.send(post("first"));
  fixture.driver.settle();
  second.send("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 6\r\n\r\n");
  fixture.driver.settle();
  fixture.driver.run_for(kRequestStallMax * 2);
  fixture.server->resume(fixture.clock.now());
  fixture.wake();
  CHECK(second.take() == "HTTP/1.1 100 Continue\r\n\r\n");
  second.send("second");
  fixture.driver.settle();
  CHECK(second.take() == kOk);
}

TEST_CASE("server_closes_the_longest_idle_connection_for_a_new_one") {
  ServerFixture fixture;
  std::vector<Peer> peers;
  for (size_t i = 0; i < kServerConnectionsMax; i++) {
    peers.push_back(fixture.connect());
    fixture.driver.settle();
    fixture.clock.advance(1ms);
  }
  peers[0].send(post("still here"));
  fixture.driver.settle();
  Peer late = fixture.connect();
  fixture.driver.settle();
  CHECK(peers[1].closed_by_object());
  for (const size_t i : {0U, 2U, 3U, 4U, 5U}) CHECK_FALSE(peers[i].closed_by_object());
  late.send(post("late"));
  fixture.driver.settle();
  CHECK(late.take() == kOk);
  // The listener and so many connections, never more.
  CHECK(fixture.kernel.open_handles() == kServerConnectionsMax + 1);
}

TEST_CASE("server_does_not_close_the_connection_whose_body_is_coming_in") {
  ServerFixture fixture;
  Peer receiving = fixture.connect();
  receiving.send("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab");
  fixture.driver.settle();
  for (size_t i = 0; i < 3 * kServerConnectionsMax; i++) {
    fixture.clock.advance(1ms);
    fixture.connect();
    fixture.driver.settle();
  }
  CHECK_FALSE(receiving.closed_by_object());
  receiving.send("cde");
  fixture.driver.settle();
  CHECK(receiving.take() == kOk);
}

TEST_CASE("server_waits_for_a_slow_reader_of_its_reply") {
  ServerFixture fixture;
  Peer peer = fixture.connect();
  peer.set_window(10);
  peer.send(post("a") + post("b"));
  fixture.driver.settle();
  std::string got;
  for (int i = 0; i < 20; i++) {
    got += peer.take();
    fixture.driver.settle();
  }
  CHECK(got == std::string(kOk) + std::string(kOk));
}

TEST_CASE("server_gives_up_on_a_reader_that_never_reads") {
  ServerFixture fixture;
  Peer peer = fixture.connect();
  peer.set_window(5);
  peer.send(post("a"));
  fixture.driver.settle();
  fixture.driver.run_for(kRequestStallMax + 2ms);
  CHECK(peer.closed_by_object());
  CHECK(fixture.handler.bodies.size() == 1);
}

TEST_CASE("server_closes_everything_at_the_end") {
  ServerFixture fixture;
  Peer idle = fixture.connect();
  Peer busy = fixture.connect();
  busy.send("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab");
  fixture.driver.settle();
  fixture.server->close();
  CHECK(idle.closed_by_object());
  CHECK(busy.closed_by_object());
  CHECK_FALSE(fixture.server->listening());
  CHECK(fixture.server->port() == 0);
  CHECK(fixture.kernel.open_handles() == 0);
}

TEST_CASE("server_says_that_its_port_is_taken") {
  FakeClock clock;
  FakeNetwork network(clock, 1);
  FakeKernel kernel(network);
  KeepingHandler handler;
  network.take_port(4327);
  const std::unique_ptr<Server> server = std::move(Server::create(kernel, handler, 16).value());
  int os_error = 0;
  CHECK_FALSE(server->listen(4327, os_error));
  CHECK(os_error == EADDRINUSE);
  CHECK(server->listen(0, os_error));
  CHECK(server->port() != 0);
}

// Many connections, many bodies, any splits: every body arrives exactly once and whole.
TEST_CASE("server_survives_any_interleaving_of_clients") {
  for (uint64_t seed = 1; seed <= 30; seed++) {
    INFO("seed " << seed);
    ServerFixture fixture(seed);
    fixture.network.splits = {.read_bytes_max = 40, .write_bytes_max = 7, .random_sizes = true, .again_percent = 10};
    SeededRandom random(seed);
    struct Client {
      Peer peer;
      std::string to_send;
      size_t posts = 0;
    };
    std::vector<Client> clients(4);
    std::vector<std::string> expected;
    for (size_t c = 0; c < clients.size(); c++) {
      clients[c].peer = fixture.connect();
      for (int i = 0; i < 5; i++) {
        const std::string body = std::to_string(c) + "/" + std::to_string(i) + std::string(random.below(300), 'x');
        const std::string chunked =
            std::string(kChunkedHead) + chunk(body.substr(0, 2)) + chunk(body.substr(2)) + "0\r\n\r\n";
        clients[c].to_send += random.chance(50) ? post(body) : chunked;
        clients[c].posts++;
        expected.push_back(body);
      }
    }
    for (bool left = true; left;) {
      left = false;
      for (Client& client : clients) {
        const size_t bytes = std::min<size_t>(client.to_send.size(), random.below(90));
        client.peer.send(client.to_send.substr(0, bytes));
        client.to_send.erase(0, bytes);
        left = left || !client.to_send.empty();
      }
      fixture.handler.later = random.chance(20) ? 1 : 0;
      fixture.driver.settle();
      fixture.wake();
    }
    fixture.wake();
    for (Client& client : clients) {
      std::string answers;
      for (size_t i = 0; i < client.posts; i++) answers += kOk;
      CHECK(client.peer.take() == answers);
    }
    std::sort(expected.begin(), expected.end());
    std::sort(fixture.handler.bodies.begin(), fixture.handler.bodies.end());
    CHECK((fixture.handler.bodies == expected));
  }
}

}  // namespace
}  // namespace sleipnir::test
