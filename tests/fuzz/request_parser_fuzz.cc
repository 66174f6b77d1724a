// Whatever the telemetry server is sent, in whatever pieces, it answers or closes, and holds its memory.
//
// Input: a byte of choices, a byte of seed, then what clients send: cut into pieces by the seed and sent on two
// connections in turns.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/limits.h"
#include "fake/driver.h"
#include "http/server.h"

namespace {

using namespace sleipnir;
using namespace sleipnir::test;

void expect(bool condition) {
  if (!condition) abort();
}

struct Handler final : PostHandler {
  Handled on_post(std::string_view body, Instant) override {
    expect(body.size() <= kTelemetryBodyBytesMax);
    // Read it all: a view of memory that is not ours would be noticed.
    uint64_t sum = 0;
    for (const char byte : body) sum += static_cast<unsigned char>(byte);
    static_cast<void>(sum);
    if (later > 0) {
      later--;
      return Handled::kLater;
    }
    accepted++;
    return Handled::kAccepted;
  }
  void on_refused(int status) override {
    expect(status == 0 || status == 400 || status == 405 || status == 413 || status == 431);
    refused++;
  }
  int later = 0;
  int accepted = 0;
  int refused = 0;
};

size_t count(std::string_view text, std::string_view what) {
  size_t found = 0;
  for (size_t at = text.find(what); at != text.npos; at = text.find(what, at + 1)) found++;
  return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
  FakeClock clock;
  FakeNetwork network(clock, data[1]);
  FakeKernel kernel(network);
  Handler handler;
  handler.later = data[0] & 3;
  if ((data[0] & 4) != 0)
    network.splits = {
        .read_bytes_max = 1 + size_t{data[1]}, .write_bytes_max = 3, .random_sizes = true, .again_percent = 10};
  const std::unique_ptr<Server> server = std::move(Server::create(kernel, handler, 16).value());
  int os_error = 0;
  expect(static_cast<bool>(server->listen(4327, os_error)));
  Driver driver(network);
  driver.add(kernel, [&](Instant now, std::span<const Ready> ready) {
    for (const Ready& one : ready) server->on_ready(one, now);
    server->resume(now);
    server->on_time(now);
    return server->next_deadline();
  });

  const size_t clients = (data[0] & 8) != 0 ? 2 : 1;
  Peer peers[2] = {network.connect(4327), clients == 2 ? network.connect(4327) : Peer()};
  SeededRandom random(data[1]);
  for (size_t turn = 0; !input.empty(); turn++) {
    const size_t bytes = std::min<size_t>(input.size(), 1 + random.below((data[0] & 16) != 0 ? 64 : 65536));
    if (!peers[turn % clients].closed_by_object()) peers[turn % clients].send(input.substr(0, bytes));
    input.remove_prefix(bytes);
    driver.settle();
    expect(kernel.open_handles() <= kServerConnectionsMax + 1);
  }
  // A handler that wanted to be asked again is; then all that is not idle stalls, and is broken off.
  for (int i = 0; i < 4; i++) {
    kernel.wake();
    driver.settle();
  }
  driver.run_for(kRequestStallMax * 3);
  expect(!server->receiving());
  size_t answers = 0;
  for (size_t i = 0; i < clients; i++) {
    const std::string got = peers[i].take();
    expect(got.empty() || got.starts_with("HTTP/1.1 "));
    answers += count(got, "HTTP/1.1 200 OK\r\n");
    peers[i].finish();
  }
  expect(answers <= static_cast<size_t>(handler.accepted));
  driver.settle();
  for (size_t i = 0; i < clients; i++) expect(peers[i].closed_by_object());
  server->close();
  expect(kernel.open_handles() == 0);
  return 0;
}
