// Secrets: credentials that are fetched from AWS, and the head of a push that is made with them.
//
//   kIdle -> start() -> [keys of the environment, where they are served] -> each secret -> kReady | kFailed
//
// Owned by the sender's surroundings, sender thread; exists only where a credential is a reference. The sender starts a
// fetch before its first push, off the path to /next and, on SnapStart, after the restore; and again when Loki refuses
// the credentials. Until there are any, nothing is pushed. One connection at a time, closed as soon as it is over; the
// values live in the head and what it was made of, and are logged nowhere.
#pragma once

#include <optional>

#include "app/aws_call.h"
#include "app/config_identity.h"
#include "loki/push_request.h"

namespace sleipnir {

class Secrets {
 public:
  enum class Event : uint8_t {
    kNone,
    kReady,   // head() has them
    kFailed,  // failure() says why; start() tries again
  };

  // `tag`: of the connection's handle. All outlive it. REQUIRES: config.endpoint and config.secrets.
  Secrets(Kernel& kernel, const Config& config, uint64_t tag);

  bool fetching() const { return fetching_; }
  bool ready() const { return head_.has_value() && !fetching() && !stale_; }
  // REQUIRES: ready(), now or before.
  const PushRequestHead& head() const { return *head_; }
  const RequestIdentity& identity() const { return identity_; }  // until the next start()
  // Of those fetched, only what TLS needs is still there, until the next start().
  const Credentials& fetched() const { return fetched_; }

  // REQUIRES: not fetching().
  void start(Instant now);
  // Moves on as far as it goes; to be called in every round while fetching().
  Event step(Instant now);
  MonotonicTime next_deadline() const { return call_.next_deadline(); }
  // What is under way gets its time again.
  void on_thaw(Instant now) { call_.on_thaw(now); }
  // "LOKI_PASSWORD (loki/creds in eu-west-1): AccessDeniedException: ...".
  const char* failure() const { return failure_.c_str(); }

  // Loki took a push, or refused one that went out at that time with 401 or 403. Then they are fetched anew. True: at
  // once, because it had taken them before, or it has been done already; false: they are wrong, and may be tried again
  // when the breaker lets them.
  void accepted() { accepted_ = true; }
  bool refused(MonotonicTime pushed_at);

 private:
  void ask(Instant now);
  bool take_answer();
  Event fail(std::string_view why);
  void finish(Instant now);

  const Config& config_;
  AwsCall call_;
  bool fetching_ = false;
  // Valid while fetching().
  size_t next_ = 0;

  // Where config.secrets has none, config.credentials.
  Credentials fetched_;
  RequestIdentity identity_;
  TextStore texts_;  // of both
  std::optional<PushRequestHead> head_;
  MonotonicTime fetched_at_{};  // valid where head_ is
  bool accepted_ = false;       // Loki has taken them since
  bool stale_ = false;          // and does not any more
  BorrowedText failure_;
  TextStore call_texts_;  // of the request under way, or of why it failed
};

}  // namespace sleipnir
