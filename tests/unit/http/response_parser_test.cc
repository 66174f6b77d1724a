#include "http/response_parser.h"

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <string>

namespace sleipnir {
namespace {

class Parsed {
 public:
  explicit Parsed(std::string_view text, size_t step = SIZE_MAX) {
    for (size_t at = 0; at < text.size(); at += std::min(step, text.size() - at)) {
      parser.feed(text.substr(at, step));
    }
  }

  std::array<char, 32> buffer;
  std::array<WantedHeader, 2> wanted{WantedHeader{.name = "retry-after", .value = {}},
                                     WantedHeader{.name = "content-type", .value = {}}};
  ResponseParser parser{buffer, wanted};
};

using State = ResponseParser::State;

TEST_CASE("response_parser_reads_an_answer_in_every_split") {
  const std::string_view answers[] = {
      "HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n\r\nhello",
      "HTTP/1.1 503 Busy\r\nretry-after:7\r\nTransfer-Encoding: chunked\r\nCONTENT-TYPE:  text/plain\r\n\r\n"
      "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
  };
  for (const std::string_view text : answers) {
    for (size_t step = 1; step <= text.size(); step++) {
      INFO("pieces of " << step);
      const Parsed parsed(text, step);
      CHECK(parsed.parser.state() == State::kDone);
      CHECK(parsed.parser.status() == 503);
      CHECK(parsed.parser.body() == "hello");
      CHECK(parsed.parser.keep_alive());
      CHECK(parsed.wanted[0].value == "7");
      CHECK(parsed.wanted[1].value == "text/plain");
    }
  }
}

TEST_CASE("response_parser_is_done_with_a_204_at_its_empty_line") {
  const Parsed parsed("HTTP/1.1 204 No Content\r\nDate: x\r\n\r\n");
  CHECK(parsed.parser.state() == State::kDone);
  CHECK(parsed.parser.keep_alive());
  CHECK(parsed.parser.body().empty());
}

TEST_CASE("response_parser_waits_for_the_real_answer_behind_100_continue") {
  const std::string_view text =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: "
      "2\r\n\r\nok";
  for (size_t step = 1; step <= text.size(); step++) {
    INFO("pieces of " << step);
    const Parsed parsed(text, step);
    CHECK(parsed.parser.state() == State::kDone);
    CHECK(parsed.parser.status() == 200);
    CHECK(parsed.parser.body() == "ok");
    CHECK(parsed.parser.keep_alive());
  }
}

TEST_CASE("response_parser_completes_an_answer_that_ends_with_the_connection") {
  Parsed parsed("HTTP/1.1 200 OK\r\n\r\nto the end");
  CHECK(parsed.parser.state() == State::kReading);
  parsed.parser.finish();
  CHECK(parsed.parser.state() == State::kDone);
  CHECK(parsed.parser.body() == "to the end");
  CHECK_FALSE(parsed.parser.keep_alive());
}

TEST_CASE("response_parser_calls_an_answer_bad_that_is_cut_off") {
  for (const std::string_view text :
       {"", "HTTP/1.1 20", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", "HTTP/1.1 200 OK\r\nContent-Le",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "HTTP/1.1 100 Continue\r\n\r\n"}) {
    INFO(text);
    Parsed parsed(text);
    parsed.parser.finish();
    CHECK(parsed.parser.state() == State::kBad);
  }
}

TEST_CASE("response_parser_cuts_a_body_that_is_longer_than_the_buffer") {
  for (const size_t bytes : {size_t{31}, size_t{32}, size_t{33}, size_t{100'000}}) {
    INFO(bytes << " bytes");
    const std::string body(bytes, 'b');
    const Parsed parsed("HTTP/1.1 400 Bad\r\nContent-Length: " + std::to_string(bytes) + "\r\n\r\n" + body, 1000);
    CHECK(parsed.parser.state() == State::kDone);
    CHECK(parsed.parser.body() == body.substr(0, 32));
    CHECK(parsed.parser.body_cut() == (bytes > 32));
    CHECK(parsed.parser.keep_alive());
  }
}

TEST_CASE("response_parser_does_not_trust_a_connection_with_bytes_behind_the_answer") {
  const std::string text = "HTTP/1.1 204 No Content\r\n\r\n";
  CHECK_FALSE(Parsed(text + "H").parser.keep_alive());
  Parsed later(text);
  CHECK(later.parser.keep_alive());
  later.parser.feed(std::string_view("H"));
  CHECK_FALSE(later.parser.keep_alive());
  CHECK(later.parser.state() == State::kDone);
}

TEST_CASE("response_parser_says_when_the_server_closes") {
  CHECK_FALSE(Parsed("HTTP/1.1 204 x\r\nConnection: close\r\n\r\n").parser.keep_alive());
  CHECK_FALSE(Parsed("HTTP/1.0 200 x\r\nContent-Length: 0\r\n\r\n").parser.keep_alive());
}

TEST_CASE("response_parser_refuses_what_is_not_http") {
  for (const std::string_view text :
       {"SSH-2.0-x\r\n", "HTTP/1.1 010 x\r\n\r\n", "\x15\x03\x01\x00\x02", "HTTP/1.1 2000 x\r\n\r\n",
        "HTTP/9.9 x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"}) {
    CHECK(Parsed(text).parser.state() == State::kBad);
  }
}

TEST_CASE("response_parser_refuses_a_head_without_end") {
  std::string text = "HTTP/1.1 200 OK\r\n";
  while (text.size() < 70'000) text += "X-Header: something\r\n";
  CHECK(Parsed(text, 4096).parser.state() == State::kBad);
}

TEST_CASE("response_parser_starts_clean") {
  Parsed parsed("HTTP/1.1 503 x\r\nRetry-After: 9\r\nContent-Length: 3\r\n\r\nold");
  parsed.parser.restart();
  CHECK(parsed.parser.untouched());
  CHECK(parsed.parser.body().empty());
  CHECK(parsed.wanted[0].value.empty());
  parsed.parser.feed(std::string_view("HTTP/1.1 204 x\r\n\r\n"));
  CHECK(parsed.parser.state() == State::kDone);
  CHECK(parsed.parser.status() == 204);
  CHECK(parsed.wanted[0].value.empty());
}

}  // namespace
}  // namespace sleipnir
