// ChoppyStream: a Stream that passes another one on in tiny pieces and now and then has nothing, by a seeded chance.
//
// For tests: what is read or written through it meets every boundary at every place.
#pragma once

#include <algorithm>
#include <memory>

#include "net/stream.h"

namespace sleipnir::test {

class ChoppyStream final : public Stream {
 public:
  ChoppyStream(std::unique_ptr<Stream> inner, uint64_t seed) : inner_(std::move(inner)), state_(seed * 2 + 1) {}

  IoResult handshake() override { return note(inner_->handshake()); }

  IoResult read(std::span<char> out) override {
    if (draw(4) == 0) return pretend(Interest::kRead);
    return note(inner_->read(out.first(std::min(out.size(), size_of_piece()))));
  }

  IoResult write(Pieces pieces) override {
    if (draw(4) == 0) return pretend(Interest::kWrite);
    for (const iovec& one : pieces) {
      if (one.iov_len == 0) continue;
      const iovec part = piece(one.iov_base, std::min(one.iov_len, size_of_piece()));
      return note(inner_->write({&part, 1}));
    }
    return inner_->write(pieces);
  }

  Interest wants() const override { return wants_; }
  bool has_buffered() const override { return inner_->has_buffered(); }
  int handle() const override { return inner_->handle(); }
  const char* failure() const override { return inner_->failure(); }

 private:
  // xorshift64
  uint64_t draw(uint64_t limit) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_ % limit;
  }
  // One byte mostly.
  size_t size_of_piece() { return draw(8) == 0 ? 1 + draw(40) : 1; }

  IoResult pretend(Interest interest) {
    wants_ = interest;
    return {.status = Io::kAgain};
  }
  IoResult note(IoResult result) {
    if (result.status == Io::kAgain) wants_ = inner_->wants();
    return result;
  }

  std::unique_ptr<Stream> inner_;
  uint64_t state_;
  Interest wants_ = Interest::kWrite;
};

}  // namespace sleipnir::test
