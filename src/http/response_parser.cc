#include "http/response_parser.h"

#include <algorithm>
#include <cstring>

#include "base/ascii.h"

namespace sleipnir {

namespace {

// An answer's head beyond this is no answer of Loki, a gateway or the runtime API.
constexpr size_t kHeadBytesMax = 64 * 1024;

}  // namespace

const llhttp_settings_t& ResponseParser::settings() {
  static constexpr llhttp_settings_t kSettings = {
      .on_header_field = &ResponseParser::on_header_field,
      .on_header_value = &ResponseParser::on_header_value,
      .on_headers_complete = &ResponseParser::on_headers_complete,
      .on_body = &ResponseParser::on_body,
      .on_message_complete = &ResponseParser::on_message_complete,
      .on_header_value_complete = &ResponseParser::on_header_value_complete,
  };
  return kSettings;
}

ResponseParser::ResponseParser(std::span<char> body, std::span<WantedHeader> wanted) : body_(body), wanted_(wanted) {
  restart();
}

void ResponseParser::restart() {
  llhttp_init(&parser_, HTTP_RESPONSE, &settings());
  parser_.data = this;
  body_bytes_ = 0;
  head_bytes_ = 0;
  status_ = 0;
  state_ = State::kReading;
  touched_ = false;
  keep_alive_ = false;
  body_cut_ = false;
  head_done_ = false;
  field_.clear();
  value_.clear();
  for (WantedHeader& header : wanted_) header.value.clear();
}

void ResponseParser::feed(std::span<const char> bytes) {
  if (bytes.empty()) return;
  touched_ = true;
  if (state_ != State::kReading) {
    keep_alive_ = false;
    return;
  }
  const llhttp_errno_t outcome = llhttp_execute(&parser_, bytes.data(), bytes.size());
  if (!head_done_) {
    head_bytes_ += bytes.size();
    if (head_bytes_ > kHeadBytesMax) state_ = State::kBad;
  }
  if (outcome == HPE_PAUSED && state_ == State::kDone) {
    if (llhttp_get_error_pos(&parser_) != bytes.data() + bytes.size()) keep_alive_ = false;
  } else if (outcome != HPE_OK) {
    state_ = State::kBad;
  }
}

void ResponseParser::finish() {
  if (state_ != State::kReading) return;
  // Completing the message pauses the parser, as it does in feed().
  const llhttp_errno_t outcome = llhttp_finish(&parser_);
  if ((outcome != HPE_OK && outcome != HPE_PAUSED) || state_ != State::kDone) state_ = State::kBad;
  keep_alive_ = false;
}

int ResponseParser::on_header_field(llhttp_t* parser, const char* at, size_t bytes) {
  self(parser).field_.append({at, bytes});
  return 0;
}

int ResponseParser::on_header_value(llhttp_t* parser, const char* at, size_t bytes) {
  self(parser).value_.append({at, bytes});
  return 0;
}

int ResponseParser::on_header_value_complete(llhttp_t* parser) {
  ResponseParser& me = self(parser);
  for (WantedHeader& header : me.wanted_) {
    if (equal_ignoring_case(me.field_.view(), header.name)) header.value = me.value_;
  }
  me.field_.clear();
  me.value_.clear();
  return 0;
}

int ResponseParser::on_headers_complete(llhttp_t* parser) {
  ResponseParser& me = self(parser);
  me.status_ = llhttp_get_status_code(parser);
  me.head_done_ = true;
  // llhttp takes any three digits.
  return me.status_ < 100 ? HPE_USER : 0;
}

int ResponseParser::on_body(llhttp_t* parser, const char* at, size_t bytes) {
  ResponseParser& me = self(parser);
  const size_t kept = std::min(bytes, me.body_.size() - me.body_bytes_);
  if (kept != 0) memcpy(me.body_.data() + me.body_bytes_, at, kept);
  me.body_bytes_ += kept;
  if (kept < bytes) me.body_cut_ = true;
  return 0;
}

int ResponseParser::on_message_complete(llhttp_t* parser) {
  ResponseParser& me = self(parser);
  // 1xx answers announce the real one.
  if (me.status_ >= 100 && me.status_ < 200) {
    me.body_bytes_ = 0;
    me.head_done_ = false;
    return 0;
  }
  me.state_ = State::kDone;
  me.keep_alive_ = llhttp_should_keep_alive(parser) != 0;
  return HPE_PAUSED;
}

}  // namespace sleipnir
