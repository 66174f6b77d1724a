#include "aws/secret_reference.h"

#include <catch2/catch_test_macros.hpp>

#include <string>

#include "aws/service_endpoint.h"
#include "support/texts.h"

namespace sleipnir {

TEST_CASE("secret_reference_in_each_form") {
  struct Row {
    const char* text;
    SecretStore store;
    const char* id;
    const char* region;
    const char* member;
  };
  const Row rows[] = {
      {"arn:aws:secretsmanager:eu-west-1:123456789012:secret:loki-Ab12Cd", SecretStore::kSecretsManager,
       "arn:aws:secretsmanager:eu-west-1:123456789012:secret:loki-Ab12Cd", "eu-west-1", ""},
      {"arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:a/b-Ab12Cd#pass word", SecretStore::kSecretsManager,
       "arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:a/b-Ab12Cd", "cn-north-1", "pass word"},
      {"secretsmanager:loki/creds#password", SecretStore::kSecretsManager, "loki/creds", "", "password"},
      {"arn:aws:ssm:us-east-1:123456789012:parameter/loki/password", SecretStore::kParameterStore,
       "arn:aws:ssm:us-east-1:123456789012:parameter/loki/password", "us-east-1", ""},
      {"ssm:/loki/password", SecretStore::kParameterStore, "/loki/password", "", ""},
      {"ssm:/loki/password:3#key", SecretStore::kParameterStore, "/loki/password:3", "", "key"},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    const std::optional<SecretReference> reference = parse_secret_reference(row.text);
    REQUIRE(reference);
    CHECK(reference->store == row.store);
    CHECK(reference->id == row.id);
    CHECK(reference->region == row.region);
    CHECK(reference->member == row.member);
  }
}

TEST_CASE("secret_reference_is_nothing_that_a_password_looks_like") {
  for (const char* text : {"", "hunter2", "a:b", "ssm", "ssm:", "secretsmanager:", "secretsmanager:#key", "Ssm:/x",
                           "arn:", "arn:aws:s3:::bucket/key", "arn:aws:ssm", "glc_abc:def", "{\"a\":\"b\"}"}) {
    INFO(text);
    CHECK_FALSE(parse_secret_reference(text));
  }
}

TEST_CASE("secret_request_escapes_the_name") {
  CHECK(request_body(*parse_secret_reference("secretsmanager:loki/creds"), test::texts()) ==
        R"({"SecretId":"loki/creds"})");
  CHECK(request_body(*parse_secret_reference("ssm:/a\"b"), test::texts()) ==
        R"({"Name":"/a\"b","WithDecryption":true})");
}

TEST_CASE("secret_in_an_answer_whole_or_a_member_of_it") {
  const auto value = [](const char* reference, std::string_view answer) {
    const Result<BorrowedText> found = secret_in_answer(*parse_secret_reference(reference), answer, test::texts());
    return found ? std::string(found.value()) : std::string("error: ") + found.error().text();
  };
  constexpr const char* kJson = R"({"Name":"x","SecretString":"{\"password\":\"a \\\"b\\\" \u00e9\",\"port\":1}\n"})";
  CHECK(value("secretsmanager:x", R"({"SecretString":"word\r\n"})") == "word");
  CHECK(value("secretsmanager:x", kJson) == R"({"password":"a \"b\" )"
                                            "\xc3\xa9"
                                            R"(","port":1})");
  CHECK(value("secretsmanager:x#password", kJson) == "a \"b\" \xc3\xa9");
  CHECK(value("secretsmanager:x#port", kJson) == "1");
  CHECK(value("ssm:/x", R"({"Parameter":{"Value":"word","Version":2}})") == "word");
  CHECK(value("secretsmanager:x#other", kJson) == "error: it is no JSON object with the member other");
  CHECK(value("secretsmanager:x#other", R"({"SecretString":"word"})") ==
        "error: it is no JSON object with the member other");
  CHECK(value("secretsmanager:x", R"({"SecretBinary":"AAAA"})") == "error: its answer has no text in it");
  CHECK(value("secretsmanager:x", R"({"SecretString":"\n"})") == "error: it is empty");
  for (const char* answer :
       {"", "{", "[]", "null", R"({"Parameter":7})", R"({"Parameter":{}})", R"({"SecretString":"cut)"}) {
    INFO(answer);
    CHECK(value("ssm:/x", answer) == "error: its answer has no text in it");
    CHECK(value("secretsmanager:x", answer) == "error: its answer has no text in it");
  }
}

TEST_CASE("secret_failure_is_aws_s_own_words_on_one_line") {
  CHECK(failure_in_answer(400, R"({"__type":"com.amazon#AccessDeniedException","Message":"not\nyou"})",
                          test::texts()) == "AccessDeniedException: not you");
  CHECK(failure_in_answer(400, R"({"__type":"ParameterNotFound"})", test::texts()) == "ParameterNotFound");
  CHECK(failure_in_answer(503, "<html>", test::texts()) == "status 503");
  CHECK(failure_in_answer(400, R"({"__type":"X","message":")" + std::string(5000, 'm') + "\"}", test::texts()).size() <
        300);
}

TEST_CASE("service_url_by_partition_fips_and_dual_stack") {
  const auto url = [](std::string_view service, std::string_view region, AwsEndpointOptions options = {}) {
    return service_url(service, region, options, test::texts());
  };
  CHECK(url("ssm", "eu-west-1") == "https://ssm.eu-west-1.amazonaws.com");
  CHECK(url("ssm", "us-gov-west-1", {.fips = true}) == "https://ssm-fips.us-gov-west-1.amazonaws.com");
  CHECK(url("secretsmanager", "cn-north-1") == "https://secretsmanager.cn-north-1.amazonaws.com.cn");
  CHECK(url("ssm", "cn-north-1", {.dual_stack = true}) == "https://ssm.cn-north-1.api.amazonwebservices.com.cn");
  CHECK(url("ssm", "eu-west-1", {.fips = true, .dual_stack = true}) == "https://ssm-fips.eu-west-1.api.aws");
  CHECK(url("ssm", "eusc-de-east-1") == "https://ssm.eusc-de-east-1.amazonaws.eu");
  CHECK(url("ssm", "us-iso-east-1", {.dual_stack = true}) == "https://ssm.us-iso-east-1.c2s.ic.gov");
  CHECK(url("ssm", "us-isob-east-1") == "https://ssm.us-isob-east-1.sc2s.sgov.gov");
  CHECK(url("ssm", "eu-west-1", {.override_url = "http://127.0.0.1:1", .fips = true}) == "http://127.0.0.1:1");
}

}  // namespace sleipnir
