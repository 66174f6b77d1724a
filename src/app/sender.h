// Sender: delivers batches to Loki. The consumer of the queue; runs on a thread of its own and blocks nowhere but in
// its shell's wait.
//
//   queue -> parcels -> (breaker, back-off, attempts) -> push connections -> answer -> verdict -> sent | kept | dropped
//
// It takes batches in the order of their sequence, keeps what could not be delivered, and tells the loop when a flush
// is settled: everything of it delivered, or nothing of it can be delivered before the flush's deadline. What it
// promises is written down in the README under delivery; the rules are here:
//  - a retry has the same bytes as the first attempt, so that Loki swallows what it has already;
//  - a kept connection that turns out dead costs no attempt and no back-off;
//  - while the breaker is open nothing is pushed but one probe at a time, when its time has come;
//  - a batch is dropped only where the verdict says so, where there is no room, or at the end; and counted.
//
// step() is the whole of it: the thread shell (app/threads.cc) and a simulation call it in the same way.
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "app/handoff.h"
#include "app/parcel.h"
#include "app/spool.h"
#include "app/upstream.h"
#include "base/log.h"
#include "base/random.h"
#include "batch/backoff.h"
#include "batch/breaker.h"
#include "batch/pool.h"
#include "loki/compressor.h"
#include "loki/push_connection.h"
#include "loki/push_request.h"
#include "loki/verdict.h"

namespace sleipnir {

struct SenderOptions {
  bool gzip = true;
  size_t compression_threshold_bytes = 1024;
  int compression_level = 1;
  Milliseconds connect_timeout{2000};
  Milliseconds request_timeout{10000};
  int attempts_max = 3;           // in the background, before the breaker opens
  int critical_attempts_max = 5;  // at shutdown
  // The spool lies where another environment can find it, outside /tmp.
  bool spool_outlives_environment = false;
};

// What the sender works with; all of it outlives the sender.
class DeadLetter;
class Secrets;

struct SenderWiring {
  Kernel& kernel;
  Kernel& loop;  // for wake() only
  StreamFactory& streams;
  Upstream& upstream;
  RandomSource& random;
  BatchPool& pool;
  Spool& spool;
  Handoff& handoff;
  const PushRequestHead& head;
  std::string_view push_prefix;  // labels, see loki/labels.h
  // Of credentials that are fetched; then the head is theirs. Null: there are none.
  Secrets* secrets = nullptr;
  // Where records go that would be dropped. Null: nowhere.
  DeadLetter* dead_letter = nullptr;
};

class Sender {
 public:
  // `spool_buffer`: kCompressedBytesMax bytes.
  Sender(const SenderWiring& wiring, const SenderOptions& options, MappedMemory spool_buffer);
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  // One round: ready handles, then messages, then timers, then new pushes. Returns when it wants to be called at the
  // latest.
  MonotonicTime step(Instant now, std::span<const Ready> ready);

  // Batches that a connection carries, or is being made for.
  size_t pushes_under_way() const;
  // For the invariants of a simulation: records in hand; whether its last attempts are under way.
  uint64_t records_in_hand() const;
  bool shutting_down() const { return shutdown_deadline_.has_value(); }

 private:
  // One connection with the push it carries.
  struct Slot {
    Slot(Kernel& kernel, StreamFactory& streams, uint64_t tag, MappedMemory buffer)
        : connection(kernel, streams, tag), compressed(std::move(buffer)) {}

    PushConnection connection;
    // Null: nothing to push on it (kept, or being warmed up).
    Parcel* parcel = nullptr;
    EntryRange range;
    size_t body_bytes = 0;        // before compression
    size_t compressed_bytes = 0;  // 0: it goes as it is
    MonotonicTime began_at{};
    MappedMemory compressed;
    // Of as many bytes as a batch has headroom; made when a batch first needs a prefix of its own.
    std::unique_ptr<char[]> prefix;
    std::array<char, kPushHeadBytesMax> head;
  };

  void take_messages(Instant now);
  void begin_shutdown(const SenderMessage& message, Instant now);
  Parcel& add(Batch* batch);
  void begin_flush(const FlushRequest& flush);
  void note_thaw(Instant now);
  void on_thaw(Instant now);

  void handle(Slot& slot, PushConnection::Event event, Instant now);
  void on_answer(Slot& slot, Instant now);
  void apply(Slot& slot, const Verdict& verdict, Instant now);
  void amend(Parcel& parcel, const Verdict& verdict, WallTime present, Instant now);
  void on_failure(Slot& slot, Instant now);
  void on_lookup_failed(Instant now);
  void fail_attempt(Parcel& parcel, bool opens_breaker, std::optional<Milliseconds> retry_after, Instant now);
  bool hide_from_firewall(const Slot& slot, const Verdict& verdict);
  void open_breaker(Instant now);
  void close_breaker();

  void dispatch(Instant now);
  bool may_push(Instant now) const;
  Parcel* next_parcel(Instant now);
  Slot* ready_slot();
  void open_connection(Parcel* parcel, Instant now);
  void start_push(Slot& slot, Instant now);
  std::string_view prefix_for(const Batch& batch, std::unique_ptr<char[]>& own) const;

  void drop(Parcel& parcel, EntryRange range, uint64_t records, DropReason reason, std::string_view words,
            uint64_t pending = 0);
  void release(Parcel& parcel);

  // ---- fetched credentials (sender_secrets.cc) ----
  void fetch_secrets(Instant now);
  void step_secrets(Instant now);
  bool credentials_lack() const;
  const PushRequestHead& head() const;
  bool renew_secrets(const Slot& slot, int status);

  // ---- spool (sender_spool.cc) ----
  bool spool_away(Parcel& parcel, Instant now);
  bool put_back(Parcel& parcel);
  void restore_if_idle(Instant now);
  Parcel* restore_one(Instant now);
  void make_room(Instant now);
  bool settle_rest(Instant now);
  bool settle_at_end(Parcel& parcel, Instant now);

  // ---- what would be dropped (sender_dead_letter.cc) ----
  bool to_dead_letter(Batch& batch, EntryRange range, DropReason reason, uint64_t records);
  bool bury(Parcel& parcel, DropReason reason);
  bool bury_spooled(Instant now);
  bool dead_letter_full() const;

  void settle_flush_if_over(Instant now);
  // At the end: the next start in this sandbox, or another environment, sends what is spooled.
  bool spool_is_kept() const { return restart_comes_ || options_.spool_outlives_environment; }
  bool can_progress(const Parcel& parcel) const;
  int attempts_allowed() const;
  void finish_if_over(Instant now);
  MonotonicTime next_deadline(Instant now) const;

  SenderWiring with_;
  const SenderOptions options_;
  GzipCompressor compressor_;
  std::unique_ptr<char[]> scratch_;
  MappedMemory spool_buffer_;

  std::array<std::optional<Slot>, kPushesInFlightMax> slots_;
  std::array<std::optional<Parcel>, kPoolBatchesMax> parcels_;
  Breaker breaker_;

  // A flush that somebody waits for; id 0: none.
  FlushRequest flush_;
  // Once set, the last thing this sender does.
  std::optional<MonotonicTime> shutdown_deadline_;
  // Until then pushes go on; what is left of the time is for the dead letter. Valid once shutdown_deadline_ is set.
  MonotonicTime push_until_{};
  bool finished_ = false;
  // The environment is started anew in the same sandbox, with the same /tmp. Valid once shutdown_deadline_ is set.
  bool restart_comes_ = false;
  // Loki has taken a push of this process: what is on disk may follow.
  bool answered_ = false;

  bool warm_up_ = false;
  // The loop waits for a free batch, and for pushes that make progress until then.
  std::optional<MonotonicTime> room_wanted_by_;
  // It has waited so for nothing, and Loki has taken no push since.
  bool waited_in_vain_ = false;
  // The server takes no structured metadata: learnt once, for good.
  bool strip_metadata_ = false;

  Instant last_step_{};
  MonotonicTime planned_wake_ = kNever;

  // The longest body the server takes, if it has named one.
  size_t body_bytes_max_ = SIZE_MAX;

  LogGate amended_gate_;
  LogGate failure_gate_;
  LogGate refused_gate_;
  LogGate dropped_gate_;
};

}  // namespace sleipnir
