// Replay: entries of files to Loki, by the sender itself: the same pushes, retries, halves and verdicts as in Lambda.
//
//   read_replay() -> Replay (batches) -> Sender -> Loki
//
// As many batches as the pool has are handed over at a time, as at a shutdown: delivered, or given up within
// kReplayRoundMax. After the first that Loki did not take, nothing more is tried. One thread; for the word `replay`, in
// a process of its own.
#pragma once

#include <memory>
#include <string>

#include "app/config.h"
#include "app/replay_read.h"
#include "app/secrets.h"
#include "app/sender.h"
#include "app/streams.h"
#include "base/linux_file_system.h"
#include "net/linux_kernel.h"
#include "net/thread_resolver.h"

namespace sleipnir {

struct ReplayCounts {
  uint64_t sent = 0;
  uint64_t refused = 0;      // by Loki, for good
  uint64_t undelivered = 0;  // not taken, or not tried
};

// Whether entries keep their times, or get the present one, their own then being metadata `event_time`.
enum class ReplayTimes : uint8_t { kKept, kRestamped };

class Replay final : public ReplaySink {
 public:
  // Both outlive it. REQUIRES: config.endpoint.
  static Result<std::unique_ptr<Replay>> create(const Config& config, LinuxKernel& kernel, ReplayTimes times);

  void begin_stream(std::string_view push_prefix) override;
  std::span<char> room(size_t bytes) override;
  void commit(EntryShape shape, bool first_part, int64_t time_ns) override;

  // Delivers the rest, and what became of all since the last call.
  ReplayCounts finish();

 private:
  Replay(const Config& config, LinuxKernel& kernel, ReplayTimes times, std::unique_ptr<BatchPool> pool);

  void seal();
  void deliver();
  void make_sender();

  const Config& config_;
  LinuxKernel& kernel_;
  const ReplayTimes times_;
  const PushRequestHead head_;
  std::unique_ptr<BatchPool> pool_;
  Handoff handoff_;
  MessageQueue::Producer producer_;
  ThreadResolver resolver_;
  Streams streams_;
  Upstream upstream_;
  KernelRandom random_;
  LinuxFileSystem files_;
  std::unique_ptr<Secrets> secrets_;
  std::string push_prefix_;
  Spool no_spool_;
  // Of the stream's labels; made when there is something to send.
  std::unique_ptr<Sender> sender_;
  Batch* open_ = nullptr;
  uint64_t sequence_ = 0;
  bool handed_over_ = false;
  // Loki did not take one.
  bool given_up_ = false;
  int64_t last_stamp_ns_ = 0;
  uint64_t untried_ = 0;
  // At the last finish().
  ReplayCounts told_;
};

}  // namespace sleipnir
