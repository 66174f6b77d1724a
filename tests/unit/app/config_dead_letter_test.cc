#include <catch2/catch_test_macros.hpp>

#include <string>

#include "app/config.h"
#include "support/environment.h"
#include "support/texts.h"

namespace sleipnir {

using test::TestEnvironment;

namespace {

Config config_of(const std::string& uri, std::vector<std::string> entries = {"AWS_REGION=eu-west-1"}) {
  entries.insert(entries.end(), {"LOKI_ENDPOINT=https://loki.example.com", "AWS_LAMBDA_FUNCTION_NAME=orders"});
  if (!uri.empty()) entries.push_back("LOKI_DEAD_LETTER_S3_URI=" + uri);
  const TestEnvironment environment(std::move(entries));
  return load_config(environment.environment());
}

BorrowedText url(const Config& config) {
  return config.dead_letter ? config.dead_letter->endpoint.url(test::texts()) : "none";
}

}  // namespace

TEST_CASE("config_dead_letter_is_none_where_it_is_not_asked_for") {
  CHECK(url(config_of("")) == "none");
  CHECK(config_of("").problems.empty());
}

TEST_CASE("config_dead_letter_is_named_by_bucket_in_the_host_and_by_function_in_the_path") {
  const Config config = config_of("s3://logs/lost");
  CHECK(config.problems.empty());
  CHECK(url(config) == "https://logs.s3.eu-west-1.amazonaws.com/lost/orders/");
  CHECK(config.dead_letter->region == "eu-west-1");
  CHECK(url(config_of("s3://logs")) == "https://logs.s3.eu-west-1.amazonaws.com/orders/");
}

TEST_CASE("config_dead_letter_has_its_bucket_in_the_path_with_dots_and_at_another_address") {
  CHECK(url(config_of("s3://my.logs/a b")) == "https://s3.eu-west-1.amazonaws.com/my.logs/a%20b/orders/");
  const std::string region = "AWS_REGION=eu-west-1";
  const std::string all = "AWS_ENDPOINT_URL=http://127.0.0.1:1";
  CHECK(url(config_of("s3://logs", {region, all})) == "http://127.0.0.1:1/logs/orders/");
  CHECK(url(config_of("s3://logs", {region, all, "AWS_ENDPOINT_URL_S3=http://127.0.0.1:2/ignored"})) ==
        "http://127.0.0.1:2/logs/orders/");
  CHECK(url(config_of("s3://logs", {region, all, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true"})) ==
        "https://logs.s3.eu-west-1.amazonaws.com/orders/");
  CHECK(url(config_of("s3://logs",
                      {"AWS_REGION=us-east-1", "AWS_USE_FIPS_ENDPOINT=true", "AWS_USE_DUALSTACK_ENDPOINT=true"})) ==
        "https://logs.s3-fips.dualstack.us-east-1.amazonaws.com/orders/");
}

TEST_CASE("config_dead_letter_that_cannot_be_used_is_one_line_that_names_the_variable") {
  for (const Config& config : {config_of("logs"), config_of("s3://Logs/x"), config_of("s3://logs", {}),
                               config_of("s3://logs", {"AWS_REGION=eu-west-1", "AWS_ENDPOINT_URL_S3=ftp://x"})}) {
    CHECK(url(config) == "none");
    REQUIRE(config.problems.size() == 1);
    INFO(config.problems[0].text);
    CHECK(config.problems[0].severity == Severity::kError);
    CHECK(config.problems[0].text.find("LOKI_DEAD_LETTER_S3_URI") != std::string::npos);
    CHECK(config.enabled());
  }
}

}  // namespace sleipnir
