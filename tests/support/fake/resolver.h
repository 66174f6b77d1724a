// FakeResolver: a Resolver whose answers a test gives.
#pragma once

#include <string>

#include "net/kernel.h"
#include "net/resolver.h"

namespace sleipnir::test {

class FakeResolver final : public Resolver {
 public:
  // `owner` is woken by an answer, as the real one does.
  explicit FakeResolver(Kernel& owner) : owner_(owner) {}

  void start(std::string_view host, uint16_t port, uint64_t generation, MonotonicTime) override {
    asked++;
    host_ = host;
    port_ = port;
    generation_ = generation;
    pending_ = true;
    answer_.reset();
    if (immediate_) answer(*immediate_);
  }

  std::optional<Resolution> poll(MonotonicTime now) override {
    std::optional<Resolution> given = std::exchange(answer_, std::nullopt);
    if (given) given->made_at = now;
    return given;
  }
  MonotonicTime deadline() const override { return kNever; }

  // Answers the lookup under way; an empty literal: the name does not exist.
  void answer(std::string_view literal) {
    Resolution made;
    made.generation = generation_;
    if (literal.empty()) {
      made.error = Error::make("no such host: %s", host_.c_str());
    } else {
      made.count = 1;
      made.addresses[0] = Address::from_literal(literal, port_).value();
    }
    answer_ = made;
    pending_ = false;
    owner_.wake();
  }
  // From now on every lookup is answered at once.
  void answer_always(std::string literal) { immediate_ = std::move(literal); }

  bool pending() const { return pending_; }
  const std::string& host() const { return host_; }
  int asked = 0;

 private:
  Kernel& owner_;
  std::string host_;
  uint16_t port_ = 0;
  uint64_t generation_ = 0;
  bool pending_ = false;
  std::optional<Resolution> answer_;
  std::optional<std::string> immediate_;
};

}  // namespace sleipnir::test
