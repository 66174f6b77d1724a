#include "aws/signature.h"

#include <mbedtls/sha256.h>

#include <algorithm>
#include <cstdio>

#include "base/date.h"
#include "base/joined.h"

namespace sleipnir {

namespace {

constexpr size_t kBlockBytes = 64;
using Digest = std::array<unsigned char, 32>;

std::string_view view(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

Digest sha256(std::string_view bytes) {
  Digest digest;
  // It can fail only where hardware does the work.
  static_cast<void>(
      mbedtls_sha256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data(), 0));
  return digest;
}

// RFC 2104. `text` is a date, a name or a string to sign: short.
Digest hmac(std::string_view key, std::string_view text) {
  const Digest hashed = sha256(key);
  if (key.size() > kBlockBytes) key = view(hashed);
  std::string inner(kBlockBytes, '\x36');
  std::string outer(kBlockBytes, '\x5c');
  for (size_t i = 0; i < key.size(); i++) {
    inner[i] = static_cast<char>(inner[i] ^ key[i]);
    outer[i] = static_cast<char>(outer[i] ^ key[i]);
  }
  return sha256(outer.append(view(sha256(inner.append(text)))));
}

std::string hex(const Digest& digest) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : digest) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace

std::string sha256_hex(std::string_view bytes) {
  return hex(sha256(bytes));
}

AwsTime aws_time(WallTime now) {
  const tm date = date_of(std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count());
  char text[80];  // what the compiler thinks a date may have
  snprintf(text, sizeof(text), "%04d%02d%02dT%02d%02d%02dZ", date.tm_year + 1900, date.tm_mon + 1, date.tm_mday,
           date.tm_hour, date.tm_min, date.tm_sec);
  AwsTime time;
  std::copy_n(text, time.size(), time.begin());
  return time;
}

std::string authorization(const SignedRequest& request, const AwsKeys& keys, const AwsTime& time) {
  const std::string_view date(time.data(), 8);
  std::string names;
  // No query is ever signed here: its line is empty.
  std::string canonical = joined({request.method, "\n", request.path, "\n\n"});
  for (const SignedHeader& header : request.headers) {
    canonical.append(joined({header.name, ":", header.value, "\n"}));
    names.append(joined({names.empty() ? "" : ";", header.name}));
  }
  canonical.append(joined({"\n", names, "\n", request.body_sha256}));

  const std::string scope = joined({date, "/", request.region, "/", request.service, "/aws4_request"});
  const std::string to_sign =
      joined({"AWS4-HMAC-SHA256\n", {time.data(), time.size()}, "\n", scope, "\n", sha256_hex(canonical)});
  Digest key = hmac(joined({"AWS4", keys.secret_access_key}), date);
  for (const std::string_view text : {request.region, request.service, std::string_view("aws4_request")}) {
    key = hmac(view(key), text);
  }
  return joined({"AWS4-HMAC-SHA256 Credential=", keys.access_key_id, "/", scope, ", SignedHeaders=", names,
                 ", Signature=", hex(hmac(view(key), to_sign))});
}

}  // namespace sleipnir
