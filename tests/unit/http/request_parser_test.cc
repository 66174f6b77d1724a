#include "http/request_parser.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "base/limits.h"

namespace sleipnir {
namespace {

struct Sink final : BodySink {
  void on_body(std::string_view bytes) override { body.append(bytes); }
  std::string body;
};

// What became of a stretch of bytes fed in pieces of `step`, bodies accepted as they come.
struct Outcome {
  RequestParser::State state;
  std::string body;
  size_t taken = 0;
  RequestHead head;
  int bad_status = 0;
};

Outcome feed(std::string_view text, size_t step = SIZE_MAX) {
  Sink sink;
  RequestParser parser(sink);
  size_t at = 0;
  while (at < text.size() && parser.state() != RequestParser::State::kDone &&
         parser.state() != RequestParser::State::kBad) {
    if (parser.state() == RequestParser::State::kHeadDone) {
      parser.accept_body();
      continue;
    }
    at += parser.feed(text.substr(at, step));
  }
  if (parser.state() == RequestParser::State::kHeadDone) parser.accept_body();
  return {.state = parser.state(),
          .body = sink.body,
          .taken = at,
          .head = parser.head(),
          .bad_status = parser.bad_status()};
}

// A head of exactly this many bytes, its empty line included.
std::string head_of(size_t bytes) {
  std::string head = "POST / HTTP/1.1\r\nX: ";
  head.append(bytes - head.size() - 4, 'a');
  return head + "\r\n\r\n";
}

constexpr std::string_view kLengthRequest = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello world";
constexpr std::string_view kChunkedRequest =
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: t\r\n\r\n";

TEST_CASE("request_parser_reads_a_body_with_a_length_in_every_split") {
  for (size_t step = 1; step <= kLengthRequest.size(); step++) {
    INFO("pieces of " << step);
    const Outcome outcome = feed(kLengthRequest, step);
    CHECK(outcome.state == RequestParser::State::kDone);
    CHECK(outcome.body == "hello world");
  }
}

TEST_CASE("request_parser_reads_a_chunked_body_in_every_split") {
  for (size_t step = 1; step <= kChunkedRequest.size(); step++) {
    INFO("pieces of " << step);
    const Outcome outcome = feed(kChunkedRequest, step);
    CHECK(outcome.state == RequestParser::State::kDone);
    CHECK(outcome.body == "hello world");
    CHECK_FALSE(outcome.head.content_bytes);
  }
}

TEST_CASE("request_parser_is_done_at_once_with_an_empty_body") {
  for (const std::string_view text : {"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", "POST / HTTP/1.1\r\n\r\n"}) {
    const Outcome outcome = feed(text);
    CHECK(outcome.state == RequestParser::State::kDone);
    CHECK(outcome.head.content_bytes == uint64_t{0});
  }
}

TEST_CASE("request_parser_takes_nothing_of_the_next_request") {
  const std::string two = std::string(kLengthRequest) + "POST /y HTTP/1.1\r\n\r\n";
  CHECK(feed(two).taken == kLengthRequest.size());
  const std::string two_chunked = std::string(kChunkedRequest) + "POST /y HTTP/1.1\r\n\r\n";
  CHECK(feed(two_chunked).taken == kChunkedRequest.size());
}

TEST_CASE("request_parser_starts_clean_for_the_next_request") {
  Sink sink;
  RequestParser parser(sink);
  const std::string first =
      "POST / HTTP/1.1\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: 1\r\n\r\na";
  // Keep-alive is asked about before: after "close" there is no next request on a real connection.
  const std::string second = "GET / HTTP/1.1\r\nContent-Length: 2\r\n\r\n";
  size_t at = parser.feed(first);
  CHECK(parser.head().expects_continue);
  CHECK_FALSE(parser.head().keep_alive);
  parser.accept_body();
  at += parser.feed(std::string_view(first).substr(at));
  REQUIRE(parser.state() == RequestParser::State::kDone);
  CHECK_FALSE(parser.idle());
  parser.next();
  CHECK(parser.idle());
  CHECK_FALSE(parser.head().expects_continue);
}

TEST_CASE("request_parser_tells_what_the_head_says") {
  CHECK(feed("POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n").head.is_post);
  CHECK(feed("PUT / HTTP/1.1\r\nContent-Length: 0\r\n\r\n").head.is_post);
  CHECK_FALSE(feed("GET / HTTP/1.1\r\n\r\n").head.is_post);
  CHECK(feed("POST / HTTP/1.1\r\n\r\n").head.keep_alive);
  CHECK_FALSE(feed("POST / HTTP/1.0\r\n\r\n").head.keep_alive);
  CHECK_FALSE(feed("POST / HTTP/1.1\r\nConnection: close\r\n\r\n").head.keep_alive);
}

TEST_CASE("request_parser_knows_an_expectation_in_any_case_and_split") {
  const std::string text = "POST / HTTP/1.1\r\neXpEcT: 100-Continue\r\nContent-Length: 1\r\n\r\n";
  for (size_t step = 1; step <= text.size(); step++) CHECK(feed(text, step).head.expects_continue);
  CHECK_FALSE(feed("POST / HTTP/1.1\r\nExpected: 100-continue\r\n\r\n").head.expects_continue);
  CHECK_FALSE(feed("POST / HTTP/1.1\r\nExpec: 100-continue\r\n\r\n").head.expects_continue);
  CHECK_FALSE(feed("POST / HTTP/1.1\r\nExpect: 100-contin\r\n\r\n").head.expects_continue);
}

TEST_CASE("request_parser_takes_a_head_of_the_largest_size") {
  CHECK(feed(head_of(kRequestHeadBytesMax - 1), 4096).state == RequestParser::State::kDone);
  CHECK(feed(head_of(kRequestHeadBytesMax), 4096).state == RequestParser::State::kDone);
}

TEST_CASE("request_parser_refuses_a_head_of_one_byte_more") {
  for (const size_t step : {size_t{1}, size_t{4096}, size_t{1 << 20}}) {
    const Outcome outcome = feed(head_of(kRequestHeadBytesMax + 1), step);
    CHECK(outcome.state == RequestParser::State::kBad);
    CHECK(outcome.bad_status == 431);
  }
}

TEST_CASE("request_parser_refuses_one_header_too_many") {
  const auto with_headers = [](uint32_t count) {
    std::string text = "POST / HTTP/1.1\r\n";
    for (uint32_t i = 0; i < count; i++) text += "a: b\r\n";
    return text + "\r\n";
  };
  CHECK(feed(with_headers(kRequestHeadersMax)).state == RequestParser::State::kDone);
  const Outcome outcome = feed(with_headers(kRequestHeadersMax + 1));
  CHECK(outcome.state == RequestParser::State::kBad);
  CHECK(outcome.bad_status == 431);
}

TEST_CASE("request_parser_refuses_what_is_not_http") {
  const std::string_view bad[] = {
      "hello\r\n\r\n",
      "POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
      "POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
      "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
      "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n",
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n",
      "POST / HTTP/1.1\r\n: x\r\n\r\n",
      "\x16\x03\x01\x02",
  };
  for (const std::string_view text : bad) {
    INFO(text);
    const Outcome outcome = feed(text);
    CHECK(outcome.state == RequestParser::State::kBad);
    CHECK(outcome.bad_status == 400);
  }
}

}  // namespace
}  // namespace sleipnir
