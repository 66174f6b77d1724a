#include "app/streams.h"

#include "base/log.h"
#include "net/proxy_stream.h"
#include "net/tcp_stream.h"
#include "net/tls_stream.h"

namespace sleipnir {

TlsOptions tls_options(const Config& config, const Credentials& credentials) {
  return TlsOptions{
      .ca_file = config.ca_file,
      .ca_pem = config.ca_pem,
      .client_cert_file = config.client_cert_file,
      .client_key_file = config.client_key_file,
      .client_cert_pem = credentials.client_cert,
      .client_key_pem = credentials.client_key,
      .server_name = config.tls_server_name,
      .insecure_skip_verify = config.tls_insecure_skip_verify,
  };
}

Result<std::unique_ptr<Stream>> Streams::open(const Address& address) {
  if (endpoint_.tls && !tls_) {
    const Status ready = prepare_tls();
    if (!ready) return ready.error();
  }
  Result<int> handle = kernel_.connect(address);
  if (!handle) return handle.error();
  std::unique_ptr<Stream> stream = std::make_unique<TcpStream>(kernel_, handle.value());
  if (proxy_ != nullptr) stream = std::make_unique<ProxyStream>(std::move(stream), *proxy_, endpoint_);
  if (!endpoint_.tls) return stream;
  const TlsPeer peer{.host = endpoint_.host, .port = endpoint_.port};
  return std::unique_ptr<Stream>(std::make_unique<TlsStream>(*tls_, std::move(stream), peer));
}

// A file that cannot be used is said once; then we go on with what is left: the server decides whether it is enough.
Status Streams::prepare_tls() {
  const bool to_loki = &endpoint_ == &*config_.endpoint;
  const TlsOptions options =
      to_loki ? tls_options(config_, *credentials_) : TlsOptions{.ca_file = config_.ca_file, .ca_pem = config_.ca_pem};
  Result<std::unique_ptr<TlsContext>> context = TlsContext::create(options);
  if (!context) {
    log_line(LogLevel::kError,
             "%s; going on without it. Set LOKI_CA_FILE, LOKI_CA_PEM, LOKI_CLIENT_CERT_FILE and "
             "LOKI_CLIENT_KEY_FILE to files that the function can read",
             context.error().text());
    context =
        TlsContext::create({.server_name = options.server_name, .insecure_skip_verify = options.insecure_skip_verify});
  }
  if (!context) return context.error();
  tls_ = std::move(context.value());
  return Done{};
}

void Streams::forget_sessions() {
  if (tls_) tls_->reset();
}

}  // namespace sleipnir
