#include "app/replay.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "app/push_setup.h"
#include "app/threads.h"
#include "base/check.h"
#include "loki/amend.h"

namespace sleipnir {

namespace {

// For the longest labels that a stream may have, 15 names of 1 KiB and values of 2 KiB.
constexpr size_t kPrefixBytesMax = 64 * kKiB;
constexpr size_t kBatches = 4;

size_t batch_bytes_max(const Config& config) {
  return std::max(config.batch_bytes_max, EntryWriter::kEntryBytesMin);
}

}  // namespace

Result<std::unique_ptr<Replay>> Replay::create(const Config& config, LinuxKernel& kernel, ReplayTimes times) {
  // An entry that is longer than a batch should be is one all the same.
  const size_t arena = (kPrefixBytesMax + kSpoolPayloadBytesMax + batch_bytes_max(config)) & ~size_t{4095};
  Result<std::unique_ptr<BatchPool>> pool =
      BatchPool::create(kBatches, {.arena_bytes = arena, .headroom = kPrefixBytesMax});
  if (!pool) return pool.error();
  return std::unique_ptr<Replay>(new Replay(config, kernel, times, std::move(pool.value())));
}

Replay::Replay(const Config& config, LinuxKernel& kernel, ReplayTimes times, std::unique_ptr<BatchPool> pool)
    : config_(config),
      kernel_(kernel),
      times_(times),
      head_(push_head(config)),
      pool_(std::move(pool)),
      producer_(handoff_.queue),
      resolver_(kernel),
      streams_(kernel, config),
      upstream_(config.proxy ? *config.proxy : *config.endpoint, resolver_, config.connect_timeout),
      no_spool_(files_, random_, {.directory = config.spool_dir, .bytes_max = 0}, push_prefix_) {
  if (!config.secrets.empty()) {
    secrets_ = std::make_unique<Secrets>(kernel, config, kSecretsTag);
    streams_.use(secrets_->fetched());
  }
}

void Replay::begin_stream(std::string_view push_prefix) {
  if (push_prefix == push_prefix_) return;
  deliver();
  sender_.reset();
  push_prefix_ = push_prefix;
}

std::span<char> Replay::room(size_t bytes) {
  const bool full =
      open_ != nullptr && (open_->wire_bytes() + bytes > batch_bytes_max(config_) || open_->room().size() < bytes);
  if (full && !open_->empty()) seal();
  if (open_ == nullptr) open_ = pool_->take();
  return push_prefix_.size() > kPrefixBytesMax ? std::span<char>() : open_->room();
}

void Replay::commit(EntryShape shape, bool first_part, int64_t time_ns) {
  open_->commit(shape, first_part, Record{.time = WallTime(Nanoseconds(time_ns))});
}

// Hands the open batch over; with the last but one of the pool (one is for what the sender writes anew), to the end.
void Replay::seal() {
  if (open_ == nullptr || open_->empty()) return;
  if (given_up_) {
    untried_ += open_->record_count();
    open_->reset();
    return;
  }
  if (times_ == ReplayTimes::kRestamped) {
    Batch* const anew = pool_->take();
    last_stamp_ns_ = std::max<int64_t>(last_stamp_ns_ + 1, read_clocks().wall.time_since_epoch().count());
    const Verdict::Amend all{.oldest_accepted_ns = std::numeric_limits<int64_t>::max(),
                             .restamp_from_ns = last_stamp_ns_};
    const AmendResult amended = amend_entries(*open_, open_->all(), all, {}, *anew);
    last_stamp_ns_ += open_->entry_count();
    // Longer by their `event_time`, they may not fit: then they go as they are.
    Batch* const unused = amended.overflow ? anew : std::exchange(open_, anew);
    pool_->give_back(unused);
  }
  open_->sequence = ++sequence_;
  CHECK(producer_.put({.kind = SenderMessage::Kind::kBatch, .batch = std::exchange(open_, nullptr)}));
  handed_over_ = true;
  if (pool_->free_count() < 3) deliver();
}

void Replay::deliver() {
  seal();
  if (!handed_over_) return;
  handed_over_ = false;
  if (!sender_) make_sender();
  Instant now = read_clocks();
  handoff_.finished.store(false, std::memory_order_relaxed);
  CHECK(
      producer_.put({.kind = SenderMessage::Kind::kShutdown, .flush = {.deadline = now.monotonic + kReplayRoundMax}}));
  std::array<Ready, 8> ready;
  size_t count = 0;
  for (;;) {
    const MonotonicTime deadline = sender_->step(now, std::span(ready).first(count));
    if (handoff_.finished.load(std::memory_order_relaxed)) break;
    const Nanoseconds left = std::max(deadline - now.monotonic, Nanoseconds(0));
    count = kernel_.wait(ready, std::min<Milliseconds>(std::chrono::ceil<Milliseconds>(left), kReplayRoundMax));
    now = read_clocks();
  }
  const Counters& counters = handoff_.counters;
  given_up_ = counters.dropped[static_cast<size_t>(DropReason::kShutdown)].get() != 0;
}

void Replay::make_sender() {
  Result<MappedMemory> buffer = MappedMemory::create(kCompressedBytesMax);
  CHECK(buffer);
  sender_ = std::make_unique<Sender>(
      SenderWiring{
          .kernel = kernel_,
          .loop = kernel_,
          .streams = streams_,
          .upstream = upstream_,
          .random = random_,
          .pool = *pool_,
          .spool = no_spool_,
          .handoff = handoff_,
          .head = head_,
          .push_prefix = push_prefix_,
          .secrets = secrets_.get(),
      },
      sender_options(config_), std::move(buffer.value()));
}

ReplayCounts Replay::finish() {
  deliver();
  const Counters& counters = handoff_.counters;
  const uint64_t lost = counters.dropped[static_cast<size_t>(DropReason::kShutdown)].get();
  const ReplayCounts all{
      .sent = counters.sent.get(), .refused = counters.dropped_total() - lost, .undelivered = lost + untried_};
  const ReplayCounts since{.sent = all.sent - told_.sent,
                           .refused = all.refused - told_.refused,
                           .undelivered = all.undelivered - told_.undelivered};
  told_ = all;
  return since;
}

}  // namespace sleipnir
