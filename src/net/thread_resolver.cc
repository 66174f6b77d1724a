#include "net/thread_resolver.h"

#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <utility>

namespace sleipnir {

namespace {

// look_up_name() needs about 40 KiB of it; pages never touched cost nothing.
constexpr size_t kStackBytes = 128 * 1024;

Error describe(const char* host, const NamesFound& result) {
  switch (result.outcome) {
    case NamesFound::Outcome::kNoAnswer: return Error::make("no DNS server answered for %.120s", host);
    case NamesFound::Outcome::kFailed: return Error::from_os(result.os_error, "looking up %.120s", host);
    case NamesFound::Outcome::kAddresses:
    case NamesFound::Outcome::kNoSuchName:
    case NamesFound::Outcome::kNoAddress: break;
  }
  return Error::make("the host name %.120s does not exist, or has no address", host);
}

}  // namespace

struct ThreadResolver::Lookup {
  enum class State : uint8_t {
    kRunning,    // the thread's: it alone touches what stands below
    kAnswered,   // the owner's
    kAbandoned,  // the resolver is gone: the thread frees this
  };

  // Set to kAnswered by the thread (release, so that the answer is there before it), read by poll() (acquire). The
  // destructor tries kRunning -> kAbandoned; whoever comes second frees.
  std::atomic<State> state{State::kRunning};
  Kernel& kernel;
  LookUp look_up;
  std::string host;
  uint16_t port;
  Resolution answer;

  Lookup(Kernel& woken, LookUp how, Request&& request)
      : kernel(woken), look_up(how), host(std::move(request.host)), port(request.port) {
    answer.generation = request.generation;
  }

  static void* run(void* argument) {
    auto* const self = static_cast<Lookup*>(argument);
    NamesFound result = self->look_up(self->host.c_str(), self->port, AF_INET);
    if (result.count == 0 && result.outcome != NamesFound::Outcome::kNoAnswer) {
      const NamesFound by_v6 = self->look_up(self->host.c_str(), self->port, AF_INET6);
      if (by_v6.count != 0) result = by_v6;
    }
    self->answer.count = result.count;
    self->answer.addresses = result.addresses;
    if (result.count == 0) self->answer.error = describe(self->host.c_str(), result);
    // Read now: from the exchange on the owner may free *self.
    Kernel& woken = self->kernel;
    State expected = State::kRunning;
    if (self->state.compare_exchange_strong(expected, State::kAnswered, std::memory_order_release,
                                            std::memory_order_acquire)) {
      woken.wake();
    } else {
      delete self;
    }
    return nullptr;
  }
};

ThreadResolver::~ThreadResolver() {
  for (Lookup* lookup : lookups_) {
    if (lookup == nullptr) continue;
    Lookup::State expected = Lookup::State::kRunning;
    const bool thread_frees = lookup->state.compare_exchange_strong(
        expected, Lookup::State::kAbandoned, std::memory_order_release, std::memory_order_acquire);
    if (!thread_frees) delete lookup;
  }
}

size_t ThreadResolver::running() const {
  size_t count = 0;
  for (const Lookup* lookup : lookups_) {
    if (lookup != nullptr && lookup->state.load(std::memory_order_acquire) == Lookup::State::kRunning) count++;
  }
  return count;
}

void ThreadResolver::start(std::string_view host, uint16_t port, uint64_t generation, MonotonicTime now) {
  wanted_generation_ = generation;
  failed_.reset();
  waiting_ = Request{.host = std::string(host), .port = port, .generation = generation};
  if (may_launch(now)) launch(now);
}

bool ThreadResolver::may_launch(MonotonicTime now) const {
  size_t busy = 0;
  for (const Lookup* lookup : lookups_) busy += lookup != nullptr ? 1 : 0;
  return busy == 0 || (busy < kLookupsMax && now - last_launch_ >= kLookupPatience);
}

void ThreadResolver::launch(MonotonicTime now) {
  size_t slot = 0;
  while (lookups_[slot] != nullptr) slot++;
  auto* const lookup = new Lookup(kernel_, look_up_, std::move(*waiting_));
  waiting_.reset();

  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStackBytes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  // Signals are the main thread's business: the new thread inherits a mask that blocks all of them.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  const int os_error = pthread_create(&thread, &attributes, &Lookup::run, lookup);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);

  if (os_error != 0) {
    failed_ = lookup->answer;
    failed_->error = Error::from_os(os_error, "looking up %.120s: no thread", lookup->host.c_str());
    delete lookup;
    kernel_.wake();
    return;
  }
  lookups_[slot] = lookup;
  last_launch_ = now;
}

std::optional<Resolution> ThreadResolver::poll(MonotonicTime now) {
  std::optional<Resolution> answer = std::exchange(failed_, std::nullopt);
  for (Lookup*& lookup : lookups_) {
    if (lookup == nullptr || lookup->state.load(std::memory_order_acquire) != Lookup::State::kAnswered) continue;
    // Anything but what was asked last is too late.
    if (lookup->answer.generation == wanted_generation_) answer = lookup->answer;
    delete lookup;
    lookup = nullptr;
  }
  if (waiting_ && may_launch(now)) launch(now);
  if (answer) answer->made_at = now;
  return answer;
}

MonotonicTime ThreadResolver::deadline() const {
  if (!waiting_) return kNever;
  for (const Lookup* lookup : lookups_) {
    if (lookup == nullptr) return last_launch_ + kLookupPatience;
  }
  return kNever;
}

}  // namespace sleipnir
