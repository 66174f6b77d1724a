#include "net/tls_stream.h"

#include <mbedtls/net_sockets.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/check.h"

namespace sleipnir {

namespace {

// The name to compare and to send: as configured or as connected to, without the dot of a fully qualified name.
std::string expected_name(const TlsContext& context, const TlsPeer& peer) {
  const std::string_view given = context.options().server_name;
  std::string_view name = given.empty() ? peer.host : given;
  if (name.size() > 1 && name.back() == '.') name.remove_suffix(1);
  return std::string(name);
}

}  // namespace

TlsStream::TlsStream(TlsContext& context, std::unique_ptr<Stream> inner, TlsPeer peer)
    : context_(context),
      inner_(std::move(inner)),
      peer_(std::move(peer)),
      name_(expected_name(context, peer_)),
      verify_(context.roots(), name_),
      wants_(inner_->wants()) {
  mbedtls_ssl_init(&ssl_);
}

TlsStream::~TlsStream() {
  // A record under way would have to be finished first; then the end of TCP must do.
  if ((state_ == State::kOpen || state_ == State::kClosed) && under_way_ == 0) mbedtls_ssl_close_notify(&ssl_);
  mbedtls_ssl_free(&ssl_);
}

bool TlsStream::set_up() {
  if (const Status prepared = context_.prepare(); !prepared) {
    fail({.status = Io::kError}, prepared.error().text());
    return false;
  }
  int error = mbedtls_ssl_setup(&ssl_, &context_.config());
  // Null for an address: no SNI, and verify_ compares.
  if (error == 0) error = mbedtls_ssl_set_hostname(&ssl_, verify_.host_is_address() ? nullptr : name_.c_str());
  if (error == MBEDTLS_ERR_SSL_BAD_INPUT_DATA) {
    fail({.status = Io::kError}, "the host name is too long for TLS");
    return false;
  }
  if (error != 0) {
    fail(error);
    return false;
  }
  mbedtls_ssl_set_verify(&ssl_, &TlsVerify::check, &verify_);
  mbedtls_ssl_set_bio(&ssl_, this, &TlsStream::send, &TlsStream::receive, nullptr);
  if (const mbedtls_ssl_session* session = context_.session(peer_); session != nullptr) {
    // Refused (no memory, an expired cipher): a full handshake it is.
    session_offered_ = mbedtls_ssl_set_session(&ssl_, session) == 0;
  }
  return true;
}

IoResult TlsStream::handshake() {
  if (state_ == State::kConnecting) {
    const IoResult connected = inner_->handshake();
    wants_ = inner_->wants();
    if (connected.status == Io::kAgain) return connected;
    if (connected.status != Io::kOk) return fail(connected, inner_->failure());
    if (!set_up()) return failed_;
    state_ = State::kHandshaking;
  }
  if (state_ == State::kFailed) return failed_;
  if (state_ != State::kHandshaking) return {.status = Io::kOk};
  int code = 0;
  for (int tries = 0; tries < kSkippedPerCall; tries++) {
    code = mbedtls_ssl_handshake(&ssl_);
    // Wanting to read while something is at hand: a record of no consequence was skipped.
    if (code != MBEDTLS_ERR_SSL_WANT_READ || ahead_begin_ == ahead_end_) break;
  }
  if (code != 0) return progress(code);
  handshake_done();
  return {.status = Io::kOk};
}

void TlsStream::handshake_done() {
  state_ = State::kOpen;
  // TLS 1.2: the ticket has come by now. TLS 1.3 brings it later, see read(). A resumed one keeps what it has.
  if (mbedtls_ssl_get_version_number(&ssl_) == MBEDTLS_SSL_VERSION_TLS1_2 && !resumed()) {
    context_.save_session(peer_, ssl_);
    session_saved_ = true;
  }
}

IoResult TlsStream::read(std::span<char> out) {
  CHECK(!out.empty());
  if (state_ == State::kFailed) return failed_;
  if (state_ == State::kClosed) return {.status = Io::kClosed};
  CHECK(state_ == State::kOpen);
  for (int skipped = 0; skipped < kSkippedPerCall; skipped++) {
    const int code = mbedtls_ssl_read(&ssl_, reinterpret_cast<unsigned char*>(out.data()), out.size());
    if (code > 0) return {.status = Io::kOk, .bytes = static_cast<size_t>(code)};
    if (code == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) {
      keep_ticket();
      continue;
    }
    if (code == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
      state_ = State::kClosed;
      return {.status = Io::kClosed};
    }
    // Wanting to read while something is at hand: an alert of no consequence was skipped.
    if (code == MBEDTLS_ERR_SSL_WANT_READ && ahead_begin_ != ahead_end_) continue;
    return progress(code == 0 ? MBEDTLS_ERR_SSL_CONN_EOF : code);
  }
  // Others get their turn; what is at hand shows in has_buffered().
  wants_ = Interest::kRead;
  return {.status = Io::kAgain};
}

// Servers send two or more; one is enough for the next connection, and keeping one costs a parsed certificate.
void TlsStream::keep_ticket() {
  if (!session_saved_) context_.save_session(peer_, ssl_);
  session_saved_ = true;
}

IoResult TlsStream::write(Pieces pieces) {
  if (state_ == State::kFailed) return failed_;
  CHECK(state_ == State::kOpen || state_ == State::kClosed);
  size_t wanted = 0;
  for (const iovec& one : pieces) wanted += one.iov_len;
  CHECK(wanted >= under_way_);
  const int record_bytes_max = mbedtls_ssl_get_max_out_record_payload(&ssl_);
  if (record_bytes_max <= 0) return fail(record_bytes_max);

  size_t taken = 0;
  size_t index = 0;  // the piece that is next, and how much of it is taken
  size_t within = 0;
  std::array<unsigned char, kGatherBytes> gathered;
  for (int records = 0; records < kRecordsPerCall && taken < wanted; records++) {
    while (within == pieces[index].iov_len) {
      index++;
      within = 0;
    }
    const auto* data = static_cast<const unsigned char*>(pieces[index].iov_base) + within;
    size_t bytes = std::min(pieces[index].iov_len - within, static_cast<size_t>(record_bytes_max));
    if (under_way_ != 0) {
      // mbedTLS holds these bytes, encrypted, and looks at the count alone.
      bytes = under_way_;
    } else if (bytes < wanted - taken && bytes < gathered.size()) {
      // A short piece with more behind it.
      bytes = 0;
      size_t from = within;
      for (size_t i = index; i < pieces.size() && bytes < gathered.size(); i++) {
        const size_t part = std::min(pieces[i].iov_len - from, gathered.size() - bytes);
        if (part != 0)
          memcpy(gathered.data() + bytes, static_cast<const unsigned char*>(pieces[i].iov_base) + from, part);
        bytes += part;
        from = 0;
      }
      data = gathered.data();
    }
    // Handling an incoming message may have sent the rest of it meanwhile: then it is done, and must not go again.
    const bool gone = under_way_ != 0 && ssl_.MBEDTLS_PRIVATE(out_left) == 0;
    const int code = gone ? static_cast<int>(bytes) : mbedtls_ssl_write(&ssl_, data, bytes);
    if (code == MBEDTLS_ERR_SSL_WANT_WRITE) under_way_ = bytes;
    if (code == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) {
      // A read had come upon the beginning of a ticket; TLS 1.3 finishes it before it writes.
      keep_ticket();
      continue;
    }
    if (code <= 0) {
      const IoResult stopped = progress(code);
      if (stopped.status == Io::kAgain && taken != 0) break;
      return stopped;
    }
    under_way_ = 0;
    taken += static_cast<size_t>(code);
    for (size_t step = static_cast<size_t>(code); step != 0;) {
      const size_t part = std::min(step, pieces[index].iov_len - within);
      within += part;
      step -= part;
      if (step != 0) {
        index++;
        within = 0;
      }
    }
  }
  return {.status = Io::kOk, .bytes = taken};
}

bool TlsStream::has_buffered() const {
  if (state_ != State::kOpen) return false;
  return ahead_begin_ != ahead_end_ || mbedtls_ssl_check_pending(&ssl_) != 0;
}

// A call of mbedTLS that has not brought what it was called for: blocked, or failed.
IoResult TlsStream::progress(int code) {
  if (code == MBEDTLS_ERR_SSL_WANT_READ) {
    wants_ = Interest::kRead;
  } else if (code == MBEDTLS_ERR_SSL_WANT_WRITE) {
    wants_ = Interest::kWrite;
  } else {
    return fail(code);
  }
  return {.status = Io::kAgain};
}

IoResult TlsStream::fail(int code) {
  // A session that may have been the reason is not tried again.
  if (session_offered_ && state_ == State::kHandshaking) context_.forget_session(peer_);
  if (code == MBEDTLS_ERR_NET_SEND_FAILED) code = last_words();
  if (inner_failed_.status == Io::kError && code != MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE) {
    return fail(inner_failed_, inner_->failure());
  }
  TlsFailure failure{
      .code = code,
      .flags = mbedtls_ssl_get_verify_result(&ssl_),
      .in_handshake = state_ != State::kOpen && state_ != State::kClosed,
      .client_certificate = context_.options().has_client_certificate(),
      .host = name_,
  };
  if (code == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE && ssl_.MBEDTLS_PRIVATE(in_msg) != nullptr) {
    failure.alert = ssl_.MBEDTLS_PRIVATE(in_msg)[1];
  }
  if (code == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED) failure.system_bundle = context_.roots().system_bundle();
  const TlsFailureText text = describe_tls_failure(failure, verify_);
  return fail({.status = Io::kError, .os_error = code == MBEDTLS_ERR_SSL_CONN_EOF ? ECONNRESET : 0}, text.view());
}

// A server that refuses us says why and hangs up, while we are still writing: then the write fails ("Broken pipe") and
// the reason waits to be read. Goes on as if everything were sent until the reason comes.
int TlsStream::last_words() {
  mute_ = true;
  int code = 0;
  std::array<unsigned char, 256> ignored;
  for (int tries = 0; tries < kSkippedPerCall; tries++) {
    code = mbedtls_ssl_read(&ssl_, ignored.data(), ignored.size());
    const bool more = code > 0 || code == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET ||
                      (code == MBEDTLS_ERR_SSL_WANT_READ && ahead_begin_ != ahead_end_);
    if (!more) break;
  }
  return code;
}

IoResult TlsStream::fail(IoResult result, std::string_view text) {
  state_ = State::kFailed;
  failed_ = IoResult{.status = Io::kError, .os_error = result.os_error};
  failure_.assign(text);
  return failed_;
}

int TlsStream::receive(void* context, unsigned char* out, size_t bytes) {
  auto& self = *static_cast<TlsStream*>(context);
  if (self.ahead_begin_ == self.ahead_end_) {
    // What is wanted is more than the buffer holds: straight to where it belongs.
    const bool direct = bytes >= self.ahead_.size();
    const std::span<char> target = direct ? std::span(reinterpret_cast<char*>(out), bytes)
                                          : std::span(reinterpret_cast<char*>(self.ahead_.data()), self.ahead_.size());
    const IoResult got = self.inner_->read(target);
    if (got.status == Io::kAgain) return MBEDTLS_ERR_SSL_WANT_READ;
    if (got.status == Io::kClosed) return 0;
    if (got.status == Io::kError) {
      self.inner_failed_ = got;
      return MBEDTLS_ERR_NET_RECV_FAILED;
    }
    if (direct) return static_cast<int>(got.bytes);
    self.ahead_begin_ = 0;
    self.ahead_end_ = got.bytes;
  }
  const size_t taken = std::min(bytes, self.ahead_end_ - self.ahead_begin_);
  memcpy(out, self.ahead_.data() + self.ahead_begin_, taken);
  self.ahead_begin_ += taken;
  return static_cast<int>(taken);
}

int TlsStream::send(void* context, const unsigned char* data, size_t bytes) {
  auto& self = *static_cast<TlsStream*>(context);
  if (self.mute_) return static_cast<int>(bytes);
  const iovec all = piece(data, bytes);
  const IoResult sent = self.inner_->write({&all, 1});
  if (sent.status == Io::kAgain) return MBEDTLS_ERR_SSL_WANT_WRITE;
  if (sent.status == Io::kOk) return static_cast<int>(sent.bytes);
  self.inner_failed_ = {.status = Io::kError, .os_error = sent.os_error};
  return MBEDTLS_ERR_NET_SEND_FAILED;
}

}  // namespace sleipnir
