// ProxyStream over a scripted connection to the proxy.
#include "net/proxy_stream.h"

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>

#include "fake/scripted_stream.h"

namespace sleipnir::test {
namespace {

constexpr std::string_view kOpened = "HTTP/1.1 200 Connection established\r\nProxy-agent: test\r\n\r\n";

struct Tunnel {
  explicit Tunnel(const char* proxy_url = "http://proxy.example:3128", const char* url = "https://loki.example.com")
      : proxy(parse_endpoint(proxy_url, {}, texts).value()),
        target(parse_endpoint(url, {}, texts).value()),
        stream(std::make_unique<ScriptedStream>(script), proxy, target) {}

  Script script;
  TextStore texts;
  Endpoint proxy;
  Endpoint target;
  ProxyStream stream;
};

}  // namespace

TEST_CASE("proxy_stream_asks_for_the_tunnel_by_host_and_port") {
  Tunnel tunnel;
  tunnel.script.incoming = kOpened;
  CHECK(tunnel.stream.handshake().status == Io::kOk);
  CHECK(tunnel.script.written == "CONNECT loki.example.com:443 HTTP/1.1\r\nHost: loki.example.com:443\r\n\r\n");
}

TEST_CASE("proxy_stream_names_an_ipv6_target_in_brackets") {
  Tunnel tunnel("http://proxy.example:3128", "http://[2001:db8::1]:3100");
  tunnel.script.incoming = kOpened;
  CHECK(tunnel.stream.handshake().status == Io::kOk);
  CHECK(tunnel.script.written.starts_with("CONNECT [2001:db8::1]:3100 HTTP/1.1\r\n"));
}

TEST_CASE("proxy_stream_sends_the_user_info_as_basic_authorization") {
  Tunnel tunnel("http://user:pa%3Ass@proxy.example:3128");
  tunnel.script.incoming = kOpened;
  CHECK(tunnel.stream.handshake().status == Io::kOk);
  CHECK(tunnel.script.written.ends_with("\r\nProxy-Authorization: Basic dXNlcjpwYTpzcw==\r\n\r\n"));
}

TEST_CASE("proxy_stream_passes_bytes_through_once_the_tunnel_is_open") {
  Tunnel tunnel;
  tunnel.script.incoming = kOpened;
  REQUIRE(tunnel.stream.handshake().status == Io::kOk);
  tunnel.script.written.clear();
  tunnel.script.incoming = "from Loki";
  const iovec sent = piece("to Loki", 7);
  CHECK(tunnel.stream.write(Pieces(&sent, 1)).bytes == 7);
  CHECK(tunnel.script.written == "to Loki");
  std::array<char, 64> out;
  const IoResult got = tunnel.stream.read(out);
  CHECK(std::string_view(out.data(), got.bytes) == "from Loki");
}

TEST_CASE("proxy_stream_takes_an_answer_in_any_pieces") {
  for (size_t cut = 1; cut < kOpened.size(); cut++) {
    Tunnel tunnel;
    tunnel.script.incoming = kOpened.substr(0, cut);
    REQUIRE(tunnel.stream.handshake().status == Io::kAgain);
    CHECK(tunnel.stream.wants() == Interest::kRead);
    tunnel.script.incoming = kOpened.substr(cut);
    CHECK(tunnel.stream.handshake().status == Io::kOk);
  }
}

TEST_CASE("proxy_stream_sends_its_request_in_any_pieces") {
  Tunnel tunnel;
  tunnel.script.write_bytes_max = 0;
  CHECK(tunnel.stream.handshake().status == Io::kAgain);
  CHECK(tunnel.stream.wants() == Interest::kWrite);
  tunnel.script.write_bytes_max = 7;
  tunnel.script.incoming = kOpened;
  CHECK(tunnel.stream.handshake().status == Io::kOk);
  CHECK(tunnel.script.written.ends_with("\r\n\r\n"));
}

TEST_CASE("proxy_stream_says_what_the_proxy_answered") {
  struct Case {
    std::string_view answer;
    std::string_view failure;
  };
  const auto [answer, failure] =
      GENERATE(Case{"HTTP/1.1 403 Forbidden\r\n\r\n", "the proxy answered 403 Forbidden"},
               Case{"HTTP/1.0 407 Proxy Authentication Required\r\n\r\n",
                    "the proxy answered 407 Proxy Authentication Required; put user:password@ into LOKI_PROXY"},
               Case{"HTTP/1.1 502\r\n\r\n", "the proxy answered 502"},
               Case{"SSH-2.0-OpenSSH_9.2\r\n\r\n", "the proxy's answer is not HTTP"},
               Case{"\r\n\r\n", "the proxy's answer is not HTTP"},
               Case{"HTTP/1.1 200 OK\r\n\r\nhello", "the proxy said more than that the tunnel is open"});
  Tunnel tunnel;
  tunnel.script.incoming = answer;
  CHECK(tunnel.stream.handshake().status == Io::kError);
  CHECK(std::string_view(tunnel.stream.failure()) == failure);
  CHECK(tunnel.stream.handshake().status == Io::kError);
}

TEST_CASE("proxy_stream_gives_up_on_an_answer_without_an_end") {
  Tunnel tunnel;
  tunnel.script.incoming = "HTTP/1.1 200 OK\r\nX: " + std::string(5000, 'x');
  CHECK(tunnel.stream.handshake().status == Io::kError);
  CHECK(std::string_view(tunnel.stream.failure()) == "the proxy's answer is not HTTP");
}

TEST_CASE("proxy_stream_fails_as_its_connection_fails") {
  Tunnel refused;
  refused.script.connect = Io::kError;
  CHECK(refused.stream.handshake().status == Io::kError);
  CHECK(std::string_view(refused.stream.failure()) == "the network is on strike");
  Tunnel ended;
  ended.script.after_incoming = Io::kClosed;
  CHECK(ended.stream.handshake().status == Io::kError);
  CHECK(std::string_view(ended.stream.failure()) == "the proxy closed the connection");
}

}  // namespace sleipnir::test
