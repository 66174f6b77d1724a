#include "net/proxy_stream.h"

#include <cstdio>
#include <string_view>

#include "base/joined.h"
#include "net/basic_auth.h"

namespace sleipnir {

namespace {

std::string connect_request(const Endpoint& proxy, const Endpoint& target) {
  TextStore texts;
  BorrowedText credential;
  if (proxy.has_user_info) {
    credential = texts.keep({"Proxy-Authorization: ", basic_authorization(proxy.user, proxy.password, texts), "\r\n"});
  }
  return joined({"CONNECT ", target.authority, " HTTP/1.1\r\nHost: ", target.authority, "\r\n", credential, "\r\n"});
}

}  // namespace

ProxyStream::ProxyStream(std::unique_ptr<Stream> inner, const Endpoint& proxy, const Endpoint& target)
    : inner_(std::move(inner)), request_(connect_request(proxy, target)) {}

IoResult ProxyStream::handshake() {
  if (state_ == State::kOpen) return {.status = Io::kOk};
  if (state_ == State::kFailed) return {.status = Io::kError};
  if (state_ == State::kConnecting) {
    const IoResult connected = inner_->handshake();
    if (connected.status == Io::kAgain) return connected;
    if (connected.status != Io::kOk) return fail(inner_->failure());
    state_ = State::kAsking;
  }
  if (state_ == State::kAsking) {
    const IoResult asked = ask();
    if (asked.status != Io::kOk) return asked;
    state_ = State::kAwaiting;
  }
  return await();
}

IoResult ProxyStream::ask() {
  while (sent_ < request_.size()) {
    const iovec rest = piece(request_.data() + sent_, request_.size() - sent_);
    const IoResult wrote = inner_->write(Pieces(&rest, 1));
    if (wrote.status == Io::kAgain) return wrote;
    if (wrote.status != Io::kOk) return fail(inner_->failure());
    sent_ += wrote.bytes;
  }
  return {.status = Io::kOk};
}

// Reads the head of the answer. The other end of the tunnel speaks second, so nothing of it can come along.
IoResult ProxyStream::await() {
  while (answer_bytes_ < kHeadBytesMax) {
    const IoResult got = inner_->read(std::span(answer_).subspan(answer_bytes_, kHeadBytesMax - answer_bytes_));
    if (got.status == Io::kAgain) return got;
    if (got.status == Io::kClosed) return fail("the proxy closed the connection");
    if (got.status != Io::kOk) return fail(inner_->failure());
    answer_bytes_ += got.bytes;
    answer_[answer_bytes_] = '\0';
    if (std::string_view(answer_.data(), answer_bytes_).find("\r\n\r\n") != std::string_view::npos) return judge();
  }
  return fail("the proxy's answer is not HTTP");
}

IoResult ProxyStream::judge() {
  const std::string_view answer(answer_.data(), answer_bytes_);
  if (!answer.starts_with("HTTP/1.") || answer.size() < 12) return fail("the proxy's answer is not HTTP");
  const std::string_view line = answer.substr(9, answer.find('\r') - 9);  // "407 Proxy Authentication Required"
  if (line.starts_with('2')) {
    if (!answer.ends_with("\r\n\r\n")) return fail("the proxy said more than that the tunnel is open");
    state_ = State::kOpen;
    request_ = std::string();  // a password need not stay
    return {.status = Io::kOk};
  }
  std::array<char, 128> why;
  snprintf(why.data(), why.size(), "the proxy answered %.*s%s", static_cast<int>(line.size() < 60 ? line.size() : 60),
           line.data(), line.starts_with("407") ? "; put user:password@ into LOKI_PROXY" : "");
  return fail(why.data());
}

IoResult ProxyStream::fail(const char* why) {
  state_ = State::kFailed;
  snprintf(failure_.data(), failure_.size(), "%s", why);
  return {.status = Io::kError};
}

IoResult ProxyStream::read(std::span<char> out) {
  return inner_->read(out);
}

IoResult ProxyStream::write(Pieces pieces) {
  return inner_->write(pieces);
}

Interest ProxyStream::wants() const {
  switch (state_) {
    case State::kAsking: return Interest::kWrite;
    case State::kAwaiting: return Interest::kRead;
    case State::kConnecting:
    case State::kOpen:
    case State::kFailed: return inner_->wants();
  }
  return inner_->wants();
}

const char* ProxyStream::failure() const {
  return state_ == State::kFailed ? failure_.data() : inner_->failure();
}

}  // namespace sleipnir
