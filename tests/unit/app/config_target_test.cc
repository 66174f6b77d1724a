// Where pushes go: every alias of the endpoint, its errors, and the proxy.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "support/environment.h"
#include "support/texts.h"

namespace sleipnir {

using test::has_error;
using test::has_warning;
using test::load_with;
using test::problem_texts;
using test::TestEnvironment;

namespace {

Config load(std::vector<std::string> entries) {
  return TestEnvironment(std::move(entries)).load();
}

BorrowedText url_of(const Config& config) {
  return config.endpoint ? config.endpoint->url(test::texts()) : "none";
}

std::string proxy_of(const Config& config) {
  return std::string(config.proxy ? config.proxy->authority : "none");
}

}  // namespace

TEST_CASE("every_alias_of_the_endpoint_leads_to_the_push_path") {
  struct Case {
    const char* entry;
    const char* url;
  };
  const Case c =
      GENERATE(Case{"LOKI_ENDPOINT=https://l.example.com", "https://l.example.com/loki/api/v1/push"},
               Case{"LOKI_ENDPOINT=https://l.example.com/", "https://l.example.com/loki/api/v1/push"},
               Case{"LOKI_ENDPOINT=l.example.com", "https://l.example.com/loki/api/v1/push"},
               Case{"LOKI_ENDPOINT=l.example.com:3100", "http://l.example.com:3100/loki/api/v1/push"},
               Case{"LOKI_URL=https://l.example.com/loki/api/v1/push", "https://l.example.com/loki/api/v1/push"},
               Case{"LOKI_URL=https://l.example.com/loki/api/v1/push/", "https://l.example.com/loki/api/v1/push"},
               Case{"LOKI_URL=http://l.example.com:3100/api/prom/push", "http://l.example.com:3100/loki/api/v1/push"},
               Case{"LOKI_PUSH_ENDPOINT=https://l.example.com/own/push", "https://l.example.com/own/push"},
               Case{"LOKI_PUSH_URL=https://l.example.com/base", "https://l.example.com/base/loki/api/v1/push"},
               Case{"LOKI_ENDPOINT_URL=http://[::1]:3100", "http://[::1]:3100/loki/api/v1/push"},
               Case{"LOKI_HOST=logs.example.com", "https://logs.example.com/loki/api/v1/push"},
               Case{"LOKI_HOST=logs.example.com:3100", "https://logs.example.com:3100/loki/api/v1/push"},
               Case{"LOKI_HOST=http://logs.example.com", "http://logs.example.com/loki/api/v1/push"},
               Case{"LOKI_IP=10.0.0.5", "http://10.0.0.5:3100/loki/api/v1/push"},
               Case{"LOKI_IP=10.0.0.5:80", "http://10.0.0.5/loki/api/v1/push"},
               Case{"LOKI_IP=http://10.0.0.5:3100", "http://10.0.0.5:3100/loki/api/v1/push"},
               Case{"LOKI_IP=http://10.0.0.5:3100/loki", "http://10.0.0.5:3100/loki/api/v1/push"});
  CAPTURE(c.entry);
  const Config config = load({c.entry});
  CHECK(url_of(config) == c.url);
  CHECK(config.enabled());
  CHECK(problem_texts(config) == "");
}

TEST_CASE("the_first_alias_that_is_set_wins_and_a_disagreement_is_named_once") {
  const Config config = load({"LOKI_IP=10.0.0.5", "LOKI_PUSH_URL=https://b", "LOKI_URL=https://a"});
  CHECK(url_of(config) == "https://a/loki/api/v1/push");
  CHECK(has_warning(config, {"LOKI_URL and LOKI_PUSH_URL", "LOKI_URL is used"}));
  CHECK(has_warning(config, {"LOKI_URL and LOKI_IP", "LOKI_URL is used"}));
  CHECK(config.problems.size() == 2);
  CHECK(problem_texts(load({"LOKI_PUSH_URL=https://a", "LOKI_URL=https://a"})) == "");
}

TEST_CASE("without_an_endpoint_one_line_names_the_variable_and_its_form") {
  const Config config = load({"LOKI_AUTH_TOKEN=t"});
  CHECK_FALSE(config.enabled());
  CHECK(problem_texts(config) ==
        "error: LOKI_ENDPOINT is not set, so nothing is shipped; set it to https://host[:port][/path] of your Loki\n");
}

TEST_CASE("an_unusable_endpoint_disables_with_a_line_that_names_the_variable_that_set_it") {
  struct Case {
    const char* entry;
    const char* says;
  };
  const Case c = GENERATE(Case{"LOKI_URL=ftp://h", "unknown scheme"}, Case{"LOKI_PUSH_URL=https://", "no host"},
                          Case{"LOKI_HOST=a b", "contains a space"}, Case{"LOKI_IP=10.0.0.1:x", "port"},
                          Case{"LOKI_ENDPOINT=https://h\n", "line break"}, Case{"LOKI_PUSH_ENDPOINT=::1", "[::1]"},
                          Case{"LOKI_ENDPOINT_URL=https://h/#", "'#'"});
  CAPTURE(c.entry);
  const Config config = load({c.entry});
  CHECK_FALSE(config.enabled());
  CHECK_FALSE(config.endpoint.has_value());
  const std::string_view entry = c.entry;
  CHECK(config.problems.size() == 1);
  CHECK(has_error(config, {entry.substr(0, entry.find('=') + 1), c.says, "https://host[:port][/path]"}));
}

TEST_CASE("user_info_of_an_unusable_endpoint_is_not_shown") {
  const Config config = load({"LOKI_URL=https://me:hunter2@h:x"});
  REQUIRE(config.problems.size() == 1);
  CHECK(config.problems[0].text.find("hunter2") == std::string::npos);
  CHECK(has_error(config, {"https://****@h:x"}));
}

TEST_CASE("a_switched_off_extension_asks_for_nothing") {
  const Config without = load({"LOKI_EXTENSION_ENABLED=false"});
  CHECK_FALSE(without.enabled());
  CHECK(problem_texts(without) == "");
  const Config with = load({"LOKI_EXTENSION_ENABLED=no", "LOKI_URL=https://h"});
  CHECK_FALSE(with.enabled());
  CHECK(problem_texts(with) == "");
}

TEST_CASE("a_proxy_is_taken_from_its_three_names") {
  CHECK(proxy_of(load_with({"LOKI_PROXY=http://proxy:3128"})) == "proxy:3128");
  CHECK(proxy_of(load_with({"HTTPS_PROXY=proxy:3128"})) == "proxy:3128");
  CHECK(proxy_of(load_with({"https_proxy=http://proxy"})) == "proxy:80");
  CHECK(proxy_of(load_with({})) == "none");
  const Config both = load_with({"LOKI_PROXY=http://a:1", "HTTPS_PROXY=http://b:1"});
  CHECK(proxy_of(both) == "a:1");
  CHECK(has_warning(both, {"LOKI_PROXY and HTTPS_PROXY", "LOKI_PROXY is used"}));
}

TEST_CASE("a_proxy_keeps_its_user_info") {
  const Config config = load_with({"LOKI_PROXY=http://me:p%40ss@proxy:3128"});
  REQUIRE(config.proxy.has_value());
  CHECK(config.proxy->user == "me");
  CHECK(config.proxy->password == "p@ss");
  CHECK(problem_texts(config) == "");
}

TEST_CASE("the_systems_proxy_is_for_https_alone") {
  CHECK(proxy_of(load({"LOKI_URL=http://h", "HTTPS_PROXY=http://proxy:1"})) == "none");
  CHECK(proxy_of(load({"LOKI_URL=http://h", "LOKI_PROXY=http://proxy:1"})) == "proxy:1");
}

TEST_CASE("no_proxy_and_loopback_exempt_from_the_proxy") {
  CHECK(proxy_of(load_with({"LOKI_PROXY=http://proxy:1", "NO_PROXY=example.com"})) == "none");
  CHECK(proxy_of(load_with({"LOKI_PROXY=http://proxy:1", "no_proxy=.example.com"})) == "none");
  CHECK(proxy_of(load_with({"LOKI_PROXY=http://proxy:1", "NO_PROXY=other.com"})) == "proxy:1");
  CHECK(proxy_of(load({"LOKI_URL=https://localhost:1", "LOKI_PROXY=http://proxy:1"})) == "none");
}

TEST_CASE("a_proxy_that_cannot_be_used_is_named") {
  const Config tls = load_with({"LOKI_PROXY=https://me:hunter2@proxy"});
  CHECK(proxy_of(tls) == "none");
  CHECK(has_error(tls, {"LOKI_PROXY=https://****@proxy", "not supported", "http://[user:password@]host:port"}));
  const Config bad = load_with({"HTTPS_PROXY=socks5://proxy"});
  CHECK(proxy_of(bad) == "none");
  CHECK(has_error(bad, {"HTTPS_PROXY=socks5://proxy", "unknown scheme"}));
}

}  // namespace sleipnir
