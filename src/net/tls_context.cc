#include "net/tls_context.h"

#include <fcntl.h>
#include <mbedtls/platform_util.h>
#include <unistd.h>

#include <cerrno>

#include "net/pem.h"
#include "net/tls_verify.h"

namespace sleipnir {

namespace {

// A chain of five certificates has about 10 KiB.
constexpr size_t kClientFileBytesMax = 64 * 1024;

// Also in "BEGIN RSA PRIVATE KEY" and "BEGIN EC PRIVATE KEY".
constexpr std::string_view kPemPrivateKey = "PRIVATE KEY-----";

// A small text file.
Result<std::string> read_pem(BorrowedText path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return Error::from_os(errno, "%s cannot be read", path.c_str());
  std::string text;
  text.resize(kClientFileBytesMax + 1);
  size_t filled = 0;
  int os_error = 0;
  while (filled < text.size()) {
    const ssize_t got = read(fd, text.data() + filled, text.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) os_error = errno;
    if (got <= 0) break;
    filled += static_cast<size_t>(got);
  }
  close(fd);
  if (os_error != 0) return Error::from_os(os_error, "%s cannot be read", path.c_str());
  if (filled > kClientFileBytesMax) return Error::make("%s is too large for a PEM file", path.c_str());
  text.resize(filled);
  return text;
}

// What is written in base64 from `begin` on, decoded in place.
std::span<unsigned char> decoded(std::string& pem, size_t begin) {
  const std::span out(reinterpret_cast<unsigned char*>(pem.data()) + begin, pem.size() - begin);
  return out.first(decode_base64(std::string_view(pem).substr(begin), out));
}

// All certificates of the text, which is not one any more; none, or a damaged one: false.
bool parse_certificates(std::string& pem, mbedtls_x509_crt& chain) {
  size_t begin = find_pem_certificate(pem, 0);
  if (begin == std::string_view::npos) return false;
  while (begin != std::string_view::npos) {
    const std::span der = decoded(pem, begin + kPemCertificate.size());
    if (mbedtls_x509_crt_parse_der(&chain, der.data(), der.size()) != 0) return false;
    begin = find_pem_certificate(pem, begin + kPemCertificate.size() + der.size());
  }
  return true;
}

// Likewise the first private key.
bool parse_key(std::string& pem, mbedtls_pk_context& key) {
  const size_t begin = pem.find(kPemPrivateKey);
  if (begin == std::string::npos) return false;
  const std::span der = decoded(pem, begin + kPemPrivateKey.size());
  return mbedtls_pk_parse_key(&key, der.data(), der.size(), nullptr, 0, tls_random, nullptr) == 0;
}

// Environment variables often carry a PEM with "\n" in two characters; neither PEM nor base64 has a backslash.
std::string with_real_newlines(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); i++) {
    if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == 'n' || text[i + 1] == 'r')) {
      out += '\n';
      i++;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

TlsContext::TlsContext(const TlsOptions& options, std::span<const char* const> system_bundles)
    : options_(options), roots_(system_bundles) {
  mbedtls_ssl_config_init(&config_);
  mbedtls_x509_crt_init(&client_certificate_);
  mbedtls_pk_init(&client_key_);
  for (SavedSession& saved : sessions_) mbedtls_ssl_session_init(&saved.session);
}

TlsContext::~TlsContext() {
  for (SavedSession& saved : sessions_) clear(saved);
  mbedtls_ssl_config_free(&config_);
  mbedtls_pk_free(&client_key_);
  mbedtls_x509_crt_free(&client_certificate_);
}

Result<std::unique_ptr<TlsContext>> TlsContext::create(const TlsOptions& options,
                                                       std::span<const char* const> system_bundles) {
  if (options.has_client_certificate() != options.has_client_key()) {
    return Error::make(
        "%s is given without %s", options.has_client_key() ? "a client key" : "a client certificate",
        options.has_client_key() ? "its certificate (LOKI_CLIENT_CERT_FILE)" : "its key (LOKI_CLIENT_KEY_FILE)");
  }
  std::unique_ptr<TlsContext> context(new TlsContext(options, system_bundles));
  if (!options.ca_file.empty()) {
    const Status added = context->roots_.add_file(options.ca_file);
    if (!added) return Error::make("LOKI_CA_FILE: %s", added.error().text());
  }
  if (!options.ca_pem.empty()) {
    const Status added = context->roots_.add_text(with_real_newlines(options.ca_pem));
    if (!added) return Error::make("LOKI_CA_PEM: %s", added.error().text());
  }
  // Looked at now so that a wrong path is told at once; parsed in prepare().
  for (const BorrowedText* path : {&options.client_cert_file, &options.client_key_file}) {
    if (!path->empty() && access(path->c_str(), R_OK) != 0) {
      return Error::from_os(errno, "%s: %s cannot be read",
                            path == &options.client_cert_file ? "LOKI_CLIENT_CERT_FILE" : "LOKI_CLIENT_KEY_FILE",
                            path->c_str());
    }
  }
  return context;
}

Status TlsContext::prepare() {
  if (prepared_) return Done{};
  if (options_.has_client_certificate()) {
    if (Status loaded = load_client_certificate(); !loaded) return loaded;
  }
  mbedtls_ssl_config_free(&config_);
  mbedtls_ssl_config_init(&config_);
  int error = mbedtls_ssl_config_defaults(&config_, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                          MBEDTLS_SSL_PRESET_DEFAULT);
  if (error == 0 && options_.has_client_certificate()) {
    error = mbedtls_ssl_conf_own_cert(&config_, &client_certificate_, &client_key_);
  }
  if (error != 0) return Error::make("TLS cannot be set up (mbedTLS -0x%04x)", static_cast<unsigned>(-error));
  mbedtls_ssl_conf_rng(&config_, tls_random, nullptr);
  mbedtls_ssl_conf_min_tls_version(&config_, MBEDTLS_SSL_VERSION_TLS1_2);
  mbedtls_ssl_conf_max_tls_version(&config_, MBEDTLS_SSL_VERSION_TLS1_3);
  // Optional, not none, where the user wants no check: what the certificate says is then still known.
  mbedtls_ssl_conf_authmode(&config_,
                            options_.insecure_skip_verify ? MBEDTLS_SSL_VERIFY_OPTIONAL : MBEDTLS_SSL_VERIFY_REQUIRED);
  mbedtls_ssl_conf_ca_cb(&config_, &TlsVerify::find_roots, &roots_);
  mbedtls_ssl_conf_session_tickets(&config_, MBEDTLS_SSL_SESSION_TICKETS_ENABLED);
  // TLS 1.3 tickets come while reading; without this they are dropped there.
  mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(&config_,
                                                           MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED);
  prepared_ = true;
  return Done{};
}

Status TlsContext::load_client_certificate() {
  const bool cert_pem = !options_.client_cert_pem.empty();
  const bool key_pem = !options_.client_key_pem.empty();
  const char* const cert_from = cert_pem ? "LOKI_CLIENT_CERT" : options_.client_cert_file.c_str();
  const char* const key_from = key_pem ? "LOKI_CLIENT_KEY" : options_.client_key_file.c_str();
  mbedtls_x509_crt_free(&client_certificate_);
  mbedtls_x509_crt_init(&client_certificate_);
  mbedtls_pk_free(&client_key_);
  mbedtls_pk_init(&client_key_);

  Result<std::string> certificate =
      cert_pem ? with_real_newlines(options_.client_cert_pem) : read_pem(options_.client_cert_file);
  if (!certificate) return Error::make("LOKI_CLIENT_CERT_FILE: %s", certificate.error().text());
  if (!parse_certificates(certificate.value(), client_certificate_)) {
    return Error::make("%s%s: no certificate in it, or a damaged one (PEM is wanted)",
                       cert_pem ? "" : "LOKI_CLIENT_CERT_FILE: ", cert_from);
  }
  Result<std::string> key = key_pem ? with_real_newlines(options_.client_key_pem) : read_pem(options_.client_key_file);
  if (!key) return Error::make("LOKI_CLIENT_KEY_FILE: %s", key.error().text());
  const bool encrypted = key->find("ENCRYPTED") != std::string::npos;
  const bool parsed = parse_key(key.value(), client_key_);
  mbedtls_platform_zeroize(key->data(), key->size());
  if (!parsed) {
    return Error::make("%s%s: %s", key_pem ? "" : "LOKI_CLIENT_KEY_FILE: ", key_from,
                       encrypted ? "the key is encrypted; give one that is not"
                                 : "no private key in it, or of a kind not known (PEM, RSA or EC, is wanted)");
  }
  if (mbedtls_pk_check_pair(&client_certificate_.pk, &client_key_, tls_random, nullptr) != 0) {
    return Error::make("the key in %s does not belong to the certificate in %s", key_from, cert_from);
  }
  return Done{};
}

void TlsContext::reset() {
  for (SavedSession& saved : sessions_) clear(saved);
  roots_.forget_system();
}

void TlsContext::clear(SavedSession& saved) {
  saved.peer.host = {};
  mbedtls_ssl_session_free(&saved.session);
  mbedtls_ssl_session_init(&saved.session);
}

const mbedtls_ssl_session* TlsContext::session(const TlsPeer& peer) const {
  for (const SavedSession& saved : sessions_) {
    if (saved.peer.host == peer.host && saved.peer.port == peer.port) return &saved.session;
  }
  return nullptr;
}

void TlsContext::save_session(const TlsPeer& peer, const mbedtls_ssl_context& ssl) {
  SavedSession* slot = nullptr;
  for (SavedSession& saved : sessions_) {
    if (saved.peer.host == peer.host && saved.peer.port == peer.port) slot = &saved;
  }
  if (slot == nullptr) {
    slot = &sessions_[next_session_];
    next_session_ = (next_session_ + 1) % sessions_.size();
  }
  clear(*slot);
  // Without memory for it there is none to resume: the next handshake is a full one.
  if (mbedtls_ssl_get_session(&ssl, &slot->session) != 0) {
    clear(*slot);
    return;
  }
  slot->peer = peer;
}

void TlsContext::forget_session(const TlsPeer& peer) {
  for (SavedSession& saved : sessions_) {
    if (saved.peer.host == peer.host && saved.peer.port == peer.port) clear(saved);
  }
}

}  // namespace sleipnir
