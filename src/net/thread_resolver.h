// ThreadResolver: Resolver by look_up_name() (net/name_lookup.h) in a thread of its own.
//
// A lookup blocks, for 5 s and more when no DNS server answers, and cannot be cancelled. So each runs in a detached
// thread that is made for it and ends with it: lookups are rare, and a parked thread would be memory that is resident
// for nothing.
//
// A lookup that hangs does not stop the next one for ever. While one is running the next waits; once the running one
// is older than kLookupPatience a second thread is started. There are never more than two: should both hang, what
// was asked last waits until one of them ends (the owner's own deadline ends the attempt before).
//
// IPv4 is asked for first, IPv6 only when there is no IPv4 address: a server that fails on AAAA queries must not cost a
// good A answer. When no server answered at all, IPv6 is not tried.
//
// What the two threads share is one Lookup: the owner writes the request, the thread the answer, and `state` passes
// it over (release/acquire). Owned by the sender; start() and poll() in its thread. The process exits by _exit, so
// nothing is joined: a lookup that outlives its resolver frees itself.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "net/kernel.h"
#include "net/name_lookup.h"
#include "net/resolver.h"

namespace sleipnir {

class ThreadResolver final : public Resolver {
 public:
  static constexpr Milliseconds kLookupPatience{3000};  // a silent server is asked again after 2.5 s

  // May block; called in the lookup's thread. `family` is AF_INET or AF_INET6.
  using LookUp = NamesFound (*)(const char* host, uint16_t port, int family);

  // `kernel` is woken by each answer. It outlives every lookup, which may be longer than this object lives.
  explicit ThreadResolver(Kernel& kernel, LookUp look_up = &look_up_name) : kernel_(kernel), look_up_(look_up) {}
  ThreadResolver(const ThreadResolver&) = delete;
  ThreadResolver& operator=(const ThreadResolver&) = delete;
  ~ThreadResolver() override;

  void start(std::string_view host, uint16_t port, uint64_t generation, MonotonicTime now) override;
  std::optional<Resolution> poll(MonotonicTime now) override;
  MonotonicTime deadline() const override;

  // Threads that have not answered yet.
  size_t running() const;

 private:
  static constexpr size_t kLookupsMax = 2;
  struct Lookup;

  // What was asked and waits for a thread.
  struct Request {
    std::string host;
    uint16_t port = 0;
    uint64_t generation = 0;
  };

  void launch(MonotonicTime now);
  bool may_launch(MonotonicTime now) const;

  Kernel& kernel_;
  LookUp look_up_;
  std::array<Lookup*, kLookupsMax> lookups_{};  // null: no thread
  std::optional<Request> waiting_;
  std::optional<Resolution> failed_;  // an answer that needed no thread: none could be made
  uint64_t wanted_generation_ = 0;
  MonotonicTime last_launch_;  // valid while running() is not 0
};

}  // namespace sleipnir
