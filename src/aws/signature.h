// Signature Version 4: how a request to an AWS service says who it is from. Pure.
//
//   SignedRequest request{.method = "POST", .host = "ssm.eu-west-1.amazonaws.com", ...};
//   const AwsTime time = aws_time(now.wall);
//   head += "Authorization: " + authorization(request, keys, time)
//
// Source: AWS General Reference, Signature Version 4; the vectors in its test are AWS's own and ones made by another
// implementation. SHA-256 is mbedTLS's.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace sleipnir {

struct AwsKeys {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;  // empty: long-lived keys

  bool given() const { return !access_key_id.empty() && !secret_access_key.empty(); }
};

// "20261121T030000Z".
using AwsTime = std::array<char, 16>;
AwsTime aws_time(WallTime now);

struct SignedHeader {
  std::string_view name;  // in lower case
  std::string_view value;
};

struct SignedRequest {
  std::string_view method;
  // As it is sent: percent-encoded, no query.
  std::string_view path = "/";
  // Sorted by name, x-amz-date and host among them; all of them are signed.
  std::span<const SignedHeader> headers;
  std::string_view body_sha256;  // in hexadecimal, see sha256_hex()
  std::string_view region;
  std::string_view service;
};

// The value of the Authorization header.
std::string authorization(const SignedRequest& request, const AwsKeys& keys, const AwsTime& time);

// Lower-case hexadecimal.
std::string sha256_hex(std::string_view bytes);

}  // namespace sleipnir
