#include <catch2/catch_test_macros.hpp>

#include <string>

#include "app/config.h"
#include "support/environment.h"
#include "support/texts.h"

namespace sleipnir {

using test::TestEnvironment;

namespace {

Config config_of(std::vector<std::string> entries) {
  entries.push_back("LOKI_ENDPOINT=https://loki.example.com");
  const TestEnvironment environment(std::move(entries));
  return load_config(environment.environment());
}

constexpr const char* kUser = "LOKI_USERNAME=me";
constexpr const char* kPassword = "LOKI_PASSWORD=ssm:/loki/password";
constexpr const char* kRegion = "AWS_REGION=eu-west-1";

}  // namespace

TEST_CASE("config_secrets_are_found_with_their_service") {
  const Config config = config_of({kUser, kPassword, kRegion, "LOKI_HEADERS=secretsmanager:headers"});
  CHECK(config.problems.empty());
  REQUIRE(config.secrets.size() == 2);
  CHECK(std::string(config.secrets[0].variable) == "LOKI_HEADERS");
  CHECK(config.secrets[0].service.endpoint.url(test::texts()) == "https://secretsmanager.eu-west-1.amazonaws.com/");
  CHECK(std::string(config.secrets[1].variable) == "LOKI_PASSWORD");
  CHECK(config.secrets[1].service.endpoint.url(test::texts()) == "https://ssm.eu-west-1.amazonaws.com/");
  CHECK(config.secrets[1].service.region == "eu-west-1");
  CHECK(config.authorization_source == "LOKI_USERNAME and LOKI_PASSWORD");
}

TEST_CASE("config_secrets_region_of_an_arn_comes_before_the_function_s") {
  const Config config = config_of({kUser, kRegion, "LOKI_PASSWORD=arn:aws:ssm:us-east-1:123456789012:parameter/x"});
  REQUIRE(config.secrets.size() == 1);
  CHECK(config.secrets[0].service.region == "us-east-1");
  CHECK(config.secrets[0].service.endpoint.host == "ssm.us-east-1.amazonaws.com");
}

TEST_CASE("config_secrets_without_a_region_are_not_used_and_said") {
  const Config config = config_of({kUser, kPassword});
  CHECK(config.secrets.empty());
  CHECK(config.authorization.empty());
  CHECK(config.has_errors());
}

TEST_CASE("config_secrets_endpoints_as_the_standard_variables_say") {
  const auto url = [](std::vector<std::string> more) {
    more.insert(more.end(), {kUser, kPassword, kRegion});
    const Config config = config_of(std::move(more));
    return config.secrets.empty() ? BorrowedText("none") : config.secrets[0].service.endpoint.url(test::texts());
  };
  const std::string all = "AWS_ENDPOINT_URL=http://127.0.0.1:1";
  CHECK(url({all}) == "http://127.0.0.1:1/");
  CHECK(url({all, "AWS_ENDPOINT_URL_SSM=http://127.0.0.1:2"}) == "http://127.0.0.1:2/");
  CHECK(url({all, "AWS_ENDPOINT_URL_SECRETS_MANAGER=http://127.0.0.1:2"}) == "http://127.0.0.1:1/");
  CHECK(url({all, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true"}) == "https://ssm.eu-west-1.amazonaws.com/");
  CHECK(url({"AWS_USE_FIPS_ENDPOINT=true"}) == "https://ssm-fips.eu-west-1.amazonaws.com/");
  CHECK(url({"AWS_USE_DUALSTACK_ENDPOINT=true"}) == "https://ssm.eu-west-1.api.aws/");
  CHECK(url({"AWS_ENDPOINT_URL=ftp://x"}) == "none");
}

TEST_CASE("config_secrets_are_asked_for_through_the_https_proxy_and_never_through_loki_s") {
  const auto proxy = [](std::vector<std::string> more) {
    more.insert(more.end(), {kUser, kPassword, kRegion});
    const Config config = config_of(std::move(more));
    REQUIRE(config.secrets.size() == 1);
    return std::string(config.secrets[0].service.proxy ? config.secrets[0].service.proxy->host : "none");
  };
  CHECK(proxy({"LOKI_PROXY=http://loki-proxy:1"}) == "none");
  CHECK(proxy({"LOKI_PROXY=http://loki-proxy:1", "HTTPS_PROXY=http://proxy:1"}) == "proxy");
  CHECK(proxy({"https_proxy=http://proxy:1"}) == "proxy");
  CHECK(proxy({"HTTPS_PROXY=http://proxy:1", "NO_PROXY=.amazonaws.com"}) == "none");
}

}  // namespace sleipnir
