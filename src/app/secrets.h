// Secrets: credentials that are fetched from AWS, and the head of a push that is made with them.
//
//   kIdle -> start() -> [keys of the environment, where they are served] -> each secret -> kReady | kFailed
//
// Owned by the sender's surroundings, sender thread; exists only where a credential is a reference. The sender starts a
// fetch before its first push, off the path to /next and, on SnapStart, after the restore; and again when Loki refuses
// the credentials. Until there are any, nothing is pushed. One connection at a time, closed as soon as it is over; the
// values live in the head and what it was made of, and are logged nowhere.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "app/config_identity.h"
#include "app/streams.h"
#include "app/upstream.h"
#include "aws/signature.h"
#include "loki/push_connection.h"
#include "loki/push_request.h"
#include "net/thread_resolver.h"

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

  bool fetching() const { return state_ != State::kIdle; }
  bool ready() const { return head_.has_value() && !fetching() && !stale_; }
  // REQUIRES: ready(), now or before.
  const PushRequestHead& head() const { return *head_; }
  const RequestIdentity& identity() const { return identity_; }

  // REQUIRES: not fetching().
  void start(Instant now);
  // Moves on as far as it goes; to be called in every round while fetching().
  Event step(Instant now);
  MonotonicTime next_deadline() const;
  // What is under way gets its time again.
  void on_thaw(Instant now);
  // "LOKI_PASSWORD (loki/creds in eu-west-1): AccessDeniedException: ...".
  const char* failure() const { return failure_.c_str(); }

  // Loki took a push, or refused one that went out at that time with 401 or 403. Then they are fetched anew. True: at
  // once, because it had taken them before, or it has been done already; false: they are wrong, and may be tried again
  // when the breaker lets them.
  void accepted() { accepted_ = true; }
  bool refused(MonotonicTime pushed_at);

 private:
  enum class State : uint8_t {
    kIdle,
    kKeys,    // asks for the keys that requests are signed with
    kSecret,  // asks for config.secrets[next_]
  };

  void next(Instant now);
  void ask(const Endpoint& endpoint, const std::optional<Endpoint>& proxy, std::string request, Instant now);
  void ask_keys(Instant now);
  void ask_secret(Instant now);
  bool take_answer(Instant now);
  bool take_keys();
  bool take_secret();
  Event fail(std::string_view why);
  void finish(Instant now);
  void hang_up();

  Kernel& kernel_;
  const Config& config_;
  const uint64_t tag_;
  ThreadResolver resolver_;
  State state_ = State::kIdle;
  // Valid while fetching().
  AwsKeys keys_;
  Credentials fetched_;  // where config.secrets has none, config.credentials
  size_t next_ = 0;
  std::string request_;
  std::optional<Endpoint> keys_endpoint_;
  std::optional<Upstream> upstream_;
  std::unique_ptr<Streams> streams_;
  std::unique_ptr<PushConnection> connection_;
  bool opened_ = false;

  RequestIdentity identity_;
  std::optional<PushRequestHead> head_;
  MonotonicTime fetched_at_{};  // valid where head_ is
  bool accepted_ = false;       // Loki has taken them since
  bool stale_ = false;          // and does not any more
  std::string failure_;
};

}  // namespace sleipnir
