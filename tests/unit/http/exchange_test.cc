#include "http/exchange.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "fake/kernel.h"
#include "net/tcp_stream.h"

namespace sleipnir::test {
namespace {

using State = Exchange::State;

struct ExchangeFixture {
  explicit ExchangeFixture(uint64_t seed = 1) : network(clock, seed) {
    stream = std::make_unique<TcpStream>(kernel, kernel.connect(Address::from_literal("10.0.0.1", 80).value()).value());
    peer = server.accept();
    stream->handshake();
  }

  void start(std::initializer_list<std::string_view> parts) {
    std::array<iovec, Exchange::kPiecesMax> pieces;
    size_t count = 0;
    for (const std::string_view part : parts) pieces[count++] = piece(part.data(), part.size());
    exchange.start(Pieces(pieces.data(), count));
  }
  // As the owner does: as long as the handle is ready for what is wanted.
  State run() {
    exchange.step(*stream);
    for (int i = 0; i < 10'000 && exchange.busy(); i++) {
      kernel.watch(stream->handle(), exchange.wants(*stream), 1);
      if (kernel.ready().empty()) break;
      exchange.step(*stream);
    }
    return exchange.state();
  }

  FakeClock clock;
  FakeNetwork network;
  FakeKernel kernel{network};
  FakeServer& server = network.serve("10.0.0.1", 80);
  Peer peer;
  std::unique_ptr<TcpStream> stream;
  std::array<char, 64> body;
  std::array<WantedHeader, 1> wanted{WantedHeader{.name = "retry-after", .value = {}}};
  Exchange exchange{body, wanted};
};

TEST_CASE("exchange_writes_all_pieces_and_reads_the_answer") {
  ExchangeFixture fixture;
  fixture.start({"head ", "prefix ", "wire ", "suffix"});
  CHECK(fixture.run() == State::kAwaiting);
  CHECK(fixture.peer.take() == "head prefix wire suffix");
  fixture.peer.send("HTTP/1.1 204 x\r\n\r\n");
  CHECK(fixture.run() == State::kDone);
  CHECK(fixture.exchange.status() == 204);
  CHECK(fixture.exchange.reusable());
}

TEST_CASE("exchange_survives_any_split_of_request_and_answer") {
  for (uint64_t seed = 1; seed <= 50; seed++) {
    INFO("seed " << seed);
    ExchangeFixture fixture(seed);
    fixture.network.splits = {.read_bytes_max = 5, .write_bytes_max = 6, .random_sizes = true, .again_percent = 30};
    fixture.start({"head", "-", "a longer piece of wire", "]"});
    fixture.run();
    CHECK(fixture.peer.take() == "head-a longer piece of wire]");
    fixture.peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    CHECK(fixture.run() == State::kDone);
    CHECK(fixture.exchange.body() == "hello");
  }
}

TEST_CASE("exchange_takes_an_answer_that_comes_before_all_is_written") {
  ExchangeFixture fixture;
  fixture.peer.set_window(4);
  fixture.start({"a long request body"});
  CHECK(fixture.run() == State::kSending);
  fixture.peer.send("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");
  CHECK(fixture.run() == State::kDone);
  CHECK(fixture.exchange.status() == 413);
  // The rest of the request would be taken for the beginning of the next one.
  CHECK_FALSE(fixture.exchange.reusable());
}

TEST_CASE("exchange_finds_the_answer_of_a_server_that_has_hung_up_on_the_request") {
  ExchangeFixture fixture;
  fixture.peer.set_window(4);
  fixture.start({"a long request body"});
  fixture.run();
  fixture.peer.send("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");
  fixture.peer.reset();
  CHECK(fixture.run() == State::kDone);
  CHECK(fixture.exchange.status() == 413);
}

TEST_CASE("exchange_fails_when_the_connection_ends_before_an_answer") {
  ExchangeFixture fixture;
  fixture.start({"request"});
  fixture.run();
  fixture.peer.finish();
  CHECK(fixture.run() == State::kFailed);
  CHECK(fixture.exchange.unanswered());
  CHECK(std::string_view(fixture.exchange.failure()) == "the connection was closed before an answer");
}

TEST_CASE("exchange_fails_when_the_connection_is_reset_in_the_middle_of_an_answer") {
  for (const char* begun :
       {"HTTP/1.1 20", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe", "HTTP/1.1 200 OK\r\n\r\nhe"}) {
    INFO(begun);
    ExchangeFixture fixture;
    fixture.start({"request"});
    fixture.run();
    fixture.peer.send(begun);
    fixture.peer.reset();
    CHECK(fixture.run() == State::kFailed);
    CHECK_FALSE(fixture.exchange.unanswered());
  }
}

TEST_CASE("exchange_fails_on_a_connection_that_was_dead_already") {
  ExchangeFixture fixture;
  fixture.peer.close();
  fixture.start({"request"});
  CHECK(fixture.run() == State::kFailed);
  CHECK(fixture.exchange.unanswered());
}

TEST_CASE("exchange_takes_an_answer_that_ends_with_the_connection") {
  ExchangeFixture fixture;
  fixture.start({"request"});
  fixture.run();
  fixture.peer.send("HTTP/1.1 200 OK\r\n\r\nhello");
  fixture.peer.finish();
  CHECK(fixture.run() == State::kDone);
  CHECK(fixture.exchange.body() == "hello");
  CHECK_FALSE(fixture.exchange.reusable());
}

TEST_CASE("exchange_reads_a_body_to_its_end_though_it_keeps_only_its_beginning") {
  ExchangeFixture fixture;
  fixture.start({"request"});
  fixture.run();
  fixture.peer.send("HTTP/1.1 400 Bad\r\nContent-Length: 500000\r\n\r\n" + std::string(500'000, 'x'));
  CHECK(fixture.run() == State::kDone);
  CHECK(fixture.exchange.body() == std::string(64, 'x'));
  CHECK(fixture.exchange.body_cut());
  CHECK(fixture.exchange.reusable());
}

TEST_CASE("exchange_refuses_an_answer_that_is_not_http") {
  ExchangeFixture fixture;
  fixture.start({"request"});
  fixture.run();
  fixture.peer.send("220 smtp.example.com ESMTP\r\n");
  CHECK(fixture.run() == State::kFailed);
  CHECK(std::string_view(fixture.exchange.failure()) == "the answer is not HTTP");
}

TEST_CASE("exchange_can_be_used_again_on_the_same_connection") {
  ExchangeFixture fixture;
  for (int i = 0; i < 3; i++) {
    fixture.start({"request"});
    fixture.run();
    CHECK(fixture.peer.take() == "request");
    fixture.peer.send("HTTP/1.1 204 x\r\n\r\n");
    CHECK(fixture.run() == State::kDone);
  }
}

TEST_CASE("exchange_is_not_reusable_when_more_came_than_the_answer") {
  ExchangeFixture fixture;
  fixture.start({"request"});
  fixture.run();
  fixture.peer.send("HTTP/1.1 204 x\r\n\r\nHTTP/1.1 408 Timeout\r\n\r\n");
  CHECK(fixture.run() == State::kDone);
  CHECK(fixture.exchange.status() == 204);
  CHECK_FALSE(fixture.exchange.reusable());
}

}  // namespace
}  // namespace sleipnir::test
