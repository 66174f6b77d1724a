// The sender and credentials that are fetched: when they are asked for, and what happens while there are none.

#include "app/secrets.h"
#include "app/sender.h"

namespace sleipnir {

// A push that waits, or one that is to be expected, is what they are fetched for; as often as the breaker lets it try.
void Sender::fetch_secrets(Instant now) {
  if (with_.secrets == nullptr || with_.secrets->ready() || with_.secrets->fetching()) return;
  const bool wanted = warm_up_ || next_parcel(now) != nullptr;
  const bool allowed = !breaker_.open() || breaker_.allows(now.wall) || shutdown_deadline_.has_value();
  if (wanted && allowed) with_.secrets->start(now);
}

void Sender::step_secrets(Instant now) {
  fetch_secrets(now);
  if (with_.secrets == nullptr || with_.secrets->step(now) != Secrets::Event::kFailed) return;
  warm_up_ = false;
  if (failure_gate_.open(now)) {
    log_line(LogLevel::kError, "cannot fetch the secret of %s; records are kept", with_.secrets->failure());
  }
  open_breaker(now);
  if (!shutdown_deadline_) return;
  // That was the last attempt, for all of them.
  for (std::optional<Parcel>& parcel : parcels_) {
    if (parcel) parcel->flush_attempts = options_.critical_attempts_max;
  }
}

bool Sender::credentials_lack() const {
  return with_.secrets != nullptr && !with_.secrets->ready();
}

const PushRequestHead& Sender::head() const {
  return with_.secrets != nullptr ? with_.secrets->head() : with_.head;
}

// Loki refused the credentials: are there others, or will there be?
bool Sender::renew_secrets(const Slot& slot, int status) {
  if (with_.secrets == nullptr || (status != 401 && status != 403)) return false;
  if (!with_.secrets->refused(slot.began_at)) return false;
  log_line(LogLevel::kInfo, "Loki answered %d: the credentials' secret is fetched again", status);
  return true;
}

}  // namespace sleipnir
