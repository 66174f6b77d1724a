#include "net/thread_resolver.h"

#include <semaphore.h>

#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <string>

#include "net/linux_kernel.h"

namespace sleipnir {

namespace {

constexpr MonotonicTime kStart{std::chrono::seconds(100)};

// A lookup may outlive its test, and wakes its kernel all the same: kept until the program ends.
LinuxKernel& kernel() {
  static Result<LinuxKernel>* const made = new Result<LinuxKernel>(LinuxKernel::create());
  return made->value();
}

// Waits for the answer as the sender does. Nothing when none comes.
std::optional<Resolution> answer_of(Resolver& resolver, MonotonicTime now = kStart) {
  for (int rounds = 0; rounds < 20; rounds++) {
    if (std::optional<Resolution> answer = resolver.poll(now)) return answer;
    Ready ready[4];
    kernel().wait(ready, Milliseconds(1000));
  }
  return std::nullopt;
}

// A lookup that does not return before it is let go. Kept until the end: threads that outlive a test look at it.
struct Gate {
  sem_t entered;
  sem_t go;
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  Gate() {
    sem_init(&entered, 0, 0);
    sem_init(&go, 0, 0);
  }
};
Gate* gate = nullptr;

Gate& next_gate() {
  static std::array<Gate, 4> gates;
  static size_t used = 0;
  gate = &gates.at(used++);
  return *gate;
}

NamesFound hang(const char* /*host*/, uint16_t port, int /*family*/) {
  Gate& held = *gate;
  const int inside = ++held.inside;
  if (inside > held.most) held.most = inside;
  sem_post(&held.entered);
  sem_wait(&held.go);
  held.inside--;
  NamesFound found;
  found.count = 1;
  found.addresses[0] = Address::from_literal("192.0.2.1", port).value();
  return found;
}

NamesFound only_v6(const char* /*host*/, uint16_t port, int family) {
  NamesFound found;
  if (family != AF_INET6) return found;
  found.count = 1;
  found.addresses[0] = Address::from_literal("2001:db8::1", port).value();
  return found;
}

std::atomic<int> silent_calls{0};

NamesFound silent(const char* /*host*/, uint16_t /*port*/, int /*family*/) {
  silent_calls++;
  NamesFound found;
  found.outcome = NamesFound::Outcome::kNoAnswer;
  return found;
}

}  // namespace

TEST_CASE("thread_resolver_finds_localhost_by_ipv4") {
  ThreadResolver resolver(kernel());
  resolver.start("localhost", 3100, 7, kStart);
  const std::optional<Resolution> answer = answer_of(resolver, kStart + std::chrono::seconds(1));
  REQUIRE(answer);
  CHECK(answer->generation == 7);
  REQUIRE(answer->ok());
  CHECK(answer->usable()[0].text() == "127.0.0.1:3100");
  CHECK(answer->made_at == kStart + std::chrono::seconds(1));
  CHECK(answer->fresh(answer->made_at + kResolvedFor - Milliseconds(1)));
  CHECK_FALSE(answer->fresh(answer->made_at + kResolvedFor));
  CHECK_FALSE(resolver.poll(kStart));
  CHECK(resolver.running() == 0);
  CHECK(resolver.deadline() == kNever);
}

TEST_CASE("thread_resolver_says_which_name_does_not_exist") {
  // A label of more than 63 bytes cannot exist: no DNS server is asked.
  const std::string host = std::string(70, 'a') + ".example.com";
  ThreadResolver resolver(kernel());
  resolver.start(host, 443, 1, kStart);
  const std::optional<Resolution> answer = answer_of(resolver);
  REQUIRE(answer);
  CHECK_FALSE(answer->ok());
  CHECK(std::string(answer->error.text()).find(host) != std::string::npos);
}

TEST_CASE("thread_resolver_falls_back_to_ipv6") {
  ThreadResolver resolver(kernel(), &only_v6);
  resolver.start("six.example", 443, 1, kStart);
  const std::optional<Resolution> answer = answer_of(resolver);
  REQUIRE(answer);
  REQUIRE(answer->ok());
  CHECK(answer->usable()[0].text() == "[2001:db8::1]:443");
}

TEST_CASE("thread_resolver_does_not_ask_silent_servers_twice") {
  silent_calls = 0;
  ThreadResolver resolver(kernel(), &silent);
  resolver.start("loki.example", 443, 1, kStart);
  const std::optional<Resolution> answer = answer_of(resolver);
  REQUIRE(answer);
  CHECK_FALSE(answer->ok());
  CHECK(std::string(answer->error.text()) == "no DNS server answered for loki.example");
  CHECK(silent_calls == 1);
}

TEST_CASE("thread_resolver_discards_a_late_answer_by_its_generation") {
  next_gate();
  ThreadResolver resolver(kernel(), &hang);
  resolver.start("first.example", 443, 1, kStart);
  sem_wait(&gate->entered);
  resolver.start("second.example", 443, 2, kStart);
  CHECK(resolver.running() == 1);
  sem_post(&gate->go);
  // The first's answer is taken in, thrown away, and the second begins.
  sem_post(&gate->go);
  const std::optional<Resolution> answer = answer_of(resolver);
  REQUIRE(answer);
  CHECK(answer->generation == 2);
  CHECK_FALSE(resolver.poll(kStart));
  CHECK(gate->most == 1);
}

TEST_CASE("thread_resolver_starts_a_second_thread_after_the_patience_and_never_a_third") {
  next_gate();
  ThreadResolver resolver(kernel(), &hang);
  resolver.start("a.example", 443, 1, kStart);
  sem_wait(&gate->entered);
  resolver.start("b.example", 443, 2, kStart + Milliseconds(100));
  const MonotonicTime due = kStart + ThreadResolver::kLookupPatience;
  CHECK(resolver.deadline() == due);
  CHECK_FALSE(resolver.poll(due - Milliseconds(1)));
  CHECK(resolver.running() == 1);
  CHECK_FALSE(resolver.poll(due));
  sem_wait(&gate->entered);
  CHECK(resolver.running() == 2);
  CHECK(resolver.deadline() == kNever);

  const MonotonicTime much_later = due + std::chrono::minutes(5);
  resolver.start("c.example", 443, 3, much_later);
  CHECK_FALSE(resolver.poll(much_later));
  CHECK(resolver.running() == 2);
  CHECK(resolver.deadline() == kNever);

  for (int i = 0; i < 3; i++) sem_post(&gate->go);
  const std::optional<Resolution> answer = answer_of(resolver, much_later);
  REQUIRE(answer);
  CHECK(answer->generation == 3);
  CHECK(gate->most == 2);
}

TEST_CASE("thread_resolver_may_go_while_a_lookup_hangs") {
  Gate& held = next_gate();
  {
    ThreadResolver resolver(kernel(), &hang);
    resolver.start("a.example", 443, 1, kStart);
    sem_wait(&held.entered);
  }
  // The thread frees what it holds; a leak or a use after free would be the sanitizer's to tell.
  sem_post(&held.go);
  while (held.inside != 0) sched_yield();
}

TEST_CASE("thread_resolver_may_go_with_an_answer_that_nobody_took") {
  Gate& held = next_gate();
  ThreadResolver resolver(kernel(), &hang);
  resolver.start("a.example", 443, 1, kStart);
  sem_post(&held.go);
  while (resolver.running() != 0) sched_yield();
}

}  // namespace sleipnir
