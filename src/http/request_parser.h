// RequestParser: one connection's incoming HTTP/1.1 requests, bytes in, facts out. llhttp behind our own types.
//
// Used by the telemetry server; loop thread. It keeps no body: body bytes are handed to the owner as they lie in the
// fed buffer. llhttp limits nothing, so the size and number of headers are counted here.
#pragma once

#include <llhttp.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace sleipnir {

// What the server needs to know of a request once its head is complete.
struct RequestHead {
  bool is_post = false;
  bool keep_alive = true;
  bool expects_continue = false;
  // Absent for a chunked body.
  std::optional<uint64_t> content_bytes;
};

// Takes the body as it comes. `bytes` lies inside the buffer given to feed().
class BodySink {
 public:
  virtual void on_body(std::string_view bytes) = 0;

 protected:
  ~BodySink() = default;
};

class RequestParser {
 public:
  enum class State : uint8_t {
    kHead,      // waiting for (more of) a request head
    kHeadDone,  // the head is complete; feed() takes nothing more until accept_body()
    kBody,      // body bytes are coming
    kDone,      // the request is complete; next() begins another
    kBad,       // not HTTP, or over a limit: answer with bad_status() and close
  };

  explicit RequestParser(BodySink& sink);
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // Takes bytes up to the next change to kHeadDone, kDone or kBad; returns how many were taken.
  size_t feed(std::span<const char> bytes);
  // REQUIRES: kHeadDone.
  void accept_body();
  // REQUIRES: kDone.
  void next();

  State state() const { return state_; }
  const RequestHead& head() const { return head_; }
  // True between requests: not a byte of the next one has come.
  bool idle() const { return state_ == State::kHead && head_bytes_ == 0; }
  int bad_status() const { return bad_status_; }

 private:
  static const llhttp_settings_t& settings();
  static RequestParser& self(llhttp_t* parser) { return *static_cast<RequestParser*>(parser->data); }
  static int on_header_field(llhttp_t* parser, const char* at, size_t bytes);
  static int on_header_value(llhttp_t* parser, const char* at, size_t bytes);
  static int on_header_value_complete(llhttp_t* parser);
  static int on_headers_complete(llhttp_t* parser);
  static int on_body(llhttp_t* parser, const char* at, size_t bytes);
  static int on_message_complete(llhttp_t* parser);

  void become_bad(int status);

  BodySink& sink_;
  llhttp_t parser_;
  State state_ = State::kHead;
  RequestHead head_;
  size_t head_bytes_ = 0;
  uint32_t header_count_ = 0;
  int bad_status_ = 0;

  // The one header value we look at ourselves: Expect.
  enum class Header : uint8_t { kOther, kExpect };
  Header header_ = Header::kOther;
  size_t field_matched_ = 0;
  bool field_matches_ = true;
  size_t value_matched_ = 0;
};

}  // namespace sleipnir
