#include "aws/s3_location.h"

#include <catch2/catch_test_macros.hpp>

#include <string>

#include "aws/service_endpoint.h"
#include "support/texts.h"

namespace sleipnir {

TEST_CASE("s3_location_is_a_bucket_and_a_prefix_without_slashes_at_its_ends") {
  struct Row {
    const char* text;
    const char* bucket;
    const char* prefix;
  };
  const Row rows[] = {{"s3://logs", "logs", ""},
                      {"s3://logs/", "logs", ""},
                      {"s3://my.logs-1/a/b c//", "my.logs-1", "a/b c"},
                      {"s3://123//a", "123", "a"}};
  for (const Row& row : rows) {
    INFO(row.text);
    const std::optional<S3Location> location = parse_s3_location(row.text);
    REQUIRE(location);
    CHECK(location->bucket == row.bucket);
    CHECK(location->prefix == row.prefix);
  }
  const std::string longest = "s3://logs/" + std::string(512, 'x');
  CHECK(parse_s3_location(longest));
  CHECK(parse_s3_location("s3://" + std::string(63, 'x')));
}

TEST_CASE("s3_location_is_none_with_another_scheme_or_a_name_that_no_bucket_has") {
  for (const std::string text :
       {"", "logs", "s3:/logs", "https://logs/x", "S3://logs", "s3://", "s3:///x", "s3://ab", "s3://Logs", "s3://lo_gs",
        "s3://-logs", "s3://logs-", "s3://.logs", "s3://lo..gs", "s3://lo gs", "s3://logs?x", "s3://user@logs"}) {
    INFO(text);
    CHECK(!parse_s3_location(text));
  }
  CHECK(!parse_s3_location("s3://" + std::string(64, 'x')));
  CHECK(!parse_s3_location("s3://logs/" + std::string(513, 'x')));
}

TEST_CASE("s3_path_encodes_each_byte_once_that_is_not_unreserved") {
  CHECK(s3_path("", "", "", test::texts()) == "/");
  CHECK(s3_path("bucket", "a/b c", "fn_1", test::texts()) == "/bucket/a/b%20c/fn_1/");
  CHECK(s3_path("", "x%20=\xC3\xA4~", "", test::texts()) == "/x%2520%3D%C3%A4~/");
}

TEST_CASE("s3_failure_is_its_code_and_message_in_one_line") {
  CHECK(s3_failure(403, "<?xml?>\n<Error><Code>AccessDenied</Code><Message>Access\nDenied</Message></Error>",
                   test::texts()) == "AccessDenied: Access Denied");
  CHECK(s3_failure(404, "<Error><Code>NoSuchBucket</Code>", test::texts()) == "NoSuchBucket: ");
  CHECK(s3_failure(503, "", test::texts()) == "status 503");
  CHECK(s3_failure(400, "<Code>", test::texts()) == "status 400");
  CHECK(s3_failure(400, "<Code>" + std::string(5000, 'x'), test::texts()).size() < 300);
}

TEST_CASE("service_url_of_s3_has_its_own_dual_stack_form_and_the_bucket_in_front") {
  const auto url = [](std::string_view region, const AwsEndpointOptions& options) {
    return service_url("s3", region, options, test::texts());
  };
  CHECK(url("eu-west-1", {}) == "https://s3.eu-west-1.amazonaws.com");
  CHECK(url("eu-west-1", {.bucket = "logs"}) == "https://logs.s3.eu-west-1.amazonaws.com");
  CHECK(url("us-east-1", {.fips = true, .bucket = "logs"}) == "https://logs.s3-fips.us-east-1.amazonaws.com");
  CHECK(url("eu-west-1", {.dual_stack = true}) == "https://s3.dualstack.eu-west-1.amazonaws.com");
  CHECK(url("us-gov-west-1", {.fips = true, .dual_stack = true}) ==
        "https://s3-fips.dualstack.us-gov-west-1.amazonaws.com");
  CHECK(url("cn-north-1", {.dual_stack = true}) == "https://s3.dualstack.cn-north-1.amazonaws.com.cn");
  CHECK(url("us-iso-east-1", {.dual_stack = true}) == "https://s3.us-iso-east-1.c2s.ic.gov");
  CHECK(url("eu-west-1", {.override_url = "http://127.0.0.1:1"}) == "http://127.0.0.1:1");
}

}  // namespace sleipnir
