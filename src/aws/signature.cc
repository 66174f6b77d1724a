#include "aws/signature.h"

#include <mbedtls/sha256.h>

#include <algorithm>
#include <cstdio>

#include "base/date.h"

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
Digest hmac(std::string_view key, std::string_view text, TextStore& texts) {
  const Digest hashed = sha256(key);
  if (key.size() > kBlockBytes) key = view(hashed);
  char inner[kBlockBytes];
  char outer[kBlockBytes];
  for (size_t i = 0; i < kBlockBytes; i++) {
    const char byte = i < key.size() ? key[i] : '\0';
    inner[i] = static_cast<char>(byte ^ '\x36');
    outer[i] = static_cast<char>(byte ^ '\x5c');
  }
  const Digest first = sha256(texts.keep({{inner, kBlockBytes}, text}));
  return sha256(texts.keep({{outer, kBlockBytes}, view(first)}));
}

BorrowedText hex(const Digest& digest, TextStore& texts) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  char* const begin = texts.room(2 * digest.size());
  char* end = begin;
  for (const unsigned char byte : digest) {
    *end++ = kDigits[byte >> 4];
    *end++ = kDigits[byte & 15];
  }
  return TextStore::close(begin, end);
}

}  // namespace

BorrowedText sha256_hex(std::string_view bytes, TextStore& texts) {
  return hex(sha256(bytes), texts);
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

BorrowedText authorization(const SignedRequest& request, const AwsKeys& keys, const AwsTime& time, TextStore& texts) {
  const std::string_view date(time.data(), 8);
  BorrowedText names;
  // No query is ever signed here: its line is empty.
  BorrowedText canonical = texts.keep({request.method, "\n", request.path, "\n\n"});
  for (const SignedHeader& header : request.headers) {
    canonical = texts.keep({canonical, header.name, ":", header.value, "\n"});
    names = texts.keep({names, names.empty() ? "" : ";", header.name});
  }
  canonical = texts.keep({canonical, "\n", names, "\n", request.body_sha256});

  const BorrowedText scope = texts.keep({date, "/", request.region, "/", request.service, "/aws4_request"});
  const BorrowedText to_sign =
      texts.keep({"AWS4-HMAC-SHA256\n", {time.data(), time.size()}, "\n", scope, "\n", sha256_hex(canonical, texts)});
  Digest key = hmac(texts.keep({"AWS4", keys.secret_access_key}), date, texts);
  for (const std::string_view text : {request.region, request.service, std::string_view("aws4_request")}) {
    key = hmac(view(key), text, texts);
  }
  return texts.keep({"AWS4-HMAC-SHA256 Credential=", keys.access_key_id, "/", scope, ", SignedHeaders=", names,
                     ", Signature=", hex(hmac(view(key), to_sign, texts), texts)});
}

}  // namespace sleipnir
