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

// What TLS is to do on the way to Loki.
TlsOptions tls_options(const Config& config);

class Streams final : public StreamFactory {
 public:
  // `kernel` and `config` outlive it. REQUIRES: config.endpoint.
  Streams(Kernel& kernel, const Config& config) : kernel_(kernel), config_(config) {}

  Result<std::unique_ptr<Stream>> open(const Address& address) override;
  void forget_sessions() override;

 private:
  Status prepare_tls();

  Kernel& kernel_;
  const Config& config_;
  std::unique_ptr<TlsContext> tls_;
};

}  // namespace sleipnir
