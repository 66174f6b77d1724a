// TlsStream: Stream with TLS 1.2 or 1.3 over another Stream, non-blocking.
//
// Owned by the connection that made it; the sender's thread. Allocates in the TLS memory only once the inner stream
// is connected. SNI and the check of the certificate use TlsOptions::server_name or the peer's host; an address
// literal is compared with the certificate's addresses and is not sent as SNI.
//
// What differs from TCP for the caller:
//  - After a write() that returned kAgain, or that took less than it was given, a part of what follows may already be
//    encrypted and under way. The next write() must begin with the same bytes (they may lie elsewhere and be cut into
//    other pieces). Other bytes would be lost silently, so fewer is a CHECK; a request that is given up in the middle
//    means closing the connection.
//  - kClosed is the peer's close_notify. A connection that just ends is kError with ECONNRESET: what was read may
//    have been cut short.
//  - After kError every call is kError, with the same failure().
#pragma once

#include <mbedtls/ssl.h>

#include <array>
#include <memory>
#include <string>

#include "net/stream.h"
#include "net/tls_context.h"
#include "net/tls_failure.h"
#include "net/tls_verify.h"

namespace sleipnir {

class TlsStream final : public Stream {
 public:
  // `context` outlives the stream.
  TlsStream(TlsContext& context, std::unique_ptr<Stream> inner, TlsPeer peer);
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;
  // Says goodbye (close_notify) if that can be done at once.
  ~TlsStream() override;

  IoResult handshake() override;
  IoResult read(std::span<char> out) override;
  IoResult write(Pieces pieces) override;
  Interest wants() const override { return wants_; }
  bool has_buffered() const override;
  int handle() const override { return inner_->handle(); }
  const char* failure() const override { return failure_.c_str(); }

  // ---- for people; REQUIRES: handshake() has returned kOk ----

  const char* version() const { return mbedtls_ssl_get_version(&ssl_); }     // "TLSv1.3"
  const char* cipher() const { return mbedtls_ssl_get_ciphersuite(&ssl_); }  // "TLS1-3-AES-256-GCM-SHA384"
  bool resumed() const { return session_offered_ && !verify_.peer().known(); }
  // Not known on a resumed connection.
  const PeerCertificate& peer_certificate() const { return verify_.peer(); }

 private:
  enum class State : uint8_t {
    kConnecting,  // the inner stream is not there yet; ssl_ is empty
    kHandshaking,
    kOpen,
    kClosed,  // the peer has said goodbye; reads end here, writes may go on
    kFailed,  // failure_ and failed_ say how
  };

  // What the server sends is read in pieces of this size, so that a record's head and body, and a whole flight of the
  // handshake, take one call. Longer wants go past it.
  static constexpr size_t kReadAheadBytes = 4096;
  // Head and beginning of a body share a record, and so a packet, when the head has at most this.
  static constexpr size_t kGatherBytes = 4096;
  // Records encrypted in one write() (128 KiB), and tickets and the like taken in one read(): others get their turn.
  static constexpr int kRecordsPerCall = 16;
  static constexpr int kSkippedPerCall = 16;

  bool set_up();
  IoResult progress(int code);
  IoResult fail(int code);
  int last_words();
  IoResult fail(IoResult result, std::string_view text);
  void handshake_done();
  void keep_ticket();

  static int receive(void* context, unsigned char* out, size_t bytes);
  static int send(void* context, const unsigned char* data, size_t bytes);

  TlsContext& context_;
  std::unique_ptr<Stream> inner_;
  TlsPeer peer_;
  std::string name_;  // what the certificate must be for
  TlsVerify verify_;
  State state_ = State::kConnecting;
  Interest wants_ = Interest::kWrite;
  bool session_offered_ = false;
  bool session_saved_ = false;
  // What would be sent is dropped: the connection takes nothing any more.
  bool mute_ = false;
  // Bytes of the caller's next write that are already encrypted in ssl_; 0: none.
  size_t under_way_ = 0;
  mbedtls_ssl_context ssl_;
  IoResult inner_failed_;  // valid when its status is kError
  IoResult failed_;        // valid in kFailed
  TlsFailureText failure_;
  size_t ahead_begin_ = 0;
  size_t ahead_end_ = 0;
  std::array<unsigned char, kReadAheadBytes> ahead_;  // [ahead_begin_, ahead_end_) is still to be decrypted
};

}  // namespace sleipnir
