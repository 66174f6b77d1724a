// PushConnection: one kept connection to Loki, carrying one push at a time.
//
// Owned by the sender, sender thread. It is opened to an address, made ready (TCP, TLS), used for push after push, and
// closed when it breaks, when the server wants it closed, or when it has been idle for too long to be trusted. It
// decides nothing about batches: it reports what happened and the sender draws the conclusions.
//
//   kClosed -> open() -> kOpening -> kReady -> push() -> kPushing -> kReady ...
//                           |           |                   |
//                           +-----------+---- broken -------+--> kClosed
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/limits.h"
#include "http/exchange.h"
#include "net/kernel.h"
#include "net/stream_factory.h"

namespace sleipnir {

class PushConnection {
 public:
  enum class State : uint8_t { kClosed, kOpening, kReady, kPushing };

  enum class Event : uint8_t {
    kNone,
    kReady,     // the connection can take a push
    kAnswered,  // status(), body(), ... are valid until the next push
    kFailed,    // could not be opened, or broke, or took too long; failure() says why. Now kClosed
    kStale,     // a kept connection turned out dead before a byte of an answer: push again on a new one. Now kClosed
  };

  PushConnection(Kernel& kernel, StreamFactory& streams, uint64_t tag);
  PushConnection(const PushConnection&) = delete;
  PushConnection& operator=(const PushConnection&) = delete;

  // REQUIRES: kClosed. Fails with kFailed from the next step() if it cannot even begin.
  void open(const Address& address, MonotonicTime deadline, Instant now);
  // The memory behind `pieces` stays unchanged until the push is over. REQUIRES: kReady.
  void push(Pieces pieces, MonotonicTime deadline, Instant now);
  void close();

  // Moves on as far as it goes: when the handle is ready, and when next_deadline() has passed.
  Event step(Instant now);
  MonotonicTime next_deadline() const;
  // After a thaw: what is under way gets its time again, once, and at the next thaw it is over: a function that is
  // awake for moments would otherwise wait for ever on a connection that has died in silence. A kept connection is
  // given up if it was idle for too long. May be called twice for one thaw.
  void on_thaw(MonotonicTime deadline, Instant now);

  State state() const { return state_; }
  uint64_t tag() const { return tag_; }
  // In kPushing, or right after kFailed: not a byte of an answer had come.
  bool unanswered() const { return exchange_.unanswered(); }

  int status() const { return exchange_.status(); }
  std::string_view body() const { return exchange_.body(); }
  bool body_cut() const { return exchange_.body_cut(); }
  std::string_view content_type() const { return wanted_[0].value.view(); }
  std::string_view retry_after() const { return wanted_[1].value.view(); }
  std::string_view location() const { return wanted_[2].value.view(); }
  std::string_view date() const { return wanted_[3].value.view(); }
  const char* failure() const { return failure_.data(); }

 private:
  Event step_opening(Instant now);
  Event step_ready();
  Event step_pushing(Instant now);
  Event fail(const char* why);
  void watch(Interest interest);

  Kernel& kernel_;
  StreamFactory& streams_;
  const uint64_t tag_;
  State state_ = State::kClosed;
  std::unique_ptr<Stream> stream_;
  Interest watched_ = Interest::kNone;
  // Valid in kOpening and kPushing.
  MonotonicTime deadline_ = kNever;
  // The first thaw since it was begun.
  std::optional<WallTime> thawed_at_;
  // Wall time of the last answer, or of becoming ready: idleness counts across a freeze.
  WallTime last_used_{};
  // The connection has waited, or an answer has come on it, before the push under way.
  bool kept_ = false;
  // open() could not begin.
  bool stillborn_ = false;

  std::array<WantedHeader, 4> wanted_;
  std::array<char, kAnswerBytesMax> answer_;
  Exchange exchange_{answer_, wanted_};
  std::array<char, 256> failure_{};
};

}  // namespace sleipnir
