#include "app/upstream.h"

namespace sleipnir {

Upstream::Upstream(const Endpoint& endpoint, Resolver& resolver, Milliseconds patience)
    : host_(endpoint.host), port_(endpoint.port), name_(endpoint.authority), resolver_(resolver), patience_(patience) {
  const Result<Address> address = Address::from_literal(host_, port_);
  literal_ = static_cast<bool>(address);
  if (!literal_) return;
  known_.count = 1;
  known_.addresses[0] = address.value();
}

bool Upstream::lookup_failed(Instant now) {
  if (!resolving_) return false;
  const std::optional<Resolution> answer = resolver_.poll(now.monotonic);
  if (!answer || answer->generation != generation_) {
    if (now.monotonic < give_up_at_) return false;
    resolving_ = false;
    failure_ = Error::make("no DNS server answered for %s", host_.c_str());
    return true;
  }
  resolving_ = false;
  known_ = *answer;
  next_ = 0;
  if (known_.ok()) return false;
  failure_ = known_.error;
  return true;
}

Upstream::Where Upstream::locate(Address& out, Instant now) {
  if (resolving_) return Where::kResolving;
  const bool usable = known_.ok() && next_ < known_.count && (literal_ || known_.fresh(now.monotonic));
  if (usable) {
    out = known_.addresses[next_];
    return Where::kKnown;
  }
  resolver_.start(host_, port_, ++generation_, now.monotonic);
  resolving_ = true;
  give_up_at_ = now.monotonic + patience_;
  thawed_at_.reset();
  return Where::kResolving;
}

void Upstream::on_thaw(Instant now) {
  if (!thawed_at_) {
    thawed_at_ = now.wall;
    give_up_at_ = now.monotonic + patience_;
  } else if (now.wall - *thawed_at_ > kThawGap) {
    give_up_at_ = now.monotonic;
  }
}

void Upstream::on_failed() {
  if (literal_) return;
  next_++;
}

void Upstream::forget() {
  if (literal_) return;
  known_ = Resolution{};
  resolving_ = false;
}

}  // namespace sleipnir
