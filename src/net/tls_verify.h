// Judging the server's certificate: what mbedTLS calls back for, and what is kept of the certificate for people.
//
// mbedTLS builds and checks the chain. Done here: finding the roots (TrustStore), the comparison with an IP address
// (mbedTLS would send the literal as SNI, which RFC 6066 forbids, so it is not told of it), and trust in a server
// certificate that is itself among the added ones, without any CA (mbedTLS knows that only for roots parsed ahead).
//
// Owned by a TlsStream, one per connection; the sender's thread.
#pragma once

#include <mbedtls/x509_crt.h>

#include <cstdint>
#include <string_view>

#include "base/fixed_text.h"
#include "net/trust_store.h"

namespace sleipnir {

// What people want to know of the server's certificate. Texts are printable ASCII, cut where they are too long.
struct PeerCertificate {
  FixedText<160> subject;
  FixedText<160> issuer;
  FixedText<160> names;    // "a.example.com, *.b.example.com, 10.0.0.1"
  int64_t valid_from = 0;  // seconds since the epoch
  int64_t valid_until = 0;
  bool known() const { return valid_until != 0; }
};

class TlsVerify {
 public:
  // `host` is what the certificate must be for, name or address literal. `roots` outlives this object.
  TlsVerify(TrustStore& roots, std::string_view host);

  bool host_is_address() const { return address_bytes_ != 0; }

  // The server's own certificate. Not known before it has come, and never on a resumed connection.
  const PeerCertificate& peer() const { return peer_; }
  // The certificate of the chain whose dates or strength are not accepted; not known when all are.
  const PeerCertificate& culprit() const { return culprit_; }
  // The issuer for whom there is no root; empty when there is one.
  std::string_view unknown_issuer() const { return unknown_issuer_.view(); }

  // mbedtls_ssl_conf_ca_cb; `context` is the TrustStore.
  static int find_roots(void* context, const mbedtls_x509_crt* child, mbedtls_x509_crt** candidates);
  // mbedtls_ssl_set_verify; `context` is the TlsVerify. Called for each certificate of the chain, the server's last.
  static int check(void* context, mbedtls_x509_crt* certificate, int depth, uint32_t* flags);

 private:
  bool names_address(const mbedtls_x509_crt& certificate) const;
  bool is_added_itself(const mbedtls_x509_crt& certificate) const;

  TrustStore& roots_;
  unsigned char address_[16] = {};
  size_t address_bytes_ = 0;  // 0: the host is a name
  PeerCertificate peer_;
  PeerCertificate culprit_;
  FixedText<160> unknown_issuer_;
};

}  // namespace sleipnir
