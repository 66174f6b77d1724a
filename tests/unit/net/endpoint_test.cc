#include "net/endpoint.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>

#include "support/texts.h"
namespace sleipnir {

namespace {

using Scheme = EndpointDefaults::Scheme;

Endpoint parsed(std::string_view text, EndpointDefaults defaults = {}) {
  Result<Endpoint> endpoint = parse_endpoint(text, defaults, test::texts());
  INFO("text " << text << ", error " << (endpoint ? "" : endpoint.error().text()));
  REQUIRE(static_cast<bool>(endpoint));
  return endpoint.value();
}

BorrowedText url(std::string_view text, EndpointDefaults defaults = {}) {
  return parsed(text, defaults).url(test::texts());
}

std::string error(std::string_view text) {
  const Result<Endpoint> endpoint = parse_endpoint(text, {}, test::texts());
  INFO("text " << text);
  REQUIRE_FALSE(static_cast<bool>(endpoint));
  return endpoint.error().text();
}

bool exempt(std::string_view no_proxy, std::string_view target) {
  return proxy_exempt(no_proxy, parsed(target));
}

}  // namespace

TEST_CASE("endpoint_takes_a_whole_url_apart") {
  const Endpoint endpoint = parsed("https://me:secret@Loki.Example.com:8443/base/path?x=1");
  CHECK(endpoint.tls);
  CHECK(endpoint.host == "loki.example.com");
  CHECK(endpoint.port == 8443);
  CHECK(endpoint.path == "/base/path?x=1");
  CHECK(endpoint.host_header == "loki.example.com:8443");
  CHECK(endpoint.has_user_info);
  CHECK(endpoint.user == "me");
  CHECK(endpoint.password == "secret");
  CHECK(endpoint.url(test::texts()) == "https://loki.example.com:8443/base/path?x=1");
  CHECK(endpoint.authority == "loki.example.com:8443");
}

TEST_CASE("endpoint_uses_the_ports_of_the_schemes") {
  CHECK(parsed("https://h").port == 443);
  CHECK(parsed("http://h").port == 80);
  CHECK(parsed("HTTPS://h").tls);
  CHECK_FALSE(parsed("Http://h").tls);
}

TEST_CASE("endpoint_host_header_has_the_port_only_where_it_is_not_the_schemes_own") {
  CHECK(parsed("https://h:443").host_header == "h");
  CHECK(parsed("http://h:80").host_header == "h");
  CHECK(parsed("https://h:80").host_header == "h:80");
  CHECK(parsed("http://h:443").host_header == "h:443");
  CHECK(parsed("http://[::1]").host_header == "[::1]");
  CHECK(parsed("http://[::1]:3100").host_header == "[::1]:3100");
}

TEST_CASE("endpoint_without_scheme_is_https_but_http_on_port_3100") {
  CHECK(url("loki.example.com") == "https://loki.example.com/");
  CHECK(url("loki.example.com:8443") == "https://loki.example.com:8443/");
  CHECK(url("loki.example.com:3100") == "http://loki.example.com:3100/");
  CHECK(url("10.0.0.7:3100/x") == "http://10.0.0.7:3100/x");
  CHECK(url("https://loki.example.com:3100") == "https://loki.example.com:3100/");
}

TEST_CASE("endpoint_defaults_apply_only_to_what_the_text_leaves_open") {
  const EndpointDefaults https_only{.scheme = Scheme::kHttps};
  CHECK(url("h:3100", https_only) == "https://h:3100/");
  CHECK(url("http://h", https_only) == "http://h/");
  const EndpointDefaults loki{.scheme = Scheme::kHttp, .port = 3100};
  CHECK(url("h", loki) == "http://h:3100/");
  CHECK(url("h:80", loki) == "http://h/");
  CHECK(url("http://h", loki) == "http://h/");
  CHECK(url("https://h", loki) == "https://h/");
}

TEST_CASE("endpoint_takes_address_literals") {
  CHECK(parsed("http://10.1.2.3").host == "10.1.2.3");
  const Endpoint endpoint = parsed("https://[2001:DB8::1]:8443/x");
  CHECK(endpoint.host == "2001:db8::1");
  CHECK(endpoint.port == 8443);
  CHECK(endpoint.authority == "[2001:db8::1]:8443");
  CHECK(parsed("[::1]:3100").url(test::texts()) == "http://[::1]:3100/");
}

TEST_CASE("endpoint_drops_trailing_slashes_and_the_roots_dot") {
  CHECK(parsed("https://h/").path == "/");
  CHECK(parsed("https://h///").path == "/");
  CHECK(parsed("https://h/a/").path == "/a");
  CHECK(parsed("https://h/a/?q=/").path == "/a?q=/");
  CHECK(parsed("https://h?q=1").path == "/?q=1");
  CHECK(parsed("https://h./a").host == "h");
}

TEST_CASE("endpoint_decodes_user_info") {
  const Endpoint endpoint = parsed("https://a%40b:p%3a%2F%25@h");
  CHECK(endpoint.user == "a@b");
  CHECK(endpoint.password == "p:/%");
  CHECK(parsed("https://u:p@q@h").password == "p@q");
  CHECK(parsed("https://u:a:b@h").password == "a:b");
}

TEST_CASE("endpoint_user_info_may_lack_a_part") {
  CHECK(parsed("https://u@h").has_user_info);
  CHECK(parsed("https://u@h").password.empty());
  CHECK(parsed("https://:p@h").password == "p");
  CHECK_FALSE(parsed("https://@h").has_user_info);
  CHECK_FALSE(parsed("https://:@h").has_user_info);
  CHECK_FALSE(parsed("https://h").has_user_info);
}

TEST_CASE("endpoint_takes_user_info_without_scheme") {
  const Endpoint endpoint = parsed("u:p@h:8443/x");
  CHECK(endpoint.user == "u");
  CHECK(endpoint.url(test::texts()) == "https://h:8443/x");
}

TEST_CASE("endpoint_refuses_what_is_no_address_of_a_server") {
  struct Case {
    const char* text;
    const char* says;
  };
  const Case c = GENERATE(
      Case{"", "is empty"}, Case{"ftp://h", "unknown scheme"}, Case{"://h", "unknown scheme"},
      Case{"https://", "no host"}, Case{"https:///x", "no host"}, Case{"/x", "no host"}, Case{"?x", "no host"},
      Case{"https://:443", "no host"}, Case{"https://u:p@", "no host"}, Case{"https://h h", "contains a space"},
      Case{" https://h", "contains a space"}, Case{"https://h/\t", "contains a space"},
      Case{"https://h\n", "contains a line break"}, Case{"https://h/x\r\nX: y", "contains a line break"},
      Case{"https://h/\x01", "contains a control character"}, Case{"https://h/\x7f", "contains a control character"},
      Case{"https://h\xc3\xa4", "not ASCII"}, Case{"https://h:", "port"}, Case{"https://h:0", "port"},
      Case{"https://h:65536", "port"}, Case{"https://h:99999999999999999999", "port"}, Case{"https://h:80a", "port"},
      Case{"https://h:-1", "port"}, Case{"https://h:+80", "port"}, Case{"::1", "more than one colon"},
      Case{"https://fe80::1:3100", "more than one colon"}, Case{"https://[::1", "without ']'"},
      Case{"https://[]", "no IPv6 address"}, Case{"https://[1.2.3.4]", "no IPv6 address"},
      Case{"https://[fe80::1%25eth0]", "no IPv6 address"}, Case{"https://[::1]x", "after ']'"},
      Case{"https://[::1]:", "port"}, Case{"https://a..b", "host name"}, Case{"https://.a", "host name"},
      Case{"https://.", "host name"}, Case{"https://a<b", "host name"}, Case{"https://a\\b", "host name"},
      Case{"https://h/#top", "'#'"}, Case{"https://u:p%4@h", "two hex digits"},
      Case{"https://u%zz@h", "two hex digits"}, Case{"https://u:a%0d%0ab@h", "control character"},
      Case{"https://a%3ab:p@h", "colon"});
  CAPTURE(c.text);
  CHECK(error(c.text).find(c.says) != std::string::npos);
}

TEST_CASE("endpoint_refuses_a_host_longer_than_a_name_in_dns") {
  const std::string label(50, 'a');
  std::string host = label + "." + label + "." + label + "." + label + "." + std::string(49, 'a');
  REQUIRE(host.size() == 253);
  CHECK(parsed("https://" + host).host == host);
  host += 'a';
  CHECK(error("https://" + host).find("host name") != std::string::npos);
}

TEST_CASE("endpoint_errors_repeat_no_part_of_a_password") {
  // An unescaped '/', '#' or '@' tears a password apart: what is then taken for a port or a host is still a password.
  for (const char* text : {"https://user:hunter/2@h", "https://user:hunter#2@h", "https://user:hunter%2@h",
                           "https://user:hunter\n@h", "user:hunter:x"}) {
    CAPTURE(text);
    CHECK(error(text).find("hunter") == std::string::npos);
  }
}

TEST_CASE("push_path_is_kept_when_it_ends_in_push") {
  CHECK(push_path("/loki/api/v1/push", test::texts()) == "/loki/api/v1/push");
  CHECK(push_path("/insert/loki/api/v1/push", test::texts()) == "/insert/loki/api/v1/push");
  CHECK(push_path("/custom/push", test::texts()) == "/custom/push");
  CHECK(push_path("/push", test::texts()) == "/push");
  CHECK(push_path("/loki/api/v1/push/", test::texts()) == "/loki/api/v1/push");
}

TEST_CASE("push_path_is_appended_to_any_other") {
  CHECK(push_path("/", test::texts()) == "/loki/api/v1/push");
  CHECK(push_path("", test::texts()) == "/loki/api/v1/push");
  CHECK(push_path("/base", test::texts()) == "/base/loki/api/v1/push");
  CHECK(push_path("/base/", test::texts()) == "/base/loki/api/v1/push");
  CHECK(push_path("/xpush", test::texts()) == "/xpush/loki/api/v1/push");
}

TEST_CASE("push_path_replaces_the_legacy_one") {
  CHECK(push_path("/api/prom/push", test::texts()) == "/loki/api/v1/push");
  CHECK(push_path("/gateway/api/prom/push", test::texts()) == "/gateway/loki/api/v1/push");
}

TEST_CASE("push_path_keeps_a_query_at_the_end") {
  CHECK(push_path("/?tenant=a", test::texts()) == "/loki/api/v1/push?tenant=a");
  CHECK(push_path("/loki/api/v1/push?x=/push", test::texts()) == "/loki/api/v1/push?x=/push");
  CHECK(push_path("/a?x=/push", test::texts()) == "/a/loki/api/v1/push?x=/push");
}

TEST_CASE("endpoint_knows_loopback_by_its_text") {
  for (const char* text : {"localhost", "LOCALHOST", "a.localhost", "127.0.0.1", "127.8.9.1", "[::1]", "[0:0::1]"}) {
    CAPTURE(text);
    CHECK(parsed(text).is_loopback());
  }
  for (const char* text : {"localhost.example.com", "notlocalhost", "128.0.0.1", "[::2]", "127.example.com"}) {
    CAPTURE(text);
    CHECK_FALSE(parsed(text).is_loopback());
  }
}

TEST_CASE("no_proxy_covers_hosts_and_everything_below_domains") {
  CHECK(exempt("loki.example.com", "https://loki.example.com"));
  CHECK(exempt("Example.COM", "https://loki.example.com"));
  CHECK(exempt(".example.com", "https://loki.example.com"));
  CHECK(exempt("*.example.com", "https://loki.example.com"));
  CHECK(exempt("a, b ,example.com", "https://loki.example.com"));
  CHECK(exempt("*", "https://loki.example.com"));
  CHECK_FALSE(exempt("ample.com", "https://loki.example.com"));
  CHECK_FALSE(exempt("loki.example.com.evil", "https://loki.example.com"));
  CHECK_FALSE(exempt("x.loki.example.com", "https://loki.example.com"));
  CHECK_FALSE(exempt("", "https://loki.example.com"));
  CHECK_FALSE(exempt(",. , *.,", "https://loki.example.com"));
}

TEST_CASE("no_proxy_with_a_port_covers_that_port_alone") {
  CHECK(exempt("example.com:8443", "https://loki.example.com:8443"));
  CHECK_FALSE(exempt("example.com:8443", "https://loki.example.com"));
  CHECK_FALSE(exempt("example.com:x", "https://loki.example.com"));
}

TEST_CASE("no_proxy_covers_addresses_and_networks") {
  CHECK(exempt("10.1.2.3", "http://10.1.2.3"));
  CHECK(exempt("10.1.2.3:3100", "http://10.1.2.3:3100"));
  CHECK(exempt("10.0.0.0/8", "http://10.200.2.3"));
  CHECK(exempt("10.1.2.0/23", "http://10.1.3.255"));
  CHECK(exempt("0.0.0.0/0", "http://10.1.3.255"));
  CHECK(exempt("fd00::/8", "http://[fd12::1]"));
  CHECK(exempt("2001:db8::1", "http://[2001:db8:0::1]"));
  CHECK(exempt("[2001:db8::1]:3100", "http://[2001:db8::1]:3100"));
  CHECK_FALSE(exempt("10.1.2.0/23", "http://10.1.4.0"));
  CHECK_FALSE(exempt("10.0.0.0/33", "http://10.0.0.1"));
  CHECK_FALSE(exempt("10.0.0.0/", "http://10.0.0.1"));
  CHECK_FALSE(exempt("fd00::/8", "http://10.0.0.1"));
  CHECK_FALSE(exempt("10.0.0.0/8", "http://10.example.com"));
}

TEST_CASE("loopback_never_goes_through_a_proxy") {
  CHECK(exempt("", "http://127.0.0.1:3100"));
  CHECK(exempt("", "http://localhost:3100"));
}

TEST_CASE("server_name_is_a_host_name_or_an_address") {
  CHECK(valid_server_name("loki.example.com"));
  CHECK(valid_server_name("10.0.0.1"));
  CHECK(valid_server_name("2001:db8::1"));
  CHECK_FALSE(valid_server_name(""));
  CHECK_FALSE(valid_server_name("loki.example.com:443"));
  CHECK_FALSE(valid_server_name("a b"));
}

}  // namespace sleipnir
