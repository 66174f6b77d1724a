// ResponseParser: the answer to one request of ours, bytes in, facts out. llhttp behind our own types.
//
// Used by the runtime-API client (loop) and by the pushes (sender); each owns its own. Keeps the body up to the size
// of the buffer it is given; what is longer is taken from the connection and dropped, and body_cut() says so.
#pragma once

#include <llhttp.h>

#include <span>
#include <string_view>

#include "base/fixed_text.h"

namespace sleipnir {

// A header the owner wants to know. `name` in lower case, static storage.
struct WantedHeader {
  std::string_view name;
  FixedText<256> value;
};

class ResponseParser {
 public:
  enum class State : uint8_t {
    kReading,
    kDone,  // complete; keep_alive() says whether the connection can be used again
    kBad,   // not an HTTP response
  };

  // `body` and `wanted` are the owner's and outlive the parser's use of them.
  ResponseParser(std::span<char> body, std::span<WantedHeader> wanted);
  ResponseParser(const ResponseParser&) = delete;
  ResponseParser& operator=(const ResponseParser&) = delete;

  // Begins a new answer.
  void restart();
  // Takes bytes from the connection. Bytes behind a complete answer make the connection not reusable.
  void feed(std::span<const char> bytes);
  // The connection has ended: completes an answer whose length was the connection's.
  void finish();

  State state() const { return state_; }
  // True while not a byte of the answer has come.
  bool untouched() const { return !touched_; }
  int status() const { return status_; }
  bool keep_alive() const { return keep_alive_; }
  std::string_view body() const { return {body_.data(), body_bytes_}; }
  bool body_cut() const { return body_cut_; }

 private:
  static const llhttp_settings_t& settings();
  static ResponseParser& self(llhttp_t* parser) { return *static_cast<ResponseParser*>(parser->data); }
  static int on_header_field(llhttp_t* parser, const char* at, size_t bytes);
  static int on_header_value(llhttp_t* parser, const char* at, size_t bytes);
  static int on_header_value_complete(llhttp_t* parser);
  static int on_headers_complete(llhttp_t* parser);
  static int on_body(llhttp_t* parser, const char* at, size_t bytes);
  static int on_message_complete(llhttp_t* parser);

  llhttp_t parser_;
  std::span<char> body_;
  std::span<WantedHeader> wanted_;
  size_t body_bytes_ = 0;
  size_t head_bytes_ = 0;
  int status_ = 0;
  State state_ = State::kReading;
  bool touched_ = false;
  bool keep_alive_ = false;
  bool body_cut_ = false;
  bool head_done_ = false;

  FixedText<64> field_;
  FixedText<256> value_;
};

}  // namespace sleipnir
