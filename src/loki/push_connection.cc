#include "loki/push_connection.h"

#include <cstdio>

#include "base/check.h"

namespace sleipnir {

PushConnection::PushConnection(Kernel& kernel, StreamFactory& streams, uint64_t tag)
    : kernel_(kernel), streams_(streams), tag_(tag) {
  wanted_[0].name = "content-type";
  wanted_[1].name = "retry-after";
  wanted_[2].name = "location";
  wanted_[3].name = "date";
}

void PushConnection::open(const Address& address, MonotonicTime deadline, Instant now) {
  CHECK(state_ == State::kClosed);
  state_ = State::kOpening;
  deadline_ = deadline;
  thawed_at_.reset();
  last_used_ = now.wall;
  kept_ = false;
  Result<std::unique_ptr<Stream>> stream = streams_.open(address);
  stillborn_ = !stream;
  if (stillborn_) {
    snprintf(failure_.data(), failure_.size(), "%s", stream.error().text());
    return;
  }
  stream_ = std::move(stream.value());
  watched_ = Interest::kNone;
  watch(stream_->wants());
}

void PushConnection::push(Pieces pieces, MonotonicTime deadline, Instant now) {
  CHECK(state_ == State::kReady);
  // Whatever has waited, if only since it became ready, may have been given up by the other side.
  kept_ = kept_ || now.wall > last_used_;
  state_ = State::kPushing;
  deadline_ = deadline;
  thawed_at_.reset();
  exchange_.start(pieces);
}

void PushConnection::close() {
  exchange_.give_up();
  stream_.reset();
  state_ = State::kClosed;
  deadline_ = kNever;
}

PushConnection::Event PushConnection::step(Instant now) {
  switch (state_) {
    case State::kClosed: return Event::kNone;
    case State::kOpening: return step_opening(now);
    case State::kReady: return step_ready();
    case State::kPushing: return step_pushing(now);
  }
  return Event::kNone;
}

PushConnection::Event PushConnection::step_opening(Instant now) {
  if (stillborn_) {
    close();
    return Event::kFailed;
  }
  const IoResult result = stream_->handshake();
  switch (result.status) {
    case Io::kOk:
      state_ = State::kReady;
      deadline_ = kNever;
      last_used_ = now.wall;
      watch(Interest::kRead);
      return Event::kReady;
    case Io::kAgain:
      if (now.monotonic >= deadline_) return fail("the connection was not made in time");
      watch(stream_->wants());
      return Event::kNone;
    case Io::kClosed: return fail("the connection was closed while it was being made");
    case Io::kError: return fail(stream_->failure());
  }
  return Event::kNone;
}

// Nothing is under way, so whatever comes is the end of the connection, or TLS's own (a session ticket).
PushConnection::Event PushConnection::step_ready() {
  std::array<char, 64> unexpected;
  if (stream_->read(unexpected).status != Io::kAgain) close();
  return Event::kNone;
}

PushConnection::Event PushConnection::step_pushing(Instant now) {
  switch (exchange_.step(*stream_)) {
    case Exchange::State::kDone:
      last_used_ = now.wall;
      kept_ = true;
      deadline_ = kNever;
      if (exchange_.reusable()) {
        state_ = State::kReady;
        watch(Interest::kRead);
      } else {
        stream_.reset();
        state_ = State::kClosed;
      }
      return Event::kAnswered;
    case Exchange::State::kFailed:
      if (kept_ && exchange_.unanswered()) {
        close();
        return Event::kStale;
      }
      return fail(exchange_.failure());
    case Exchange::State::kIdle:
    case Exchange::State::kSending:
    case Exchange::State::kAwaiting: break;
  }
  if (now.monotonic >= deadline_) return fail("no answer in time");
  watch(exchange_.wants(*stream_));
  return Event::kNone;
}

PushConnection::Event PushConnection::fail(const char* why) {
  snprintf(failure_.data(), failure_.size(), "%s", why);
  close();
  return Event::kFailed;
}

MonotonicTime PushConnection::next_deadline() const {
  return stillborn_ && state_ == State::kOpening ? MonotonicTime::min() : deadline_;
}

void PushConnection::on_thaw(MonotonicTime deadline, Instant now) {
  if (state_ == State::kOpening || state_ == State::kPushing) {
    if (!thawed_at_) {
      thawed_at_ = now.wall;
      deadline_ = deadline;
    } else if (now.wall - *thawed_at_ > kThawGap) {
      deadline_ = now.monotonic;
    }
  }
  if (state_ == State::kReady && now.wall - last_used_ > kConnectionIdleMax) close();
}

void PushConnection::watch(Interest interest) {
  if (interest == watched_) return;
  kernel_.watch(stream_->handle(), interest, tag_);
  watched_ = interest;
}

}  // namespace sleipnir
