#include "http/exchange.h"

#include <algorithm>

#include "base/check.h"

namespace sleipnir {

namespace {

constexpr size_t kReadBytes = 16 * 1024;
// Bounds one call; the stream is level-triggered, so the rest comes with the next.
constexpr int kReadsPerStep = 8;

}  // namespace

void Exchange::start(Pieces pieces) {
  CHECK(!busy() && pieces.size() <= kPiecesMax);
  response_.restart();
  piece_count_ = pieces.size();
  piece_first_ = 0;
  unsent_ = 0;
  for (size_t i = 0; i < pieces.size(); i++) {
    pieces_[i] = pieces[i];
    unsent_ += pieces[i].iov_len;
  }
  send_broken_ = false;
  failure_ = "";
  state_ = State::kSending;
}

Exchange::State Exchange::step(Stream& stream) {
  if (!busy()) return state_;
  if (state_ == State::kSending) {
    send(stream);
    // An answer needs a round trip: the stream's readiness tells when to look for it.
    if (state_ == State::kAwaiting) return state_;
  }
  receive(stream);
  return state_;
}

Interest Exchange::wants(const Stream& stream) const {
  switch (state_) {
    case State::kSending: return send_broken_ ? Interest::kRead : Interest::kReadWrite;
    case State::kAwaiting: return stream.wants() == Interest::kWrite ? Interest::kReadWrite : Interest::kRead;
    case State::kIdle:
    case State::kDone:
    case State::kFailed: return Interest::kRead;
  }
  return Interest::kRead;
}

void Exchange::send(Stream& stream) {
  while (unsent_ != 0 && !send_broken_) {
    const IoResult wrote = stream.write(Pieces(pieces_.data() + piece_first_, piece_count_ - piece_first_));
    if (wrote.status == Io::kAgain) break;
    if (wrote.status != Io::kOk) {
      // The answer that explains the refusal may be waiting already: receive() finds it, or fails.
      send_broken_ = true;
      failure_ = stream.failure();
      break;
    }
    unsent_ -= wrote.bytes;
    size_t left = wrote.bytes;
    while (left != 0) {
      iovec& first = pieces_[piece_first_];
      const size_t taken = std::min(left, first.iov_len);
      first.iov_base = static_cast<char*>(first.iov_base) + taken;
      first.iov_len -= taken;
      left -= taken;
      if (first.iov_len == 0) piece_first_++;
    }
  }
  if (unsent_ == 0) state_ = State::kAwaiting;
}

void Exchange::receive(Stream& stream) {
  std::array<char, kReadBytes> input;
  for (int i = 0; i < kReadsPerStep || stream.has_buffered(); i++) {
    const IoResult got = stream.read(input);
    if (got.status == Io::kAgain) {
      if (send_broken_) fail(failure_);
      return;
    }
    if (got.status == Io::kOk) {
      response_.feed(std::span<const char>(input).first(got.bytes));
    } else if (got.status == Io::kClosed) {
      // Only an orderly end can be the end of an answer; a reset may have swallowed the rest.
      response_.finish();
    }
    if (response_.state() == ResponseParser::State::kDone) {
      state_ = State::kDone;
      return;
    }
    if (got.status != Io::kOk) {
      fail(got.status == Io::kClosed ? "the connection was closed before an answer" : stream.failure());
      return;
    }
    if (response_.state() == ResponseParser::State::kBad) {
      fail("the answer is not HTTP");
      return;
    }
  }
}

void Exchange::fail(const char* why) {
  failure_ = why;
  state_ = State::kFailed;
}

}  // namespace sleipnir
