#include "app/upstream.h"

namespace sleipnir {

Upstream::Upstream(const Endpoint& endpoint, Resolver& resolver)
    : host_(endpoint.host), port_(endpoint.port), name_(endpoint.authority()), resolver_(resolver) {
  const Result<Address> address = Address::from_literal(host_, port_);
  literal_ = static_cast<bool>(address);
  if (!literal_) return;
  known_.count = 1;
  known_.addresses[0] = address.value();
}

Upstream::Where Upstream::locate(Address& out, Instant now) {
  if (resolving_) {
    const std::optional<Resolution> answer = resolver_.poll(now.monotonic);
    if (!answer || answer->generation != generation_) return Where::kResolving;
    resolving_ = false;
    known_ = *answer;
    next_ = 0;
    if (!known_.ok()) {
      failure_ = known_.error;
      return Where::kFailed;
    }
  }
  const bool usable = known_.ok() && next_ < known_.count && (literal_ || known_.fresh(now.monotonic));
  if (usable) {
    out = known_.addresses[next_];
    return Where::kKnown;
  }
  resolver_.start(host_, port_, ++generation_, now.monotonic);
  resolving_ = true;
  return Where::kResolving;
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
