// Signature Version 4: how a request to an AWS service says who it is from. Pure.
//
//   SignedRequest request{.method = "POST", .host = "ssm.eu-west-1.amazonaws.com", ...};
//   const AwsTime time = aws_time(now.wall);
//   head = texts.keep({head, "Authorization: ", authorization(request, keys, time, texts)})
//
// Source: AWS General Reference, Signature Version 4; the vectors in its test are AWS's own and ones made by another
// implementation. SHA-256 is mbedTLS's.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "base/text_store.h"

namespace sleipnir {

// Borrowed.
struct AwsKeys {
  std::string_view access_key_id;
  std::string_view secret_access_key;
  std::string_view session_token;  // empty: long-lived keys

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

// The value of the Authorization header. What it is made of is left in `texts` too.
BorrowedText authorization(const SignedRequest& request, const AwsKeys& keys, const AwsTime& time, TextStore& texts);

// Lower-case hexadecimal.
BorrowedText sha256_hex(std::string_view bytes, TextStore& texts);

}  // namespace sleipnir
