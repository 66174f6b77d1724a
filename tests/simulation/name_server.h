// NameServer: the resolver of a simulation: answers at once, late, with a refusal, or never, as it is told.
#pragma once

#include <optional>
#include <string>

#include "fake/clock.h"
#include "fake/random.h"
#include "net/kernel.h"
#include "net/resolver.h"

namespace sleipnir::simulation {

// Of 100 lookups so many go each way; the others are answered at once.
struct NameServerSetting {
  std::string address = "10.0.0.1";
  unsigned late_percent = 0;
  unsigned refused_percent = 0;
  unsigned silent_percent = 0;
};

class NameServer final : public Resolver {
 public:
  // `owner` is woken by an answer, as the real one does.
  NameServer(Kernel& owner, const test::FakeClock& clock, test::SeededRandom& random, const NameServerSetting& setting)
      : owner_(owner), clock_(clock), random_(random), setting_(setting) {}

  NameServerSetting& setting() { return setting_; }
  int asked() const { return asked_; }

  // Gives the answer that is due; true if there was one.
  bool act() {
    if (due_ > clock_.monotonic()) return false;
    due_ = kNever;
    ready_ = pending_;
    pending_.reset();
    owner_.wake();
    return true;
  }
  MonotonicTime next_event() const { return due_; }

  void start(std::string_view host, uint16_t port, uint64_t generation, MonotonicTime now) override {
    asked_++;
    ready_.reset();
    Resolution made;
    made.generation = generation;
    const uint64_t drawn = random_.below(100);
    due_ = now;
    if (drawn < setting_.silent_percent) {
      due_ = kNever;
    } else if (drawn < setting_.silent_percent + setting_.late_percent) {
      due_ = now + Milliseconds(1 + static_cast<int64_t>(random_.below(3000)));
    }
    if (random_.chance(setting_.refused_percent)) {
      made.error = Error::make("no such host: %.*s", static_cast<int>(host.size()), host.data());
    } else {
      made.count = 1;
      made.addresses[0] = Address::from_literal(setting_.address, port).value();
    }
    pending_ = made;
  }

  std::optional<Resolution> poll(MonotonicTime now) override {
    std::optional<Resolution> given = std::exchange(ready_, std::nullopt);
    if (given) given->made_at = now;
    return given;
  }
  MonotonicTime deadline() const override { return kNever; }

 private:
  Kernel& owner_;
  const test::FakeClock& clock_;
  test::SeededRandom& random_;
  NameServerSetting setting_;
  int asked_ = 0;
  std::optional<Resolution> pending_;
  MonotonicTime due_ = kNever;
  std::optional<Resolution> ready_;
};

}  // namespace sleipnir::simulation
