// Intake: the loop's half of the record path, from a telemetry body to a sealed batch in the sender's queue.
//
//   Server -> TelemetryHandler -> TelemetryDecoder -> Batcher<EntryWriter> -> MessageQueue
//
// Owned by the extension, loop thread. It also decides when the open batch is old enough to go without being asked
// (the background flush), and keeps in mind what waits to be sent, which the flush decision goes by. With LOKI_SAMPLE
// it holds the batches of an invocation whose outcome is not known yet, then gives them to the sender or back to the
// pool.
#pragma once

#include "app/config.h"
#include "app/handoff.h"
#include "batch/batcher.h"
#include "lambda/invocation_sampler.h"
#include "lambda/telemetry_handler.h"
#include "loki/entry_writer.h"

namespace sleipnir {

class Intake {
 public:
  // `config`, `handoff` and `listener` outlive the intake. `push_prefix_bytes`: see loki/labels.h.
  static Result<std::unique_ptr<Intake>> create(const Config& config, Handoff& handoff, PlatformListener& listener,
                                                size_t push_prefix_bytes, bool managed_instances);
  Intake(const Intake&) = delete;
  Intake& operator=(const Intake&) = delete;

  // See PostHandler.
  Handled on_post(std::string_view body, Instant now);
  void on_refused(int status) { handler_.on_refused(status); }
  TelemetryDecoder& decoder() { return decoder_; }
  BatchPool& pool() { return *pool_; }

  // Hands the open batch to the sender. Returns the sequence of the last batch handed over.
  uint64_t seal();
  // A flush that somebody waits for: everything up to now, until `deadline`. Returns its id.
  uint64_t request_flush(MonotonicTime deadline, int attempts_max);
  bool put(const SenderMessage& message);

  // Has to be told of every platform event, once its record is put.
  void on_platform_event(const Decoded& event);
  // What is held for its outcome goes to the sender, and so does what will still come of the same invocation.
  void release_held();

  // One line of our own, counted nowhere. Dropped when there is no room: it is not what the room is for.
  void add_own_line(std::string_view line, Level level, WallTime time);

  // True if messages were put since the last call: the sender has to be woken.
  bool take_wake_wish();

  // What waits to be sent: the open batch, and what was sealed since the last settled flush.
  FlushFacts waiting() const;
  void on_flush_settled();
  // Records that are received and not sealed.
  uint64_t records_in_hand() const;
  // Nothing waits anywhere, so there is nothing to hold an invocation for.
  bool drained() const;

  // The background flush. `worthwhile`: Loki is taken to be well.
  void on_time(bool invocation_running, bool worthwhile, Instant now);
  MonotonicTime next_deadline(bool invocation_running) const;

 private:
  Intake(const Config& config, Handoff& handoff, PlatformListener& listener, std::unique_ptr<BatchPool> pool,
         size_t wire_bytes, bool managed_instances);

  static RecordSink::Put put_record(void* owner, const Record& record);
  static void take_sealed(void* owner, Batch* batch);
  void wish_for_room();
  bool sample(const Record& record);
  void turn_to(bool held);
  void settle_held(Fate fate);
  void hand_over(Batch* batch);
  Milliseconds flush_interval(bool invocation_running) const;

  const Config& config_;
  Handoff& handoff_;
  MessageQueue::Producer producer_;
  std::unique_ptr<BatchPool> pool_;
  EntryWriter writer_;
  Batcher<EntryWriter> batcher_;
  std::vector<std::string_view> dropped_types_;
  TelemetryDecoder decoder_;
  std::unique_ptr<RecordRules> rules_;          // null: none are set
  std::unique_ptr<InvocationSampler> sampler_;  // null: every invocation is shipped
  TelemetryHandler handler_;

  uint64_t last_flush_id_ = 0;
  bool wake_wished_ = false;
  bool room_wished_ = false;
  // The body under way, and until when it may be made to wait for pushes to give batches back; kNever: it does not
  // wait.
  std::string_view body_;
  Instant now_;
  MonotonicTime room_until_ = kNever;

  // When the open batch got its first record; monotonic kNever: there is none. Set by on_time(), which runs in every
  // round.
  Instant open_since_{.monotonic = kNever, .wall = {}};
  // Sealed, and held for the outcome of their invocation; whether the open batch is one more of them. Only where there
  // is a sampler.
  std::array<Batch*, kPoolBatchesMax> held_{};
  size_t held_count_ = 0;
  bool open_held_ = false;

  // Of batches handed over since the last settled flush.
  Level sealed_level_ = Level::kUnknown;
  WallTime sealed_oldest_ = WallTime::max();
};

}  // namespace sleipnir
