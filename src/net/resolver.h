// Resolver: host names to addresses, without ever blocking who asks.
//
// Owned by the sender, which starts a lookup, goes on with its loop, and polls when Kernel::wait() returns. The
// simulation has a Resolver of its own. The sender's thread; ThreadResolver (net/thread_resolver.h) has a second one
// inside.
//
//   resolver.start("loki.example.com", 443, ++generation, now.monotonic);
//   ... later rounds ...
//   if (std::optional<Resolution> answer = resolver.poll(now.monotonic)) ...
//
// One name at a time: start() gives up what was asked before, whose answer, should it still come, is thrown away by
// its generation. Nothing is cached and nothing retried here: the owner keeps an answer as long as fresh() says, and
// drops it after a restore from a snapshot. Address literals are not names: Address::from_literal().
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "base/limits.h"
#include "base/result.h"
#include "net/address.h"

namespace sleipnir {

struct Resolution {
  // Beyond them: left out. A load balancer's name has up to eight; the next lookup gives others.
  static constexpr size_t kAddressesMax = 4;

  uint64_t generation = 0;  // as given to start()
  MonotonicTime made_at;    // when poll() handed it out
  size_t count = 0;         // 0: there is an error
  std::array<Address, kAddressesMax> addresses;
  Error error;  // valid when count is 0: names the host and says why

  bool ok() const { return count != 0; }
  std::span<const Address> usable() const { return std::span(addresses).first(count); }
  bool fresh(MonotonicTime now) const { return now - made_at < kResolvedFor; }
};

class Resolver {
 public:
  virtual ~Resolver() = default;

  // Begins to look for `host` (copied). `generation` is another one each time and comes back in the answer.
  virtual void start(std::string_view host, uint16_t port, uint64_t generation, MonotonicTime now) = 0;

  // The answer to the last start(), once. An answer wakes the owner's Kernel.
  virtual std::optional<Resolution> poll(MonotonicTime now) = 0;

  // When to poll() even if nothing woke us; kNever mostly.
  virtual MonotonicTime deadline() const = 0;
};

}  // namespace sleipnir
