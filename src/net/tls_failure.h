// What a failed TLS connection is called: a sentence for a person, with the variable that changes it.
//
// Pure: numbers and names in, text out.
#pragma once

#include <cstdint>
#include <ctime>
#include <string_view>

#include "base/fixed_text.h"
#include "net/tls_verify.h"

namespace sleipnir {

// Long enough for a host name of full length, the names of a certificate and a hint. Beyond: cut.
using TlsFailureText = FixedText<640>;

struct TlsFailure {
  int code = 0;                     // what mbedTLS returned
  int alert = -1;                   // TLS alert number, when `code` says that the server sent one
  uint32_t flags = 0;               // MBEDTLS_X509_BADCERT_*, when the certificate was refused
  bool in_handshake = true;         // otherwise while data were read or written
  bool client_certificate = false;  // whether we have one to show
  std::string_view host;            // what the certificate was compared with
  const char* system_bundle = nullptr;
};

// `verify` is the connection's.
TlsFailureText describe_tls_failure(const TlsFailure& failure, const TlsVerify& verify);

// "2031-05-17 12:00 UTC".
FixedText<32> date_text(int64_t unix_seconds);

}  // namespace sleipnir
