#include "lambda/telemetry_handler.h"

#include "base/hash.h"

namespace sleipnir {

namespace {

// Our own lines, when the extensions' output is subscribed: shipping them would make more of them.
bool is_own_line(const Decoded& decoded) {
  return decoded.kind == EventKind::kExtension && decoded.record.text.starts_with("sleipnir: ");
}

}  // namespace

Handled TelemetryHandler::on_post(std::string_view body, Instant now) {
  if (!under_way_) {
    hash_ = hash_bytes(body);
    if (is_duplicate(hash_)) return Handled::kAccepted;
    under_way_ = true;
    arrived_at_ = now;
    records_ = 0;
    scanner_ = TelemetryScanner(body);
  }
  for (;;) {
    if (unstored_ && !store()) return Handled::kLater;
    TelemetryElement element;
    const ScanOutcome outcome = scanner_.next(element);
    if (outcome == ScanOutcome::kEnd) break;
    records_++;
    if (outcome == ScanOutcome::kMalformed) {
      counters_.received.add(1);
      counters_.malformed.add(1);
    } else {
      decoder_.decode(element, now.wall, decoded_);
      if (rules_ != nullptr) rules_->apply(decoded_);
      unstored_ = true;
    }
  }
  under_way_ = false;
  remembered_[remembered_next_] = Remembered{.hash = hash_, .records = records_};
  remembered_next_ = (remembered_next_ + 1) % remembered_.size();
  listener_.on_body_stored(now);
  return Handled::kAccepted;
}

void TelemetryHandler::on_refused(int) {
  counters_.refused_bodies.add(1);
}

bool TelemetryHandler::is_duplicate(uint64_t hash) {
  for (const Remembered& known : remembered_) {
    if (known.hash != hash || known.records == 0) continue;
    counters_.received.add(known.records);
    counters_.duplicate.add(known.records);
    return true;
  }
  return false;
}

// Stores the element in hand, then tells the listener: what it hears of is stored already. False: no room now. It
// counts from its first part on: one that still waits for room at the end is not ours, its POST was never answered.
bool TelemetryHandler::store() {
  const bool filtered = decoded_.disposition == Disposition::kFilter || is_own_line(decoded_);
  const RecordSink::Put put = filtered ? RecordSink::Put::kWhole : sink_.put(sink_.owner, decoded_.record);
  if (put == RecordSink::Put::kNothing) return false;
  if (!counted_) {
    counters_.received.add(1);
    if (filtered) counters_.filtered.add(1);
  }
  unstored_ = counted_ = put != RecordSink::Put::kWhole;
  if (unstored_) return false;
  if (decoded_.kind == EventKind::kLogsDropped) {
    counters_.lost_upstream_records.add(decoded_.dropped_records);
    counters_.lost_upstream_bytes.add(decoded_.dropped_bytes);
  }
  if (decoded_.kind != EventKind::kFunction && decoded_.kind != EventKind::kExtension) {
    listener_.on_platform_event(decoded_, arrived_at_);
  }
  return true;
}

}  // namespace sleipnir
