// TlsContext: what the TLS connections of one kind share: whom to trust, who we are, and sessions to resume.
//
// Made from the configuration once there is something to connect to; TlsStream borrows it. One for the push endpoint;
// a second one, made without options, for endpoints of others (a client certificate or a relaxed check is meant for
// Loki alone). All contexts and streams in one thread, the sender's.
//
//   auto tls = TlsContext::create({.ca_file = "/opt/ca.pem"});
//   if (!tls) ... the error names the file; create() without it trusts the system's roots alone
//   auto stream = std::make_unique<TlsStream>(*tls.value(), std::move(tcp), TlsPeer{.host = host, .port = 443});
//
// create() reads files and nothing else; random bytes are drawn by the first connection (SnapStart). A freeze ages
// nothing here but the sessions, which the server judges. After a restore from a snapshot: reset().
#pragma once

#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/borrowed_text.h"
#include "base/result.h"
#include "net/tls_memory.h"
#include "net/trust_store.h"

namespace sleipnir {

// Borrowed: texts that outlive the context, but for the client's, which are looked at until prepare() is over. Empty
// texts: not given.
struct TlsOptions {
  BorrowedText ca_file;           // PEM, trusted beside the system's roots
  BorrowedText ca_pem;            // likewise, the text itself; "\n" written as two characters is understood
  BorrowedText client_cert_file;  // PEM, our certificate, then its intermediates
  BorrowedText client_key_file;   // PEM, not encrypted
  BorrowedText client_cert_pem;   // in place of the file: the text itself, as ca_pem
  BorrowedText client_key_pem;    // likewise
  BorrowedText server_name;       // what the certificate must be for, and SNI, instead of the host connected to
  bool insecure_skip_verify = false;

  bool has_client_certificate() const { return !client_cert_file.empty() || !client_cert_pem.empty(); }
  bool has_client_key() const { return !client_key_file.empty() || !client_key_pem.empty(); }
};

// Where a connection leads, as far as TLS is concerned. Borrowed: outlives the context.
struct TlsPeer {
  std::string_view host;  // name or address literal without brackets
  uint16_t port = 443;
};

class TlsContext {
 public:
  // The error says what is wrong and names the file: a CA file that cannot be read or has no certificate in it, a
  // client certificate without key. Whether to go on without is the caller's decision. `system_bundles` lives as
  // long as the context.
  static Result<std::unique_ptr<TlsContext>> create(const TlsOptions& options,
                                                    std::span<const char* const> system_bundles = kSystemBundles);
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  // REQUIRES: no TlsStream of it left.
  ~TlsContext();

  // Forgets sessions and the index of the system's bundle. After a snapshot's restore, and whenever they are suspect.
  void reset();

  const TlsOptions& options() const { return options_; }
  TrustStore& roots() { return roots_; }

  // ---- for TlsStream ----

  // Initialises the cryptography and the client's key, once. The error says what is wrong, e.g. a key that does not
  // belong to the certificate.
  Status prepare();
  // REQUIRES: prepare() has succeeded.
  const mbedtls_ssl_config& config() const { return config_; }

  // The session to resume with `peer`, or nullptr.
  const mbedtls_ssl_session* session(const TlsPeer& peer) const;
  // Keeps the session that `ssl` has just got, instead of an older one of the same peer.
  void save_session(const TlsPeer& peer, const mbedtls_ssl_context& ssl);
  void forget_session(const TlsPeer& peer);

 private:
  // Endpoint, proxy and one to spare. Beyond: the slot written longest ago is taken.
  static constexpr size_t kSessionsMax = 3;

  struct SavedSession {
    TlsPeer peer;  // host empty: free
    mbedtls_ssl_session session;
  };

  TlsContext(const TlsOptions& options, std::span<const char* const> system_bundles);
  Status load_client_certificate();
  void clear(SavedSession& saved);

  TlsUse use_;  // first in, last out: everything below allocates from it
  TlsOptions options_;
  TrustStore roots_;
  bool prepared_ = false;
  mbedtls_ssl_config config_;
  mbedtls_x509_crt client_certificate_;
  mbedtls_pk_context client_key_;
  std::array<SavedSession, kSessionsMax> sessions_;
  size_t next_session_ = 0;
};

}  // namespace sleipnir
