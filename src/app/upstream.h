// Upstream: which address to connect to for Loki (or for the proxy in front of it).
//
// Owned by the sender, sender thread. An address literal is known at once; a name is looked up by the resolver when it
// is first needed, and again when the answer is old or its addresses do not connect. Nothing here blocks: while a
// lookup is under way, locate() says so, and the resolver wakes the sender.
#pragma once

#include <algorithm>

#include "net/endpoint.h"
#include "net/resolver.h"

namespace sleipnir {

class Upstream {
 public:
  enum class Where : uint8_t {
    kKnown,
    kResolving,
  };

  // `resolver` and the endpoint's texts outlive the upstream. A lookup that takes longer than `patience` has
  // failed.
  Upstream(const Endpoint& endpoint, Resolver& resolver, Milliseconds patience);

  // The address to try now. kResolving: a lookup is under way; the resolver wakes us.
  Where locate(Address& out, Instant now);
  // Takes the answer of a lookup, or gives it up; to be called in every round. True: a lookup has just failed, and
  // failure() says why. The next locate() looks again.
  [[nodiscard]] bool lookup_failed(Instant now);
  // A lookup under way gets its time again, once, and is given up at the next thaw. May be called twice for one thaw.
  void on_thaw(Instant now);
  // A connection to the address last given could not be made or broke: the next one is tried, then the name asked anew.
  void on_failed();
  // Forgets every answer: after a thaw of a snapshot.
  void forget();

  bool resolving() const { return resolving_; }
  MonotonicTime next_deadline() const { return resolving_ ? std::min(resolver_.deadline(), give_up_at_) : kNever; }
  const char* failure() const { return failure_.text(); }
  // `host:port` for log lines.
  const char* name() const { return name_.c_str(); }

 private:
  const BorrowedText host_;
  const uint16_t port_;
  const BorrowedText name_;
  Resolver& resolver_;
  const Milliseconds patience_;

  bool literal_ = false;
  Resolution known_;
  size_t next_ = 0;  // index into known_.addresses
  bool resolving_ = false;
  MonotonicTime give_up_at_ = kNever;  // valid while resolving_
  std::optional<WallTime> thawed_at_;  // the first thaw since it began
  uint64_t generation_ = 0;
  Error failure_;
};

}  // namespace sleipnir
