#include "story.h"

#include <cerrno>

#include "base/limits.h"
#include "base/log.h"

namespace sleipnir::simulation {

namespace {

// Borrowed by the configuration.
Config load(const std::vector<std::string>& environment) {
  std::vector<const char*> pointers;
  for (const std::string& entry : environment) pointers.push_back(entry.c_str());
  pointers.push_back(nullptr);
  return load_config({pointers.data()});
}

unsigned long long ull(uint64_t value) {
  return value;
}

}  // namespace

Story::Story(uint64_t seed, Findings::Print print)
    : machine_(seed),
      findings_(machine_.clock, print),
      book_(findings_),
      scenario_(draw_scenario(machine_.random)),
      config_(load(scenario_.environment)),
      lambda_(machine_, book_, findings_, scenario_.lambda),
      loki_(machine_, book_, findings_, scenario_.loki),
      bucket_(machine_, findings_, loki_) {
  set_log_level(print == Findings::Print::kYes ? LogLevel::kDebug : LogLevel::kError);
  for (const std::string& entry : scenario_.environment) findings_.note("%s", entry.c_str());
  for (const ConfigProblem& problem : config_.problems) {
    // It warns of what it costs Loki.
    if (problem.text.starts_with("LOKI_REQUEST_ID_AS=label")) continue;
    findings_.fail("configuration: %s", problem.text.c_str());
  }
  machine_.network.splits = scenario_.splits;
  machine_.disk.total_bytes = uint64_t{512} << 20;
  machine_.disk.free_bytes = scenario_.disk_free_bytes;
}

Outcome Story::run() {
  loki_.set_weather(draw_weather(random(), random().chance(scenario_.bad_weather_percent)));
  for (int life = 0; life < scenario_.lives && !findings_.failed(); life++) live(life + 1 == scenario_.lives);
  if (!findings_.failed()) judge();
  outcome_.failure = findings_.failure();
  outcome_.hash = findings_.hash();
  return outcome_;
}

void Story::begin_life(bool last) {
  process_ = std::make_unique<Process>(machine_, config_, findings_, scenario_.names);
  plan_trouble(last);
  lambda_.begin_life();
  loki_.begin_life();
  if (config_.dead_letter) bucket_.begin_life();
  test::Driver& driver = process_->driver();
  driver.act([this] { return lambda_.act(); });
  driver.act([this] { return loki_.act(); });
  driver.act([this] { return bucket_.act(); });
  driver.wakes_at([this] { return lambda_.next_event(); });
  driver.wakes_at([this] { return loki_.next_event(); });
  driver.wakes_at([this] { return bucket_.next_event(); });
  lambda_.on_runtime_done_posted([this] {
    const int64_t probe = process_->handoff().probe_at_ms.load();
    probe_when_done_ = now_ms() < probe ? probe : 0;
    flushed_before_ = process_->handoff().flush_settled.load() != 0;
  });
  if (!process_->start()) findings_.fail("it did not start");
  driver.run_until([this] { return lambda_.next_pending(); }, std::chrono::seconds(1));
  if (!lambda_.next_pending() && !over()) findings_.fail("no /next after the start");
}

// A killed process is followed by another one in the same sandbox.
void Story::plan_trouble(bool last) {
  test::FakeFileSystem& files = process_->files();
  if (random().chance(scenario_.short_writes_percent)) files.write_bytes_max = 1 + random().below(300);
  if (random().chance(scenario_.disk_trouble_percent)) {
    files.fail_from_call = 1 + random().below(60);
    files.failing_calls = 1 + random().below(30);
    files.fail_with = random().chance(50) ? ENOSPC : EIO;
    disk_trouble_ = true;
    findings_.note("the disk fails from call %llu on, %llu times", ull(files.fail_from_call), ull(files.failing_calls));
  }
  if (last) return;
  if (random().chance(scenario_.torn_write_percent)) {
    files.die_after_bytes = random().below(random().chance(20) ? 300 : 3000);
    files.torn_tail = random().chance(50) ? test::TornTail::kGarbled : static_cast<test::TornTail>(random().below(3));
    // Or nothing might be written.
    if (random().chance(70)) loki_.set_weather(draw_weather(random(), true));
    findings_.note("the process dies when it has written %llu bytes", ull(files.die_after_bytes));
  }
  if (random().chance(scenario_.kill_percent)) process_->kill_after_steps(1 + random().below(800));
}

void Story::live(bool last) {
  findings_.note("---- a life begins ----");
  begin_life(last);
  const bool heals = last && scenario_.healthy_end;
  End end = End::kSpindown;
  if (!last) {
    // A restart in the same sandbox; or the function's own end, and no other.
    end = random().chance(50) ? End::kTimeout : End::kFailure;
  } else if (!heals && random().chance(30)) {
    end = End::kFailure;
  }
  const auto count = 1 + random().below(static_cast<uint64_t>(scenario_.invocations_max));
  for (uint64_t i = 0; i < count && !over(); i++) {
    maybe_change_weather();
    const bool times_out = end == End::kTimeout && i + 1 == count;
    invoke(times_out);
    if (!over() && !times_out) freeze(up_to(scenario_.gap_up_to));
  }
  if (heals && !over()) recover();
  if (!over()) shut_down(end);
  if (!findings_.failed()) end_life();
}

// Loki is well again and stays so: everything has to arrive, the spool included.
void Story::recover() {
  Weather fair;
  fair.name = "fair for good";
  loki_.set_weather(fair);
  healed_ = true;
  process_->names().setting() = NameServerSetting{};
  process_->files().fail_from_call = 0;
  // The longest probe interval and the longest Retry-After are five minutes. A spool full of small batches takes
  // longer; then each further invocation has to see less of it.
  int64_t left = INT64_MAX;
  uint64_t restored = 0;
  for (int i = 0; !over(); i++) {
    freeze(std::chrono::minutes(4));
    invoke(false);
    if (over()) return;
    process_->driver().run_for(std::chrono::seconds(20));
    const int64_t left_before = std::exchange(left, waiting());
    const uint64_t restored_before = std::exchange(restored, process_->counters().restored.get());
    if (i >= 4 && (left == 0 || (left >= left_before && restored == restored_before))) break;
  }
  if (over() || left == 0) return;
  findings_.fail(
      "recovery: Loki has been well for 20 minutes and five invocations, and %lld records still wait, in memory "
      "or on disk",
      static_cast<long long>(left));
}

// What a healthy Loki has not got yet.
int64_t Story::waiting() const {
  const Counters& counters = process_->counters();
  // Fewer entries than DISPATCH_MIN_BATCH_SIZE wait for more.
  const uint64_t lingering = config_.dispatch_min_entries > 1 ? process_->extension().records_in_hand() : 0;
  const auto in_memory = static_cast<int64_t>(counters.pending() - lingering);
  const int64_t on_disk =
      on_disk_ + static_cast<int64_t>(counters.spooled.get()) - static_cast<int64_t>(counters.restored.get());
  return in_memory + (ledger_spans_lives() ? on_disk : 0);
}

// Whether what one life has spooled and another one restored can be added up. A killed process has not counted to its
// end, and a mark that could not be written lets a frame come back twice. A frame of which a part was delivered comes
// back whole in the next life if at the end of this one there was no room to store the rest.
bool Story::ledger_spans_lives() const {
  const bool in_parts = scenario_.loki.body_bytes_max != 0 || scenario_.loki.poisoned_one_in != 0;
  const bool little_room = config_.spool_bytes_max <= kMiB || scenario_.disk_free_bytes < kSpoolFreeBytesMin + kMiB;
  return !any_kill_ && !disk_trouble_ && !(in_parts && little_room);
}

void Story::end_life() {
  const Counters& counters = process_->counters();
  findings_.note(
      "the life ends: received %llu restored %llu sent %llu spooled %llu filtered %llu duplicate %llu dropped %llu "
      "pending %lld",
      ull(counters.received.get()), ull(counters.restored.get()), ull(counters.sent.get()), ull(counters.spooled.get()),
      ull(counters.filtered.get()), ull(counters.duplicate.get()), ull(counters.dropped_total()),
      static_cast<long long>(counters.pending()));
  outcome_.steps += process_->driver().steps();
  if (process_->dead()) {
    killed_with_ += process_->pending_when_killed();
    any_kill_ = true;
  } else {
    check_ledger();
  }
  dropped_ += counters.dropped_total() + counters.sampled_out.get();
  spooled_ += counters.spooled.get();
  on_disk_ += static_cast<int64_t>(counters.spooled.get()) - static_cast<int64_t>(counters.restored.get());
  lambda_.end_life();
  process_.reset();
}

// Every record is in Loki or in a ledger, and in one of them only.
void Story::judge() {
  const Book::Totals totals = book_.close();
  outcome_.records = totals.written;
  outcome_.delivered = totals.delivered;
  outcome_.dropped = dropped_;
  outcome_.repeats = totals.repeats;
  outcome_.in_part = totals.in_part;
  findings_.note(
      "in the end: %llu written, %llu taken, %llu delivered, %llu missing, %llu repeats; ledger: %llu dropped, "
      "%lld on disk, %llu in memory when killed",
      ull(totals.written), ull(totals.taken), ull(totals.delivered), ull(totals.missing), ull(totals.repeats),
      ull(dropped_), static_cast<long long>(on_disk_), ull(killed_with_));
  if (findings_.failed()) return;
  const auto on_disk = disk_trouble_ ? spooled_ : static_cast<uint64_t>(std::max<int64_t>(on_disk_, 0));
  if (totals.missing > dropped_ + on_disk + killed_with_) {
    findings_.fail(
        "lost: %llu records are not in Loki, but only %llu dropped + %llu on disk + %llu in memory at a kill",
        ull(totals.missing), ull(dropped_), ull(on_disk), ull(killed_with_));
  }
  if (!ledger_spans_lives()) return;
  if (on_disk_ < 0) {
    findings_.fail("more records came back from the disk than went there: %lld", static_cast<long long>(-on_disk_));
  }
  if (on_disk_ != 0 && spindown_) {
    findings_.fail("%lld records are on disk after a spindown, and no ledger counts them as dropped",
                   static_cast<long long>(on_disk_));
  }
}

}  // namespace sleipnir::simulation
