#include "net/tls_failure.h"

#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <psa/crypto_values.h>

#include <cstdarg>
#include <cstdio>

#include "net/tls_memory.h"

namespace sleipnir {

namespace {

[[gnu::format(printf, 1, 2)]] TlsFailureText text(const char* format, ...) {
  char line[600];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(line, sizeof(line), format, arguments);
  va_end(arguments);
  return TlsFailureText(line);
}

// For %.*s.
int width(std::string_view view) {
  return static_cast<int>(view.size());
}

TlsFailureText refused_certificate(const TlsFailure& failure, const TlsVerify& verify) {
  const std::string_view host = failure.host;
  const PeerCertificate& peer = verify.peer();
  const PeerCertificate& culprit = verify.culprit().known() ? verify.culprit() : peer;
  const std::string_view subject = culprit.subject.view();
  // The order: what makes all else moot comes first.
  if ((failure.flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) != 0) {
    const std::string_view issuer = verify.unknown_issuer();
    const char* const no_bundle =
        failure.system_bundle == nullptr ? "; this system has no CA bundle at any of the usual places" : "";
    return text(
        "the certificate of %.*s is signed by an authority that is not trusted here (%.*s)%s; put that "
        "authority's certificate into LOKI_CA_FILE or LOKI_CA_PEM",
        width(host), host.data(), width(issuer), issuer.data(), no_bundle);
  }
  if ((failure.flags & MBEDTLS_X509_BADCERT_CN_MISMATCH) != 0) {
    const std::string_view names = peer.names.empty() ? peer.subject.view() : peer.names.view();
    return text(
        "the certificate is for %.*s, not for %.*s; correct the host of the endpoint, or set "
        "LOKI_TLS_SERVER_NAME to a name the certificate has",
        width(names), names.data(), width(host), host.data());
  }
  if ((failure.flags & MBEDTLS_X509_BADCERT_EXPIRED) != 0) {
    const FixedText<32> until = date_text(culprit.valid_until);
    return text("a certificate of %.*s (%.*s) expired on %.*s; the server needs a new one", width(host), host.data(),
                width(subject), subject.data(), width(until.view()), until.view().data());
  }
  if ((failure.flags & MBEDTLS_X509_BADCERT_FUTURE) != 0) {
    const FixedText<32> from = date_text(culprit.valid_from);
    return text("a certificate of %.*s (%.*s) is not valid before %.*s; is the clock right?", width(host), host.data(),
                width(subject), subject.data(), width(from.view()), from.view().data());
  }
  if ((failure.flags & (MBEDTLS_X509_BADCERT_BAD_KEY | MBEDTLS_X509_BADCERT_BAD_MD | MBEDTLS_X509_BADCERT_BAD_PK)) !=
      0) {
    return text(
        "a certificate of %.*s (%.*s) has a key or signature that is too weak (wanted: RSA of 2048 bits or "
        "more, or ECDSA; SHA-2)",
        width(host), host.data(), width(subject), subject.data());
  }
  if ((failure.flags & (MBEDTLS_X509_BADCERT_KEY_USAGE | MBEDTLS_X509_BADCERT_EXT_KEY_USAGE)) != 0) {
    return text("the certificate of %.*s (%.*s) is not made for a server (key usage)", width(host), host.data(),
                width(subject), subject.data());
  }
  return text("the certificate of %.*s is refused (flags 0x%x)", width(host), host.data(), failure.flags);
}

const char* alert_name(int alert) {
  switch (alert) {
    case MBEDTLS_SSL_ALERT_MSG_UNEXPECTED_MESSAGE: return "unexpected message";
    case MBEDTLS_SSL_ALERT_MSG_BAD_RECORD_MAC: return "bad record";
    case MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE: return "handshake failure";
    case MBEDTLS_SSL_ALERT_MSG_BAD_CERT: return "bad certificate";
    case MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_CERT: return "unsupported certificate";
    case MBEDTLS_SSL_ALERT_MSG_CERT_REVOKED: return "certificate revoked";
    case MBEDTLS_SSL_ALERT_MSG_CERT_EXPIRED: return "certificate expired";
    case MBEDTLS_SSL_ALERT_MSG_CERT_UNKNOWN: return "certificate unknown";
    case MBEDTLS_SSL_ALERT_MSG_ILLEGAL_PARAMETER: return "illegal parameter";
    case MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA: return "unknown CA";
    case MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED: return "access denied";
    case MBEDTLS_SSL_ALERT_MSG_DECODE_ERROR: return "decode error";
    case MBEDTLS_SSL_ALERT_MSG_DECRYPT_ERROR: return "decrypt error";
    case MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION: return "protocol version";
    case MBEDTLS_SSL_ALERT_MSG_INSUFFICIENT_SECURITY: return "insufficient security";
    case MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR: return "internal error";
    case MBEDTLS_SSL_ALERT_MSG_UNRECOGNIZED_NAME: return "unrecognized name";
    case MBEDTLS_SSL_ALERT_MSG_CERT_REQUIRED: return "certificate required";
    default: return "alert";
  }
}

TlsFailureText alerted(const TlsFailure& failure) {
  const std::string_view host = failure.host;
  const char* hint = "";
  switch (failure.alert) {
    case MBEDTLS_SSL_ALERT_MSG_CERT_REQUIRED:
    case MBEDTLS_SSL_ALERT_MSG_NO_CERT:
      hint = "; it wants a client certificate: set LOKI_CLIENT_CERT_FILE and LOKI_CLIENT_KEY_FILE";
      break;
    case MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE:
      // What servers of TLS 1.2 say both for a missing client certificate and for no cipher in common.
      if (!failure.client_certificate) {
        hint = "; it may want a client certificate: LOKI_CLIENT_CERT_FILE and LOKI_CLIENT_KEY_FILE";
      }
      break;
    case MBEDTLS_SSL_ALERT_MSG_BAD_CERT:
    case MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_CERT:
    case MBEDTLS_SSL_ALERT_MSG_CERT_REVOKED:
    case MBEDTLS_SSL_ALERT_MSG_CERT_EXPIRED:
    case MBEDTLS_SSL_ALERT_MSG_CERT_UNKNOWN:
    case MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA:
    case MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED:
      if (failure.client_certificate) hint = "; it does not accept the certificate in LOKI_CLIENT_CERT_FILE";
      break;
    case MBEDTLS_SSL_ALERT_MSG_UNRECOGNIZED_NAME:
      hint = "; it does not know that name: set LOKI_TLS_SERVER_NAME to one it serves";
      break;
    case MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION: hint = "; it must speak TLS 1.2 or 1.3"; break;
    default: break;
  }
  return text("%.*s refused the TLS connection (%s, %d)%s", width(host), host.data(), alert_name(failure.alert),
              failure.alert, hint);
}

}  // namespace

TlsFailureText describe_tls_failure(const TlsFailure& failure, const TlsVerify& verify) {
  const std::string_view host = failure.host;
  const char* const during = failure.in_handshake ? "during the TLS handshake" : "without ending TLS";
  switch (failure.code) {
    case MBEDTLS_ERR_X509_CERT_VERIFY_FAILED:
    case MBEDTLS_ERR_SSL_BAD_CERTIFICATE: return refused_certificate(failure, verify);
    case MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE: return alerted(failure);
    case MBEDTLS_ERR_SSL_CONN_EOF: return text("%.*s closed the connection %s", width(host), host.data(), during);
    case MBEDTLS_ERR_SSL_INVALID_RECORD:
      if (!failure.in_handshake) break;
      return text("what %.*s answered is not TLS; is it a plain http port?", width(host), host.data());
    case MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION:
      return text("%.*s speaks neither TLS 1.2 nor TLS 1.3", width(host), host.data());
    case MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE:
      return text("no cipher or key exchange in common with %.*s", width(host), host.data());
    case MBEDTLS_ERR_SSL_INVALID_MAC:
      return text("data from %.*s were damaged on the way (bad record)", width(host), host.data());
    case MBEDTLS_ERR_SSL_ALLOC_FAILED:
    case MBEDTLS_ERR_X509_ALLOC_FAILED:
    case PSA_ERROR_INSUFFICIENT_MEMORY:
      return text("the %zu KiB of memory for TLS are used up", kTlsMemoryBytes / 1024);
    case MBEDTLS_ERR_X509_FATAL_ERROR:
      // What running out of memory becomes there, too.
      return text(
          "the certificates of %.*s cannot be checked (a chain too long, or the %zu KiB of memory for TLS used "
          "up)",
          width(host), host.data(), kTlsMemoryBytes / 1024);
    default: break;
  }
  return text("the TLS connection to %.*s failed (mbedTLS -0x%04x)", width(host), host.data(),
              static_cast<unsigned>(-failure.code));
}

FixedText<32> date_text(int64_t unix_seconds) {
  const auto when = static_cast<time_t>(unix_seconds);
  tm utc{};
  char line[64];
  if (gmtime_r(&when, &utc) == nullptr) return FixedText<32>("an unknown date");
  // Not strftime(3), which brings time zones and locales with it.
  snprintf(line, sizeof(line), "%04d-%02d-%02d %02d:%02d UTC", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
           utc.tm_hour, utc.tm_min);
  return FixedText<32>(line);
}

}  // namespace sleipnir
