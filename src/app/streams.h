// Streams: the sender's StreamFactory in real life: TCP for http, TLS over TCP for https, either
// through a proxy's tunnel where one is set.
//
// The TLS context is made when the first connection is opened: neither its files nor its memory are touched before
// the first /next, nor at all for http. Sender thread.
#pragma once

#include <optional>

#include "app/config.h"
#include "net/kernel.h"
#include "net/stream_factory.h"
#include "net/tls_context.h"

namespace sleipnir {

// What TLS is to do on the way to Loki. `credentials`: those of `config`, or fetched ones.
TlsOptions tls_options(const Config& config, const Credentials& credentials);

class Streams final : public StreamFactory {
 public:
  // `kernel` and `config` outlive it. REQUIRES: config.endpoint.
  Streams(Kernel& kernel, const Config& config)  // with the credentials of `config`
      : Streams(kernel, config, *config.endpoint, config.proxy ? &*config.proxy : nullptr) {}
  // To somebody else, who is not shown our client certificate and is verified in any case.
  Streams(Kernel& kernel, const Config& config, const Endpoint& endpoint, const Endpoint* proxy)
      : kernel_(kernel), config_(config), endpoint_(endpoint), proxy_(proxy) {}

  // They are looked at when the first connection is opened. REQUIRES: before that; they outlive it.
  void use(const Credentials& credentials) { credentials_ = &credentials; }

  Result<std::unique_ptr<Stream>> open(const Address& address) override;
  void forget_sessions() override;

 private:
  Status prepare_tls();

  Kernel& kernel_;
  const Config& config_;
  const Credentials* credentials_ = &config_.credentials;
  const Endpoint& endpoint_;
  const Endpoint* const proxy_;  // null: none
  std::unique_ptr<TlsContext> tls_;
};

}  // namespace sleipnir
