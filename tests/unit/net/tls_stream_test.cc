// TlsStream over a scripted inner stream: what can be told without a server that knows the keys. The rest is
// tests/e2e/test_tls_stream.py, against OpenSSL.
#include "net/tls_stream.h"

#include <mbedtls/platform.h>

#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "fake/scripted_stream.h"

namespace sleipnir {

namespace {

constexpr const char* kNoBundles[] = {nullptr};

using test::Script;
using test::ScriptedStream;

std::unique_ptr<TlsContext> make_context(const TlsOptions& options = {}) {
  auto context = TlsContext::create(options, kNoBundles);
  REQUIRE(static_cast<bool>(context));
  return std::move(context.value());
}

TlsStream make_stream(TlsContext& context, Script& script, std::string_view host = "loki.example.com") {
  return {context, std::make_unique<ScriptedStream>(script), TlsPeer{.host = host}};
}

// The handshake's failure after the server has answered `answer` to the client's first message.
std::string failure_after(const std::string& answer, Io then = Io::kAgain) {
  const auto context = make_context();
  Script script{.incoming = answer, .after_incoming = then};
  TlsStream stream = make_stream(*context, script);
  CHECK(stream.handshake().status == Io::kError);
  return stream.failure();
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

TEST_CASE("tls_stream_waits_for_the_inner_stream_without_touching_the_tls_memory") {
  const auto context = make_context();
  Script script{.connect = Io::kAgain};
  TlsStream stream = make_stream(*context, script);
  CHECK(stream.wants() == Interest::kWrite);
  for (int i = 0; i < 3; i++) CHECK(stream.handshake().status == Io::kAgain);
  CHECK(stream.wants() == Interest::kWrite);
  CHECK(stream.handle() == 77);
  CHECK(script.written.empty());
  // No cryptography, so no random bytes: a connection that is not there yet may be part of a snapshot.
  CHECK(tls_memory_peak() == 0);
}

TEST_CASE("tls_stream_forwards_the_inner_streams_failure_and_keeps_it") {
  const auto context = make_context();
  Script script{.connect = Io::kError};
  TlsStream stream = make_stream(*context, script);
  const IoResult result = stream.handshake();
  CHECK(result.status == Io::kError);
  CHECK(result.os_error == ECONNREFUSED);
  CHECK(std::string(stream.failure()) == "the network is on strike");
  script.connect = Io::kOk;
  CHECK(stream.handshake().status == Io::kError);
  char byte = 0;
  CHECK(stream.read({&byte, 1}).status == Io::kError);
  const iovec one = piece(&byte, 1);
  CHECK(stream.write({&one, 1}).os_error == ECONNREFUSED);
  CHECK_FALSE(stream.has_buffered());
}

TEST_CASE("tls_stream_sends_a_client_hello_with_the_name_and_waits_to_read") {
  const auto context = make_context();
  Script script;
  TlsStream stream = make_stream(*context, script, "loki.example.com.");
  CHECK(stream.handshake().status == Io::kAgain);
  CHECK(stream.wants() == Interest::kRead);
  CHECK(script.written.starts_with(std::string("\x16\x03", 2)));
  CHECK(contains(script.written, "loki.example.com"));
  CHECK_FALSE(contains(script.written, "loki.example.com."));
}

TEST_CASE("tls_stream_sends_the_configured_server_name_instead") {
  const auto context = make_context({.server_name = "inner.example"});
  Script script;
  TlsStream stream = make_stream(*context, script);
  CHECK(stream.handshake().status == Io::kAgain);
  CHECK(contains(script.written, "inner.example"));
  CHECK_FALSE(contains(script.written, "loki.example.com"));
}

TEST_CASE("tls_stream_sends_no_address_as_a_name") {
  for (const char* address : {"10.1.2.3", "fd00::17"}) {
    const auto context = make_context();
    Script script;
    TlsStream stream = make_stream(*context, script, address);
    CHECK(stream.handshake().status == Io::kAgain);
    CHECK_FALSE(contains(script.written, address));
  }
}

TEST_CASE("tls_stream_refuses_a_name_too_long_for_tls") {
  const auto context = make_context();
  Script script;
  const std::string name(300, 'a');
  TlsStream stream = make_stream(*context, script, name);
  CHECK(stream.handshake().status == Io::kError);
  CHECK(contains(stream.failure(), "too long"));
}

TEST_CASE("tls_stream_writes_on_from_where_the_inner_stream_stopped") {
  const auto context = make_context();
  Script script{.write_bytes_max = 0};
  TlsStream stream = make_stream(*context, script);
  CHECK(stream.handshake().status == Io::kAgain);
  CHECK(stream.wants() == Interest::kWrite);
  script.write_bytes_max = 7;
  while (stream.wants() == Interest::kWrite) REQUIRE(stream.handshake().status == Io::kAgain);
  // One record, as long as its header says.
  REQUIRE(script.written.size() > 5);
  const size_t bytes = static_cast<size_t>(static_cast<unsigned char>(script.written[3])) * 256 +
                       static_cast<unsigned char>(script.written[4]);
  CHECK(script.written.size() == 5 + bytes);
}

TEST_CASE("tls_stream_explains_a_server_that_speaks_plain_http") {
  CHECK(contains(failure_after("HTTP/1.1 400 Bad Request\r\n\r\n"), "not TLS; is it a plain http port?"));
}

TEST_CASE("tls_stream_explains_alerts") {
  const auto alert = [](char number) { return failure_after(std::string("\x15\x03\x03\x00\x02\x02", 6) + number); };
  CHECK(contains(alert(40), "LOKI_CLIENT_CERT_FILE"));
  CHECK(contains(alert(70), "it must speak TLS 1.2 or 1.3"));
  CHECK(contains(alert(112), "LOKI_TLS_SERVER_NAME"));
  CHECK(contains(alert(116), "wants a client certificate"));
  CHECK(contains(alert(80), "loki.example.com refused the TLS connection (internal error, 80)"));
  CHECK(contains(alert(99), "(alert, 99)"));
}

TEST_CASE("tls_stream_reports_a_connection_that_ends_during_the_handshake_as_reset") {
  for (const size_t bytes : {size_t{0}, size_t{1}, size_t{4}, size_t{5}, size_t{6}}) {
    const auto context = make_context();
    Script script{.incoming = std::string("\x16\x03\x03\x00\x40\x02", 6).substr(0, bytes),
                  .after_incoming = Io::kClosed};
    TlsStream stream = make_stream(*context, script);
    const IoResult result = stream.handshake();
    CHECK(result.status == Io::kError);
    CHECK(result.os_error == ECONNRESET);
    CHECK(contains(stream.failure(), "closed the connection during the TLS handshake"));
  }
}

TEST_CASE("tls_stream_tells_the_reason_that_came_before_a_broken_write") {
  const auto context = make_context();
  Script script{.incoming = std::string("\x15\x03\x03\x00\x02\x02\x46", 7), .write_error = Io::kError};
  TlsStream stream = make_stream(*context, script);
  CHECK(stream.handshake().status == Io::kError);
  CHECK(contains(stream.failure(), "protocol version"));
}

TEST_CASE("tls_stream_reports_a_broken_write_without_a_reason_as_it_is") {
  const auto context = make_context();
  Script script{.write_error = Io::kError};
  TlsStream stream = make_stream(*context, script);
  CHECK(stream.handshake().os_error == ECONNREFUSED);
  CHECK(std::string(stream.failure()) == "the network is on strike");
}

TEST_CASE("tls_stream_survives_garbage_in_every_place_of_a_record_head") {
  uint64_t state = 1;
  for (int round = 0; round < 2000; round++) {
    std::string answer("\x16\x03\x03\x00\x28\x02\x00\x00\x24\x03\x03", 11);
    answer.resize(60, 'x');
    state = state * 6364136223846793005U + 1442695040888963407U;
    answer[(state >> 33) % 16] = static_cast<char>(state >> 56);
    failure_after(answer, Io::kClosed);
  }
}

TEST_CASE("tls_stream_reads_a_flight_with_one_call") {
  const auto context = make_context();
  // A warning alert, twice, then one that ends it: three records, six reads without reading ahead.
  Script script{.incoming = std::string(
                    "\x15\x03\x03\x00\x02\x01\x5a\x15\x03\x03\x00\x02\x01\x5a\x15\x03\x03\x00\x02\x02\x50", 21)};
  TlsStream stream = make_stream(*context, script);
  CHECK(stream.handshake().status == Io::kError);
  CHECK(contains(stream.failure(), "internal error"));
  CHECK(script.reads == 1);
}

TEST_CASE("tls_memory_that_is_used_up_fails_the_handshake_and_nothing_else") {
  const auto context = make_context();
  std::vector<void*> blocks;
  while (void* block = mbedtls_calloc(1, 8 * 1024)) blocks.push_back(block);
  CHECK(blocks.size() > kTlsMemoryBytes / (9 * 1024));
  CHECK(blocks.size() <= kTlsMemoryBytes / (8 * 1024));
  // From nothing left to just not enough: each allocation of the way fails once.
  for (int i = 0; i < 12 && !blocks.empty(); i++) {
    Script script;
    TlsStream stream = make_stream(*context, script);
    const IoResult result = stream.handshake();
    if (result.status == Io::kAgain) break;
    CHECK(result.status == Io::kError);
    CHECK(contains(stream.failure(), "memory for TLS"));
    mbedtls_free(blocks.back());
    blocks.pop_back();
  }
  for (void* block : blocks) mbedtls_free(block);
  Script script;
  TlsStream stream = make_stream(*context, script);
  CHECK(stream.handshake().status == Io::kAgain);
}

}  // namespace sleipnir
