// RuntimeApi: our side of the Extensions and Telemetry APIs: register, subscribe, /next.
//
// Owned by the loop, loop thread. One non-blocking exchange at a time on one kept connection to the address in
// AWS_LAMBDA_RUNTIME_API. /next blocks for as long as Lambda likes: it has no timeout. A connection that fails is made
// anew, kRuntimeApiTries times, kRuntimeApiRetryEvery apart; after that the API counts as unreachable.
//
//   ask_register() -> answer() -> ask_subscribe() -> answer() -> ask_next() -> answer() -> ask_next() ...
#pragma once

#include <array>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "base/limits.h"
#include "http/exchange.h"
#include "net/kernel.h"
#include "net/tcp_stream.h"

namespace sleipnir {

class RuntimeApi {
 public:
  enum class Call : uint8_t { kNone, kRegister, kSubscribe, kNext, kInitError };

  enum class Progress : uint8_t {
    kPending,      // nothing yet
    kAnswered,     // status() and body() are valid until the next ask
    kUnreachable,  // all tries used up; failure() says why
  };

  // `authority` is the text of AWS_LAMBDA_RUNTIME_API, `name` the extension's file name: both outlive this object.
  // Everything is watched with `tag`.
  static Result<RuntimeApi> create(Kernel& kernel, std::string_view authority, std::string_view name, uint64_t tag);
  RuntimeApi(RuntimeApi&&) = default;

  // `events` is the JSON array of the events to get: `["INVOKE","SHUTDOWN"]`. REQUIRES (all asks): no call pending.
  void ask_register(std::string_view events, Instant now);
  // `types` is the JSON array of the telemetry types, `schema` the version of the event schema, `port` the listener's.
  void ask_subscribe(std::string_view schema, std::string_view types, uint16_t port, Instant now);
  void ask_next(Instant now);
  // Fails the function's init on purpose (LOKI_STRICT). `reason` is plain text.
  void tell_init_error(std::string_view reason, Instant now);

  bool owns(uint64_t tag) const { return tag == tag_; }
  // Moves the call on: right after an ask, when the connection is ready, and when next_deadline() has passed.
  Progress step(Instant now);
  MonotonicTime next_deadline() const { return retry_at_; }

  // What is being asked; kNone once it was answered.
  Call call() const { return call_; }
  // True once the pending request has been written: from then on the function's init does not wait for us.
  bool request_written() const;
  int status() const;
  std::string_view body() const;
  const char* failure() const { return failure_; }

 private:
  // Boxed, because the exchange points into it.
  struct Buffers {
    std::array<char, kRuntimeApiBodyBytesMax> body;
    std::array<WantedHeader, 1> wanted;
    std::array<char, 2048> request;
    Exchange exchange{body, wanted};
  };

  RuntimeApi(Kernel& kernel, Address address, std::string_view authority, std::string_view name, uint64_t tag);

  void begin(Call call, std::string_view method, std::string_view path, std::string_view extra_headers,
             std::string_view body, Instant now);
  void connect(Instant now);
  void watch(Interest interest);
  void fail(const char* why, Instant now);

  Kernel* kernel_;
  Address address_;
  std::string_view authority_;
  std::string_view name_;
  uint64_t tag_;
  FixedText<64> identifier_;

  std::unique_ptr<Buffers> buffers_;
  std::unique_ptr<TcpStream> stream_;
  Interest watched_ = Interest::kNone;
  Call call_ = Call::kNone;
  size_t request_bytes_ = 0;
  int tries_ = 0;
  // Valid while a try has failed and the next waits for its time; kNever otherwise.
  MonotonicTime retry_at_ = kNever;
  const char* failure_ = "";
};

}  // namespace sleipnir
