#include "flush_model.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "lambda/lifecycle.h"

namespace sleipnir::perf {

namespace {

constexpr int64_t kTelemetryBufferMs = 25;
constexpr int64_t kRoundTripMs = 20;
constexpr int64_t kConnectMs = 2 * kRoundTripMs;
constexpr int64_t kConnectionLivesMs = 60'000;
constexpr int64_t kShutDownAfterMs = 600'000;
constexpr int64_t kTimeoutMs = 30'000;
constexpr Milliseconds kBudget{500};
constexpr int64_t kFlushIntervalMs = 1000;
constexpr int64_t kIdleFlushIntervalMs = 3000;
constexpr int64_t kEpochMs = 1'780'000'000'000;

struct Entry {
  int64_t created_ms = 0;
  int64_t reached_ms = 0;
  bool error = false;
};

// One run. All times are wall milliseconds unless they say awake.
class Run {
 public:
  explicit Run(FlushStrategy strategy) : strategy_(strategy) {}

  void invoke(const Invocation& invocation) {
    const int64_t frozen_since = now_;
    const int64_t awaited_since = asked_next_at_;
    now_ = std::max(now_, invocation.arrival_ms);
    if (!lifecycle_ || now_ - frozen_since > kShutDownAfterMs) {
      if (lifecycle_) shut_down(frozen_since + kShutDownAfterMs);
      lifecycle_.emplace(strategy_, Lifecycle::Options{.flush_budget = kBudget});
    }
    play(invocation, Milliseconds(now_ - awaited_since) > kThawGap);
    outcome_.invocations++;
  }

  Outcome finish() {
    shut_down(now_ + kShutDownAfterMs);
    outcome_.records = entries_.size();
    outcome_.hold_mean_ms = static_cast<double>(held_ms_) / static_cast<double>(outcome_.invocations);
    count_ages();
    return outcome_;
  }

 private:
  struct Push {
    std::vector<size_t> entries;
    std::optional<int64_t> written_ms;  // once the connection is there
  };

  Instant instant() const {
    return {.monotonic = MonotonicTime(Milliseconds(awake_ms_)), .wall = wall_from_unix_ms(kEpochMs + now_)};
  }

  // From INVOKE until the environment may be frozen.
  void play(const Invocation& invocation, bool thawed) {
    RuntimeEvent event{.type = RuntimeEvent::Type::kInvoke,
                       .deadline = wall_from_unix_ms(kEpochMs + now_ + kTimeoutMs)};
    char id[32];
    snprintf(id, sizeof(id), "request-%llu", static_cast<unsigned long long>(outcome_.invocations));
    event.request_id.assign(id);
    asked_next_ = false;
    const Lifecycle::Action action = lifecycle_->on_invoke(event, waiting(), true, instant());
    // A connection is made ready while the function runs, if it is known that somebody will wait for it.
    if (action == Lifecycle::Action::kNone) warm_up();
    seal_next_body_ = thawed && action == Lifecycle::Action::kAskNext;
    carry_out(action);

    const int64_t begin = now_;
    const int64_t end = begin + invocation.duration_ms;
    int lines = 0;
    emit(false);  // platform.start
    for (bool done = false; !done || !asked_next_; now_++, awake_ms_++) {
      const int64_t due = invocation.lines * (now_ - begin) / invocation.duration_ms;
      for (; !done && lines < std::min<int64_t>(due, invocation.lines); lines++) {
        emit(invocation.logs_error && lines + 1 == invocation.lines);
      }
      if (!done && now_ >= end) {
        done = true;
        done_id_ = id;
        emit(false);  // platform.runtimeDone
      }
      deliver_telemetry();
      carry_out(lifecycle_->on_time(instant()));
      flush_in_background();
      drive_pushes();
      if (done && !asked_next_) held_ms_++;
    }
  }

  void emit(bool error) {
    if (buffered_.empty()) buffered_since_ = now_;
    buffered_.push_back(entries_.size());
    entries_.push_back({.created_ms = now_, .error = error});
  }

  void deliver_telemetry() {
    if (buffered_.empty() || now_ < buffered_since_ + kTelemetryBufferMs) return;
    if (open_.empty()) {
      open_since_ms_ = now_;
      open_since_awake_ms_ = awake_ms_;
    }
    open_.insert(open_.end(), buffered_.begin(), buffered_.end());
    buffered_.clear();
    if (std::exchange(seal_next_body_, false)) seal();
    if (done_id_.empty()) return;
    const Lifecycle::Action action = lifecycle_->on_runtime_done(done_id_, waiting(), true, instant());
    done_id_.clear();
    carry_out(action);
  }

  FlushFacts waiting() const {
    FlushFacts facts;
    for (const size_t i : open_) note(facts, entries_[i]);
    for (const Push& push : pushes_) {
      for (const size_t i : push.entries) note(facts, entries_[i]);
    }
    return facts;
  }
  static void note(FlushFacts& facts, const Entry& entry) {
    facts.level_max = std::max(facts.level_max, entry.error ? Level::kError : Level::kInfo);
    facts.oldest = std::min(facts.oldest, wall_from_unix_ms(kEpochMs + entry.created_ms));
  }

  void carry_out(Lifecycle::Action action) {
    switch (action) {
      case Lifecycle::Action::kNone: break;
      case Lifecycle::Action::kAskNext:
        asked_next_ = true;
        asked_next_at_ = now_;
        holding_ = false;
        break;
      case Lifecycle::Action::kFlush: seal(); break;
      case Lifecycle::Action::kFlushAndHold:
        seal();
        holding_ = true;
        break;
    }
  }

  void flush_in_background() {
    const int64_t interval = lifecycle_->invocation_running() ? kFlushIntervalMs : kIdleFlushIntervalMs;
    if (open_.empty()) return;
    if (awake_ms_ >= open_since_awake_ms_ + interval || now_ >= open_since_ms_ + interval) seal();
  }

  void seal() {
    if (open_.empty()) return;
    pushes_.push_back({.entries = std::move(open_), .written_ms = {}});
    open_.clear();
    warm_up();
  }

  void warm_up() {
    if (now_ - connection_used_ms_ <= kConnectionLivesMs) return;
    connection_used_ms_ = now_;
    connected_awake_ms_ = awake_ms_ + kConnectMs;
  }

  void drive_pushes() {
    for (Push& push : pushes_) {
      if (push.written_ms || awake_ms_ < connected_awake_ms_) continue;
      push.written_ms = now_;
      connection_used_ms_ = now_;
      reach(push.entries, now_ + kRoundTripMs / 2);
    }
    std::erase_if(pushes_,
                  [this](const Push& push) { return push.written_ms && now_ >= *push.written_ms + kRoundTripMs; });
    if (holding_ && pushes_.empty()) carry_out(lifecycle_->on_flush_settled());
  }

  void reach(const std::vector<size_t>& entries, int64_t when) {
    for (const size_t i : entries) entries_[i].reached_ms = when;
  }

  // Everything that is left goes, on a new connection.
  void shut_down(int64_t when) {
    const int64_t reached = when + kConnectMs + kRoundTripMs / 2;
    reach(buffered_, reached);
    reach(open_, reached);
    for (const Push& push : pushes_) {
      if (!push.written_ms) reach(push.entries, reached);
    }
    buffered_.clear();
    open_.clear();
    pushes_.clear();
    done_id_.clear();
    connection_used_ms_ = -2 * kConnectionLivesMs;
    over_ms_ = reached;
  }

  void count_ages() {
    std::vector<int64_t> ages;
    std::vector<int64_t> error_ages;
    std::vector<std::pair<int64_t, int>> steps;  // when, and by how much more are unsent
    double sum = 0;
    for (const Entry& entry : entries_) {
      const int64_t age = entry.reached_ms - entry.created_ms;
      ages.push_back(age);
      if (entry.error) error_ages.push_back(age);
      sum += static_cast<double>(age);
      steps.emplace_back(entry.created_ms, 1);
      steps.emplace_back(entry.reached_ms, -1);
    }
    std::sort(steps.begin(), steps.end());
    int64_t unsent = 0;
    for (const auto& [when, more] : steps) {
      unsent += more;
      outcome_.unsent_most = std::max(outcome_.unsent_most, static_cast<uint64_t>(std::max<int64_t>(unsent, 0)));
    }
    // The area under it, by Little's law.
    outcome_.unsent_mean = sum / static_cast<double>(over_ms_ - entries_.front().created_ms);
    outcome_.age_p99_ms = percentile_99(ages);
    outcome_.error_age_p99_ms = percentile_99(error_ages);
  }

  static double percentile_99(std::vector<int64_t>& values) {
    if (values.empty()) return 0;
    const auto at = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) * 99 / 100);
    std::nth_element(values.begin(), at, values.end());
    return static_cast<double>(*at);
  }

  const FlushStrategy strategy_;
  std::optional<Lifecycle> lifecycle_;
  int64_t now_ = 0;
  int64_t awake_ms_ = 1;
  int64_t over_ms_ = 0;
  std::vector<Entry> entries_;

  // Lambda's buffer.
  std::vector<size_t> buffered_;
  int64_t buffered_since_ = 0;
  std::string done_id_;  // of the runtimeDone that is buffered too

  // The extension.
  std::vector<size_t> open_;
  int64_t open_since_ms_ = 0;
  int64_t open_since_awake_ms_ = 0;
  std::deque<Push> pushes_;
  int64_t connected_awake_ms_ = 0;
  int64_t connection_used_ms_ = -2 * kConnectionLivesMs;
  bool asked_next_ = false;
  int64_t asked_next_at_ = 0;
  bool seal_next_body_ = false;
  bool holding_ = false;

  int64_t held_ms_ = 0;
  Outcome outcome_;
};

}  // namespace

Outcome simulate(const std::vector<Invocation>& invocations, FlushStrategy strategy) {
  Run run(strategy);
  for (const Invocation& invocation : invocations) run.invoke(invocation);
  return run.finish();
}

}  // namespace sleipnir::perf
