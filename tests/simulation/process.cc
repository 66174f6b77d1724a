#include "process.h"

#include <cstdlib>

#include "app/threads.h"
#include "base/hash.h"

namespace sleipnir::simulation {

namespace {

// The driver's number for the sender; the extension, which it got to know first, is 0.
constexpr size_t kSender = 1;

}  // namespace

Process::Process(Machine& machine, const Config& config, Findings& findings, const NameServerSetting& names)
    : machine_(machine),
      config_(config),
      findings_(findings),
      names_(kernel_, machine.clock, machine.random, names),
      driver_(machine.network, machine.random.next() | 1) {
  extension_ = std::make_unique<Extension>(config_, "sleipnir", loop_, machine_.random, handoff_, *this);
  driver_.add(loop_, [this](Instant now, std::span<const Ready> ready) {
    pending_before_step_ = counters().pending();
    return extension_->exit_code() ? kNever : extension_->step(now, ready);
  });
  driver_.add(kernel_, [this](Instant now, std::span<const Ready> ready) {
    pending_before_step_ = counters().pending();
    probe_before_step_ = handoff_.probe_at_ms.load();
    pushes_before_step_ = counters().pushes.get();
    under_way_before_step_ = sender_ ? sender_->pushes_under_way() : 0;
    return sender_ ? sender_->step(now, ready) : kNever;
  });
  driver_.act([this] { return names_.act(); });
  driver_.wakes_at([this] { return names_.next_event(); });
  driver_.after_step([this](size_t object) { look(object); });
  driver_.late_percent = 10;
}

bool Process::start() {
  return static_cast<bool>(extension_->start(machine_.clock.now()));
}

void Process::start_sender(const SenderSetup& setup) {
  pool_ = &setup.pool;
  upstream_.emplace(*config_.endpoint, names_, config_.connect_timeout);
  spool_.emplace(files_, machine_.random, spool_options(config_), setup.push_prefix);
  if (config_.dead_letter) {
    dead_letter_ = std::make_unique<DeadLetter>(kernel_, config_, machine_.random, handoff_.counters,
                                                std::move(MappedMemory::create(kCompressedBytesMax).value()));
  }
  sender_ = std::make_unique<Sender>(
      SenderWiring{
          .kernel = kernel_,
          .loop = loop_,
          .streams = streams_,
          .upstream = *upstream_,
          .random = machine_.random,
          .pool = setup.pool,
          .spool = *spool_,
          .handoff = handoff_,
          .head = setup.head,
          .push_prefix = setup.push_prefix,
          .dead_letter = dead_letter_.get(),
      },
      sender_options(config_), std::move(MappedMemory::create(kCompressedBytesMax).value()));
  kernel_.wake();
  const size_t ceiling = setup.pool.count() * setup.pool.layout().arena_bytes + kOutsidePoolBytes +
                         (config_.dead_letter ? kCompressedBytesMax : 0);
  if (ceiling > config_.memory_limit_bytes) {
    findings_.fail("memory: %zu batches of %zu bytes and %zu beside them exceed LOKI_MEMORY_LIMIT_BYTES %zu",
                   setup.pool.count(), setup.pool.layout().arena_bytes, kOutsidePoolBytes, config_.memory_limit_bytes);
  }
}

// After every single step.
void Process::look(size_t object) {
  findings_.mix(object);
  findings_.mix(static_cast<uint64_t>(machine_.clock.monotonic().time_since_epoch().count()));
  findings_.mix(counters().received.get() * 31 + counters().sent.get() * 7 + counters().spooled.get());
  if (files_.dead() || (steps_to_live_ != 0 && --steps_to_live_ == 0)) {
    if (!files_.dead()) pending_before_step_ = counters().pending();
    driver_.stop();
    return;
  }
  if (object != kSender || !sender_) return;
  // The sender has just emptied the queue, so every record is in one pair of hands or the other.
  const uint64_t in_hand = extension_->records_in_hand() + sender_->records_in_hand();
  if (counters().pending() != in_hand) {
    findings_.fail(
        "ledger: received %llu + restored %llu = sent %llu + spooled %llu + filtered %llu + duplicate %llu + "
        "dead_lettered %llu + dropped %llu + pending %lld, but %llu are in hand",
        static_cast<unsigned long long>(counters().received.get()),
        static_cast<unsigned long long>(counters().restored.get()),
        static_cast<unsigned long long>(counters().sent.get()),
        static_cast<unsigned long long>(counters().spooled.get()),
        static_cast<unsigned long long>(counters().filtered.get()),
        static_cast<unsigned long long>(counters().duplicate.get()),
        static_cast<unsigned long long>(counters().dead_lettered.get()),
        static_cast<unsigned long long>(counters().dropped_total()), static_cast<long long>(counters().pending()),
        static_cast<unsigned long long>(in_hand));
  }
  look_at_breaker();
}

// While the breaker is open nothing is pushed before the probe's time, but at the very end.
void Process::look_at_breaker() {
  const int64_t probe = handoff_.probe_at_ms.load();
  const int64_t now_ms = unix_ms(machine_.clock.wall());
  // For what was under way when it opened, the connection may have been made only now.
  const bool begun = sender_->pushes_under_way() > under_way_before_step_;
  const bool pushed = begun || (counters().pushes.get() != pushes_before_step_ && under_way_before_step_ == 0);
  if (pushed && probe != 0 && probe == probe_before_step_ && now_ms < probe && !sender_->shutting_down()) {
    findings_.fail("breaker: a push %lld ms before the next probe", static_cast<long long>(probe - now_ms));
  }
  if (probe != 0 && probe != probe_before_step_) {
    const int64_t wait = probe - now_ms;
    if (wait < 4000 - 1 || wait > 300'000) {
      findings_.fail("breaker: the next probe is %lld ms away", static_cast<long long>(wait));
    }
    findings_.note("breaker open, next probe in %lld ms", static_cast<long long>(wait));
  }
  if (probe == 0 && probe_before_step_ != 0) findings_.note("breaker closed");
}

}  // namespace sleipnir::simulation
