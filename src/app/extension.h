// Extension: the loop's object. It registers, subscribes, takes telemetry in, and decides when to flush and when to
// ask for the next event.
//
//   listen -> register -> subscribe -> first /next -> sender started -> INVOKE ... -> SHUTDOWN -> exit_code()
//
// Nothing else stands in front of the first /next: that is what a cold start pays. Owned by main, loop thread. step()
// is the whole of it; the shell in app/threads.cc and a simulation call it in the same way. Nothing in here ends the
// process: exit_code() says when it may end, and how.
#pragma once

#include <memory>
#include <optional>

#include "app/config.h"
#include "app/handoff.h"
#include "app/intake.h"
#include "base/random.h"
#include "http/server.h"
#include "lambda/lifecycle.h"
#include "lambda/runtime_api.h"
#include "loki/labels.h"
#include "loki/push_request.h"

namespace sleipnir {

// What the sender needs that only register's answer completes. All of it lives as long as the extension.
struct SenderSetup {
  BatchPool& pool;
  const PushRequestHead& head;
  std::string_view push_prefix;
};

// The world around the loop: the thread shells, or a simulation.
class ExtensionHost {
 public:
  // Called once, after the first /next has been written; on SnapStart when it was answered, which is the restore.
  virtual void start_sender(const SenderSetup& setup) = 0;
  virtual void wake_sender() = 0;

 protected:
  ~ExtensionHost() = default;
};

class Extension final : public PlatformListener, public PostHandler {
 public:
  // `name`: the registered name, the file's own. Everything outlives the extension.
  Extension(const Config& config, std::string_view name, Kernel& kernel, RandomSource& random, Handoff& handoff,
            ExtensionHost& host);
  Extension(const Extension&) = delete;
  Extension& operator=(const Extension&) = delete;

  // Listens and asks to be registered. The error: AWS_LAMBDA_RUNTIME_API cannot be used.
  Status start(Instant now);
  // One round: ready handles, then what they asked for, then timers. Returns when it wants to be called at the latest.
  MonotonicTime step(Instant now, std::span<const Ready> ready);

  // Set when all is done: the process may end with it.
  std::optional<int> exit_code() const { return exit_code_; }
  // SIGTERM: as a SHUTDOWN with little time.
  void terminate(Instant now);

  // Records that are received and not handed to the sender, for the invariants of a simulation.
  uint64_t records_in_hand() const { return intake_ ? intake_->records_in_hand() : 0; }

  // ---- PostHandler: before there is an intake, bodies wait ----
  Handled on_post(std::string_view body, Instant now) override;
  void on_refused(int status) override;

  // ---- PlatformListener ----
  void on_platform_event(const Decoded& event, Instant arrived_at) override;
  void on_body_stored(Instant now) override;

 private:
  enum class Phase : uint8_t {
    kRegistering,
    kListenRetry,  // the port was taken: tried again for a moment before subscribing
    kSubscribing,
    kRunning,
    kDisabled,   // registered for nothing; waits in /next for ever
    kDraining,   // SHUTDOWN: the last records come in and go out
    kFinishing,  // the sender settles what it has
    kOver,
  };

  // ---- start (extension_start.cc) ----
  void try_listen();
  void retry_listen(Instant now);
  void on_registered(Instant now);
  void on_register_refused(Instant now);
  void subscribe(Instant now);
  void on_subscribe_answer(Instant now);
  void begin_running(Instant now);
  void build_pipeline();
  void start_sender();
  void log_problems();

  // ---- running (extension.cc) ----
  void advance_api(Instant now);
  void on_answer(RuntimeApi::Call call, Instant now);
  void on_event(Instant now);
  void on_invoke(const RuntimeEvent& event, Instant now);
  void carry_out(Lifecycle::Action action, Instant now);
  void ask_next(Instant now);
  void watch_flush(Instant now);
  bool worthwhile(Instant now) const;
  // On Managed Instances invocations run all the time, as far as we are told.
  bool invocations_run() const { return managed_instances_ || lifecycle_.invocation_running(); }
  void name_instance();
  void log_drops(Instant now);

  // ---- end (extension_end.cc) ----
  void begin_shutdown(const RuntimeEvent& event, Instant now);
  void orphaned(const char* why, Instant now);
  void leave_soon(Instant now);
  void leave_within(Nanoseconds time, Instant now);
  void drain(Instant now);
  void settle_rest();
  void finish(Instant now);
  void end(int code);

  MonotonicTime next_deadline(Instant now) const;

  const Config& config_;
  const std::string_view name_;
  Kernel& kernel_;
  RandomSource& random_;
  Handoff& handoff_;
  ExtensionHost& host_;

  Phase phase_ = Phase::kRegistering;
  std::optional<RuntimeApi> api_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Intake> intake_;
  Lifecycle lifecycle_;
  std::string push_prefix_;
  std::optional<PushRequestHead> head_;
  RegisterAnswer identity_;
  bool managed_instances_ = false;
  bool sender_started_ = false;
  size_t schema_ = 0;                   // index of the event schema asked for
  std::string_view telemetry_failure_;  // why there is no telemetry; empty: there is
  bool port_taken_ = false;
  MonotonicTime listen_retry_until_ = kNever;
  MonotonicTime listen_retry_at_ = kNever;

  // What a telemetry body asked for, carried out when it is stored to its end.
  Lifecycle::Action deferred_ = Lifecycle::Action::kNone;
  // The next telemetry body is from before a freeze, and nobody will flush it in this invocation.
  bool seal_next_body_ = false;
  // A flush the lifecycle waits for; 0: none.
  uint64_t flush_id_ = 0;
  // Since when /next has been out.
  Instant asked_next_at_{};
  FixedText<64> last_request_id_;
  bool report_missing_ = false;

  // Valid from kDraining on.
  MonotonicTime leave_by_ = kNever;   // whatever has become of the sender
  MonotonicTime settle_by_ = kNever;  // what the sender is told
  MonotonicTime drain_until_ = kNever;
  int code_at_end_ = 0;
  bool restart_comes_ = false;
  bool ledger_sent_ = false;
  bool problems_said_ = false;

  uint64_t drops_said_ = 0;
  MonotonicTime drops_said_at_ = MonotonicTime::min();
  uint64_t throttled_said_ = 0;
  MonotonicTime throttled_said_at_ = MonotonicTime::min();

  std::optional<int> exit_code_;
};

}  // namespace sleipnir
