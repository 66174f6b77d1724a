#include "aws/signature.h"

#include <catch2/catch_test_macros.hpp>

#include <string>

#include "support/texts.h"
namespace sleipnir {

namespace {

constexpr AwsTime kTime = {'2', '0', '2', '6', '1', '1', '2', '1', 'T', '0', '3', '0', '0', '0', '0', 'Z'};

const AwsKeys kKeys{.access_key_id = "AKIDEXAMPLE",
                    .secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                    .session_token = "TOKENEXAMPLE=="};

std::string_view signature_of(std::string_view authorization) {
  return authorization.substr(authorization.rfind('=') + 1);
}

}  // namespace

TEST_CASE("signature_is_the_one_of_aws_s_published_vector") {
  constexpr AwsTime kThen = {'2', '0', '1', '5', '0', '8', '3', '0', 'T', '1', '2', '3', '6', '0', '0', 'Z'};
  const SignedHeader headers[] = {{"host", "example.amazonaws.com"}, {"x-amz-date", {kThen.data(), kThen.size()}}};
  const BorrowedText value = authorization({.method = "GET",
                                            .headers = headers,
                                            .body_sha256 = sha256_hex("", test::texts()),
                                            .region = "us-east-1",
                                            .service = "service"},
                                           {.access_key_id = "AKIDEXAMPLE",
                                            .secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                                            .session_token = ""},
                                           kThen, test::texts());
  CHECK(value ==
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        "SignedHeaders=host;x-amz-date, "
        "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
}

// Made by another implementation, which gives AWS's vector too.
TEST_CASE("signature_of_each_service_s_request_is_that_of_another_implementation") {
  struct Row {
    const char* service;
    const char* target;
    const char* body;
    const char* signature;
  };
  const Row rows[] = {
      {"secretsmanager", "secretsmanager.GetSecretValue", R"({"SecretId":"loki/creds"})",
       "cb9c296d52486aa5a0f0db8af1902394f381eec82b6abbe803057dcc7aed70ab"},
      {"ssm", "AmazonSSM.GetParameter", R"({"Name":"/loki/password","WithDecryption":true})",
       "249b9d8bc5688e6d33c4dccc1c895c4c7650e4244f2ab1ec98b228ad1b96a304"},
      {"kms", "TrentService.Decrypt", R"({"CiphertextBlob":"AQICAHg="})",
       "3e6e5ccc01ff88c3372c5d601cbb6b9e6c70078b6a61cd46ea2f819ce0f4ebc2"},
  };
  for (const Row& row : rows) {
    const std::string host = std::string(row.service) + ".eu-west-1.amazonaws.com";
    const SignedHeader headers[] = {{"content-type", "application/x-amz-json-1.1"},
                                    {"host", host},
                                    {"x-amz-date", {kTime.data(), kTime.size()}},
                                    {"x-amz-security-token", kKeys.session_token},
                                    {"x-amz-target", row.target}};
    const BorrowedText value = authorization({.method = "POST",
                                              .headers = headers,
                                              .body_sha256 = sha256_hex(row.body, test::texts()),
                                              .region = "eu-west-1",
                                              .service = row.service},
                                             kKeys, kTime, test::texts());
    INFO(row.service);
    CHECK(signature_of(value) == row.signature);
  }
}

TEST_CASE("signature_of_a_put_with_an_encoded_path_is_that_of_another_implementation") {
  const BorrowedText hash = sha256_hex("hello", test::texts());
  CHECK(hash == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
  const SignedHeader headers[] = {{"content-type", "application/gzip"},
                                  {"host", "my-bucket.s3.eu-west-1.amazonaws.com"},
                                  {"x-amz-content-sha256", hash},
                                  {"x-amz-date", {kTime.data(), kTime.size()}},
                                  {"x-amz-security-token", kKeys.session_token}};
  const BorrowedText value = authorization({.method = "PUT",
                                            .path = "/dlq/2026/11/21/a%20b.json.gz",
                                            .headers = headers,
                                            .body_sha256 = hash,
                                            .region = "eu-west-1",
                                            .service = "s3"},
                                           kKeys, kTime, test::texts());
  CHECK(signature_of(value) == "b140470d6a286d5c13ef028c942d26e261d72dcd2f8e3cb5de52c22f1b20556b");
}

TEST_CASE("signature_takes_keys_of_any_length") {
  const SignedHeader headers[] = {{"host", "h"}};
  for (const size_t bytes : {0U, 1U, 59U, 60U, 61U, 64U, 200U}) {
    const std::string secret(bytes, 'k');
    const AwsKeys keys{.access_key_id = "a", .secret_access_key = secret, .session_token = ""};
    const BorrowedText value = authorization({.method = "GET",
                                              .headers = headers,
                                              .body_sha256 = sha256_hex("", test::texts()),
                                              .region = "r",
                                              .service = "s"},
                                             keys, kTime, test::texts());
    CHECK(signature_of(value).size() == 64);
  }
}

TEST_CASE("aws_time_is_the_utc_second") {
  const AwsTime time = aws_time(WallTime(std::chrono::seconds(1795230000) + std::chrono::milliseconds(999)));
  CHECK(std::string(time.data(), time.size()) == "20261121T030000Z");
}

}  // namespace sleipnir
