// Exchange: one request and its answer on a connection that is ready.
//
// Used by the runtime-API client (loop) and by the pushes (sender). The owner gives the request in pieces, calls
// step() whenever the stream may move, and watches the stream for wants() in between. No timer in here: deadlines are
// the owner's.
#pragma once

#include <array>

#include "http/response_parser.h"
#include "net/stream.h"

namespace sleipnir {

class Exchange {
 public:
  enum class State : uint8_t {
    kIdle,
    kSending,   // the request is not wholly written yet
    kAwaiting,  // written; the answer is not complete yet
    kDone,      // status(), body(), the wanted headers are valid
    kFailed,    // failure() says why
  };

  static constexpr size_t kPiecesMax = 4;

  // See ResponseParser for the two buffers.
  Exchange(std::span<char> answer_body, std::span<WantedHeader> wanted) : response_(answer_body, wanted) {}

  // Begins an exchange. The memory behind `pieces` (at most kPiecesMax, none empty) stays the caller's and unchanged
  // until the request is written or given up. REQUIRES: kIdle, kDone or kFailed.
  void start(Pieces pieces);

  // Writes and reads as far as the stream goes. A server may answer before it has read all (413): that counts.
  State step(Stream& stream);

  // What to watch the stream for.
  Interest wants(const Stream& stream) const;

  // Forgets a request under way; the connection is not usable afterwards.
  void give_up() { state_ = State::kIdle; }

  State state() const { return state_; }
  bool busy() const { return state_ == State::kSending || state_ == State::kAwaiting; }
  // After kDone: whether the connection can carry another exchange.
  bool reusable() const { return state_ == State::kDone && response_.keep_alive() && unsent_ == 0; }
  // After kFailed: not a byte of an answer had come, so a server that had closed a kept connection looks like this.
  bool unanswered() const { return response_.untouched(); }
  int status() const { return response_.status(); }
  std::string_view body() const { return response_.body(); }
  bool body_cut() const { return response_.body_cut(); }
  const char* failure() const { return failure_; }

 private:
  void send(Stream& stream);
  void receive(Stream& stream);
  void fail(const char* why);

  ResponseParser response_;
  State state_ = State::kIdle;
  std::array<iovec, kPiecesMax> pieces_{};
  size_t piece_count_ = 0;
  size_t piece_first_ = 0;
  size_t unsent_ = 0;
  bool send_broken_ = false;
  const char* failure_ = "";
};

}  // namespace sleipnir
