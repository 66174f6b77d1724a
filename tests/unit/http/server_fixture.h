// A telemetry server on the fake network, a handler that keeps what it is given, and what HTTP requests look like.
#pragma once

#include <string>
#include <vector>

#include "fake/driver.h"
#include "http/server.h"

namespace sleipnir::test {

struct KeepingHandler final : PostHandler {
  Handled on_post(std::string_view body, Instant) override {
    calls++;
    if (later > 0) {
      later--;
      return Handled::kLater;
    }
    bodies.emplace_back(body);
    return Handled::kAccepted;
  }
  void on_refused(int status) override { refused.push_back(status); }

  int later = 0;  // so many calls are answered with kLater
  int calls = 0;
  std::vector<std::string> bodies;
  std::vector<int> refused;
};

struct ServerFixture {
  static constexpr uint16_t kPort = 4327;

  explicit ServerFixture(uint64_t seed = 1) : network(clock, seed) {
    int os_error = 0;
    const Status listening = server->listen(kPort, os_error);
    if (!listening) fake_failed("%s", listening.error().text());
    driver.add(kernel, [this](Instant now, std::span<const Ready> ready) {
      for (const Ready& one : ready) server->on_ready(one, now);
      if (resuming) server->resume(now);
      server->on_time(now);
      return server->next_deadline();
    });
  }

  Peer connect() { return network.connect(kPort); }
  // Connects, sends, and gives what comes back at once.
  std::string exchange(std::string_view request) {
    Peer peer = connect();
    peer.send(request);
    driver.settle();
    return peer.take();
  }
  // A round of the loop without anything being ready, as after a wake.
  void wake() {
    kernel.wake();
    driver.settle();
  }

  FakeClock clock;
  FakeNetwork network;
  FakeKernel kernel{network};
  KeepingHandler handler;
  std::unique_ptr<Server> server = std::move(Server::create(kernel, handler, 16).value());
  Driver driver{network};
  bool resuming = true;
};

inline std::string post(std::string_view body, std::string_view extra_headers = "") {
  return "POST / HTTP/1.1\r\nHost: x\r\n" + std::string(extra_headers) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

inline std::string chunk(std::string_view bytes) {
  char size[32];
  snprintf(size, sizeof(size), "%zx\r\n", bytes.size());
  return size + std::string(bytes) + "\r\n";
}

inline constexpr std::string_view kChunkedHead = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";

inline constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
inline constexpr std::string_view kOkAndClose = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

}  // namespace sleipnir::test
