// AwsCall: one request at a time to a service of AWS: signed, and the keys for that asked for first where they are
// served.
//
//   call.start(service, {.name = "s3", .method = "PUT", ...}, now) -> step() ... -> kAnswered | kFailed
//
// Owned by what asks (app/secrets.h, app/dead_letter.h), sender thread. One connection for each request, closed as soon
// as its answer has been looked at. Does not retry.
#pragma once

#include <memory>
#include <optional>

#include "app/config.h"
#include "app/streams.h"
#include "app/upstream.h"
#include "aws/signature.h"
#include "loki/push_connection.h"
#include "net/thread_resolver.h"

namespace sleipnir {

// The texts outlive the call.
struct AwsRequest {
  std::string_view service;  // as the signature names it
  std::string_view method;
  std::string_view path = "/";
  std::string_view content_type;
  std::string_view target;  // X-Amz-Target; empty: the body's hash is a header instead, as S3 wants it
  std::string_view body;
};

class AwsCall {
 public:
  enum class Event : uint8_t {
    kNone,
    kAnswered,  // status() and body() are valid until the next start() or hang_up()
    kFailed,    // failure() says why
  };

  // `tag`: of the connection's handle. All outlive it.
  AwsCall(Kernel& kernel, const Config& config, uint64_t tag);

  // Keys that were served are asked for anew by the next start().
  void forget_keys() { keys_ = {}; }
  // REQUIRES: not under_way(); `service` outlives the call.
  void start(const AwsService& service, const AwsRequest& request, Instant now);
  bool under_way() const { return state_ != State::kIdle; }
  // Moves on as far as it goes; to be called in every round while under_way().
  Event step(Instant now);
  MonotonicTime next_deadline() const;
  // What is under way gets its time again.
  void on_thaw(Instant now);
  // What is under way is over, and its answer gone.
  void hang_up();

  int status() const { return connection_->status(); }
  std::string_view body() const { return connection_->body(); }
  bool body_cut() const { return connection_->body_cut(); }
  const char* failure() const { return failure_.text(); }

 private:
  enum class State : uint8_t {
    kIdle,
    kKeys,  // asks for the keys that the request is signed with
    kRequest,
  };

  void ask(const Endpoint& endpoint, const std::optional<Endpoint>& proxy, Instant now);
  void ask_keys(Instant now);
  void ask_service(Instant now);
  bool take_keys();
  Event fail(const char* why);

  Kernel& kernel_;
  const Config& config_;
  const uint64_t tag_;
  ThreadResolver resolver_;
  State state_ = State::kIdle;
  AwsKeys keys_;
  TextStore keys_texts_;  // where they were served
  // Valid while under_way().
  const AwsService* service_ = nullptr;
  AwsRequest request_;
  BorrowedText head_;
  TextStore call_texts_;
  Endpoint keys_endpoint_;
  std::optional<Upstream> upstream_;
  std::unique_ptr<Streams> streams_;
  std::unique_ptr<PushConnection> connection_;
  bool opened_ = false;
  Error failure_;
};

}  // namespace sleipnir
