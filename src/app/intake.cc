#include "app/intake.h"

#include <algorithm>

#include "app/config_values.h"
#include "base/log.h"
#include "loki/labels.h"

namespace sleipnir {

namespace {

constexpr size_t kPageBytes = 4096;

DecoderOptions decoder_options(const Config& config, std::span<const std::string_view> dropped_types,
                               bool managed_instances) {
  return DecoderOptions{
      .ship_platform = config.events.platform,
      .ship_function = config.events.function,
      .ship_extension = config.events.extension,
      .dropped_types = dropped_types,
      .min_level = config.min_level,
      .platform_format = config.platform_format,
      .managed_instances = managed_instances,
      .snap_start = config.lambda.initialization_type == InitializationType::kSnapStart,
  };
}

std::vector<std::string_view> items_of(std::string_view list) {
  std::vector<std::string_view> items;
  for (std::string_view item; !(item = next_item(list)).empty();) items.push_back(item);
  return items;
}

std::unique_ptr<RecordRules> record_rules(const Config& config) {
  if (config.masks.empty() && config.drop_match.empty()) return nullptr;
  return std::make_unique<RecordRules>(config.masks, config.drop_match);
}

std::unique_ptr<InvocationSampler> invocation_sampler(const Config& config, bool managed_instances) {
  if (config.sample == InvocationSampler::kAll) return nullptr;
  return std::make_unique<InvocationSampler>(config.sample, managed_instances);
}

EntryWriter::Options writer_options(const Config& config, size_t entry_bytes_max) {
  return EntryWriter::Options{
      .structured_metadata = config.structured_metadata ? StructuredMetadata::kOn : StructuredMetadata::kOff,
      .request_id_as = config.extract_request_id ? config.request_id_as : RequestIdAs::kNone,
      .line_bytes_max = config.max_line_bytes,
      .entry_bytes_max = entry_bytes_max,
  };
}

// What the dead letter holds is records too.
size_t memory_limit_bytes(const Config& config) {
  return config.memory_limit_bytes - (config.dead_letter ? kCompressedBytesMax : 0);
}

// Wire bytes of a batch at most: what is configured, or less where the memory limit would not give kPoolBatchesMin
// arenas: with fewer, one is being filled, one pushed, and none left for what comes meanwhile.
size_t wire_bytes_max(const Config& config, size_t push_prefix_bytes) {
  const size_t arena_bytes = (memory_limit_bytes(config) - kOutsidePoolBytes) / kPoolBatchesMin & ~(kPageBytes - 1);
  const size_t most = (arena_bytes - std::min(arena_bytes, push_prefix_bytes + kPageBytes)) / 17 * 16;
  return std::max(std::min(config.batch_bytes_max, most), EntryWriter::kEntryBytesMin);
}

// An arena holds such a batch with its index, for which entries of 200 bytes, the usual ones, need 4 %.
BatchLayout layout_for(size_t wire_bytes, size_t push_prefix_bytes) {
  const size_t bytes = push_prefix_bytes + wire_bytes + wire_bytes / 16 + 64;
  return BatchLayout{.arena_bytes = (bytes + kPageBytes - 1) & ~(kPageBytes - 1), .headroom = push_prefix_bytes};
}

// BUFFER_SIZE needs no counting: it is shared out among the batches of the pool, and with few entries these are fewer.
size_t batch_count(const Config& config, size_t fitting) {
  if (config.buffer_entries_max == 0) return fitting;
  return std::min(fitting, std::max(config.buffer_entries_max, kPoolBatchesMin));
}

uint32_t batch_entries_max(const Config& config, size_t batches) {
  if (config.buffer_entries_max == 0) return static_cast<uint32_t>(config.batch_entries_max);
  const size_t share = std::max<size_t>(config.buffer_entries_max / batches, 1);
  return static_cast<uint32_t>(config.batch_entries_max == 0 ? share : std::min(share, config.batch_entries_max));
}

}  // namespace

Result<std::unique_ptr<Intake>> Intake::create(const Config& config, Handoff& handoff, PlatformListener& listener,
                                               size_t push_prefix_bytes, bool managed_instances) {
  const size_t wire_bytes = wire_bytes_max(config, push_prefix_bytes);
  const BatchLayout layout = layout_for(wire_bytes, push_prefix_bytes);
  const size_t fitting = BatchPool::count_for(memory_limit_bytes(config), layout.arena_bytes);
  const size_t count = batch_count(config, fitting);
  Result<std::unique_ptr<BatchPool>> pool = BatchPool::create(count, layout);
  if (!pool) return pool.error();
  return std::unique_ptr<Intake>(
      new Intake(config, handoff, listener, std::move(pool.value()), wire_bytes, managed_instances));
}

Intake::Intake(const Config& config, Handoff& handoff, PlatformListener& listener, std::unique_ptr<BatchPool> pool,
               size_t wire_bytes, bool managed_instances)
    : config_(config),
      handoff_(handoff),
      producer_(handoff.queue),
      pool_(std::move(pool)),
      writer_(writer_options(config, wire_bytes)),
      batcher_(*pool_, writer_,
               {.wire_bytes_max = std::min(config.batch_bytes_max, wire_bytes),
                .entries_max = batch_entries_max(config, pool_->count()),
                .one_request = config.request_id_is_label()},
               SealedBatchSink{.owner = this, .take = &Intake::take_sealed}),
      dropped_types_(items_of(config.drop_platform)),
      decoder_(decoder_options(config, dropped_types_, managed_instances)),
      rules_(record_rules(config)),
      sampler_(invocation_sampler(config, managed_instances)),
      handler_(decoder_, RecordSink{.owner = this, .put = &Intake::put_record}, listener, handoff.counters,
               rules_.get()) {}

uint64_t Intake::seal() {
  return batcher_.seal();
}

uint64_t Intake::request_flush(MonotonicTime deadline, int attempts_max) {
  const uint64_t through = seal();
  put(SenderMessage{
      .kind = SenderMessage::Kind::kFlush,
      .flush =
          {.id = ++last_flush_id_, .through_sequence = through, .deadline = deadline, .attempts_max = attempts_max},
  });
  return last_flush_id_;
}

bool Intake::put(const SenderMessage& message) {
  wake_wished_ = true;
  // There is room for every batch of the pool and as many requests again; a request that finds none would come a
  // moment after hundreds of others that the sender has not looked at.
  return producer_.put(message);
}

void Intake::add_own_line(std::string_view line, Level level, WallTime time) {
  if (sampler_ && !batcher_.in_record()) turn_to(false);
  const Record record{.time = time,
                      .log_type = LogType::kExtension,
                      .level = level,
                      .form = TextForm::kPlain,
                      .text = line,
                      .instance = decoder_.instance()};
  batcher_.append_uncounted(record);
}

bool Intake::take_wake_wish() {
  return std::exchange(wake_wished_, false);
}

FlushFacts Intake::waiting() const {
  FlushFacts facts{.level_max = sealed_level_, .oldest = sealed_oldest_};
  if (batcher_.has_records() && !open_held_) {
    facts.level_max = std::max(facts.level_max, batcher_.open()->level_max());
    facts.oldest = std::min(facts.oldest, batcher_.open()->oldest());
  }
  return facts;
}

void Intake::on_flush_settled() {
  sealed_level_ = Level::kUnknown;
  sealed_oldest_ = WallTime::max();
}

uint64_t Intake::records_in_hand() const {
  uint64_t records = batcher_.has_records() ? batcher_.open()->record_count() : 0;
  for (size_t i = 0; i < held_count_; i++) records += held_[i]->record_count();
  return records;
}

bool Intake::drained() const {
  return !batcher_.has_records() && handoff_.counters.pending() == 0;
}

Milliseconds Intake::flush_interval(bool invocation_running) const {
  const auto factor = invocation_running ? 1 : static_cast<int64_t>(config_.idle_flush_multiplier);
  return config_.flush_interval * factor;
}

void Intake::on_time(bool invocation_running, bool worthwhile, Instant now) {
  const size_t line_bytes_max = handoff_.line_bytes_max.load(std::memory_order_relaxed);
  if (line_bytes_max != 0 && line_bytes_max < writer_.line_bytes_max() && !batcher_.in_record()) {
    writer_.set_line_bytes_max(line_bytes_max);
  }
  if (!batcher_.has_records() || open_held_) {
    open_since_.monotonic = kNever;
    return;
  }
  if (open_since_.monotonic == kNever) open_since_ = now;
  if (batcher_.open()->entry_count() < config_.dispatch_min_entries || !worthwhile) return;
  // By either clock: the monotonic one may stand still in a freeze, and an awake second may be many short invocations
  // away.
  const Milliseconds interval = flush_interval(invocation_running);
  if (now.monotonic < open_since_.monotonic + interval && now.wall < open_since_.wall + interval) return;
  seal();
  open_since_.monotonic = kNever;
}

MonotonicTime Intake::next_deadline(bool invocation_running) const {
  if (open_since_.monotonic == kNever || batcher_.open() == nullptr) return kNever;
  if (batcher_.open()->entry_count() < config_.dispatch_min_entries) return kNever;
  return open_since_.monotonic + flush_interval(invocation_running);
}

Handled Intake::on_post(std::string_view body, Instant now) {
  body_ = body;
  now_ = now;
  const Handled handled = handler_.on_post(body, now);
  if (handled == Handled::kAccepted) room_until_ = kNever;
  return handled;
}

// The POST waits unanswered until the sender has given a batch back. However many it needs, it waits but once for
// pushes to end; and with a runtimeDone in it, an invocation is being held by it.
void Intake::wish_for_room() {
  if (room_wished_) return;
  room_wished_ = true;
  if (room_until_ == kNever) {
    const bool holds = body_.find("\"platform.runtimeDone\"") != std::string_view::npos;
    room_until_ = now_.monotonic + (holds ? std::min(kBackPressureMax, config_.flush_budget) : kBackPressureMax);
  }
  put(SenderMessage{.kind = SenderMessage::Kind::kMakeRoom, .flush = {.deadline = room_until_}});
}

RecordSink::Put Intake::put_record(void* owner, const Record& record) {
  using Append = Batcher<EntryWriter>::Append;
  Intake& me = *static_cast<Intake*>(owner);
  if (me.sampler_ && !me.sample(record)) return RecordSink::Put::kWhole;
  const uint64_t sealed_before = me.batcher_.last_sequence();
  const Append appended = me.batcher_.append(record);
  // Parts of it have filled the batch that was made free: what follows needs another one.
  if (me.batcher_.last_sequence() != sealed_before) me.room_wished_ = false;
  if (appended == Append::kStored) {
    me.room_wished_ = false;
    return RecordSink::Put::kWhole;
  }
  // Better shipped than lost.
  me.release_held();
  me.wish_for_room();
  return appended == Append::kPartStored ? RecordSink::Put::kInPart : RecordSink::Put::kNothing;
}

void Intake::take_sealed(void* owner, Batch* batch) {
  Intake& me = *static_cast<Intake*>(owner);
  me.open_since_.monotonic = kNever;
  if (me.open_held_) {
    me.held_[me.held_count_++] = batch;
  } else {
    me.hand_over(batch);
  }
}

void Intake::hand_over(Batch* batch) {
  sealed_level_ = std::max(sealed_level_, batch->level_max());
  sealed_oldest_ = std::min(sealed_oldest_, batch->oldest());
  CHECK(put(SenderMessage{.kind = SenderMessage::Kind::kBatch, .batch = batch}));
}

// ---- LOKI_SAMPLE ----

// False: the record is not shipped, and counted. Of one that waits half stored for room the rest goes where its
// beginning went.
bool Intake::sample(const Record& record) {
  if (batcher_.in_record()) return true;
  const InvocationSampler::Verdict verdict = sampler_->judge(record);
  settle_held(verdict.held);
  if (verdict.record == Fate::kDrop) {
    handoff_.counters.sampled_out.add(1);
    return false;
  }
  turn_to(verdict.record == Fate::kHold);
  return true;
}

// Whether records are held from here on. Those that are and those that are not never share a batch.
void Intake::turn_to(bool held) {
  if (held == open_held_) return;
  seal();
  open_held_ = held;
}

void Intake::settle_held(Fate fate) {
  if (fate == Fate::kHold) return;
  turn_to(false);
  for (size_t i = 0; i < held_count_; i++) {
    if (fate == Fate::kShip) {
      hand_over(held_[i]);
    } else {
      handoff_.counters.sampled_out.add(held_[i]->record_count());
      pool_->give_back(held_[i]);
    }
  }
  held_count_ = 0;
}

void Intake::on_platform_event(const Decoded& event) {
  if (sampler_) settle_held(sampler_->on_platform_event(event));
}

void Intake::release_held() {
  if (!sampler_) return;
  sampler_->give_up();
  settle_held(Fate::kShip);
}

}  // namespace sleipnir
