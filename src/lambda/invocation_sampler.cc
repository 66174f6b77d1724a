#include "lambda/invocation_sampler.h"

#include "base/hash.h"

namespace sleipnir {

bool InvocationSampler::in_share(std::string_view request_id) const {
  return (hash_bytes(request_id) >> 32) * kAll >> 32 < share_;
}

InvocationSampler::Invocation* InvocationSampler::find(std::string_view request_id) {
  for (Invocation& invocation : known_) {
    if (!request_id.empty() && invocation.request_id == request_id) return &invocation;
  }
  return nullptr;
}

// Decides for the invocation under way, if that is still open; kHold: it was not.
Fate InvocationSampler::settle(Fate fate) {
  Fate& newest = known_[newest_].fate;
  if (newest != Fate::kHold) return Fate::kHold;
  newest = fate;
  return fate;
}

// From now on this one is under way. Of the one before nothing more will be told.
Fate InvocationSampler::begin(std::string_view request_id) {
  if (known_[newest_].request_id == request_id) return Fate::kHold;
  const Fate held = settle(Fate::kShip);
  // An asynchronous retry has the id of the attempt that failed.
  const Invocation* const before = find(request_id);
  const Fate fate = before != nullptr ? before->fate : in_share(request_id) ? Fate::kShip : Fate::kHold;
  newest_ = (newest_ + 1) % known_.size();
  known_[newest_].request_id.assign(request_id);
  known_[newest_].fate = fate;
  return held;
}

InvocationSampler::Verdict InvocationSampler::judge(const Record& record) {
  Invocation* invocation = find(record.request_id);
  if (record.level >= Level::kError) {
    // An id that is not known may be the application's own.
    if (invocation == nullptr || invocation == &known_[newest_]) return {Fate::kShip, settle(Fate::kShip)};
    invocation->fate = Fate::kShip;
    return {Fate::kShip, Fate::kHold};
  }
  if (record.request_id.empty()) return {Fate::kShip, Fate::kHold};
  if (managed_instances_) return {in_share(record.request_id) ? Fate::kShip : Fate::kDrop, Fate::kHold};
  Fate held = Fate::kHold;
  if (invocation == nullptr) {
    if (record.log_type == LogType::kPlatform) held = begin(record.request_id);
    invocation = &known_[newest_];
  }
  return {invocation->fate, held};
}

Fate InvocationSampler::on_platform_event(const Decoded& event) {
  if (managed_instances_ || event.request_id.empty()) return Fate::kHold;
  if (event.kind == EventKind::kStart) return begin(event.request_id);
  const bool outcome = event.kind == EventKind::kRuntimeDone || event.kind == EventKind::kReport;
  if (!outcome || !(known_[newest_].request_id == event.request_id)) return Fate::kHold;
  return settle(event.status == EventStatus::kSuccess ? Fate::kDrop : Fate::kShip);
}

}  // namespace sleipnir
