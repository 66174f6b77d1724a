#include "http/request_parser.h"

#include "base/ascii.h"
#include "base/check.h"
#include "base/limits.h"

namespace sleipnir {

namespace {

constexpr std::string_view kExpectName = "expect";
constexpr std::string_view kContinueValue = "100-continue";

}  // namespace

const llhttp_settings_t& RequestParser::settings() {
  static constexpr llhttp_settings_t kSettings = {
      .on_header_field = &RequestParser::on_header_field,
      .on_header_value = &RequestParser::on_header_value,
      .on_headers_complete = &RequestParser::on_headers_complete,
      .on_body = &RequestParser::on_body,
      .on_message_complete = &RequestParser::on_message_complete,
      .on_header_value_complete = &RequestParser::on_header_value_complete,
  };
  return kSettings;
}

RequestParser::RequestParser(BodySink& sink) : sink_(sink) {
  llhttp_init(&parser_, HTTP_REQUEST, &settings());
  parser_.data = this;
}

size_t RequestParser::feed(std::span<const char> bytes) {
  if (bytes.empty() || state_ == State::kHeadDone || state_ == State::kDone || state_ == State::kBad) return 0;
  const State before = state_;
  const llhttp_errno_t outcome = llhttp_execute(&parser_, bytes.data(), bytes.size());
  size_t taken = bytes.size();
  if (outcome != HPE_OK) taken = static_cast<size_t>(llhttp_get_error_pos(&parser_) - bytes.data());
  if (before == State::kHead) {
    head_bytes_ += taken;
    if (head_bytes_ > kRequestHeadBytesMax) become_bad(431);
  }
  if (outcome != HPE_OK && outcome != HPE_PAUSED && state_ != State::kBad) become_bad(400);
  return taken;
}

void RequestParser::accept_body() {
  CHECK(state_ == State::kHeadDone);
  state_ = State::kBody;
  llhttp_resume(&parser_);
  // A request without a body is complete as soon as it goes on.
  if (head_.content_bytes == uint64_t{0}) {
    const llhttp_errno_t outcome = llhttp_execute(&parser_, "", 0);
    if (outcome != HPE_OK && outcome != HPE_PAUSED) become_bad(400);
  }
}

void RequestParser::next() {
  CHECK(state_ == State::kDone);
  llhttp_resume(&parser_);
  state_ = State::kHead;
  head_ = RequestHead{};
  head_bytes_ = 0;
  header_count_ = 0;
}

int RequestParser::on_header_field(llhttp_t* parser, const char* at, size_t bytes) {
  RequestParser& me = self(parser);
  for (size_t i = 0; i < bytes; i++) {
    if (me.field_matched_ >= kExpectName.size() || to_lower(at[i]) != kExpectName[me.field_matched_]) {
      me.field_matches_ = false;
    }
    me.field_matched_++;
  }
  return 0;
}

int RequestParser::on_header_value(llhttp_t* parser, const char* at, size_t bytes) {
  RequestParser& me = self(parser);
  if (!me.field_matches_ || me.field_matched_ != kExpectName.size()) return 0;
  for (size_t i = 0; i < bytes; i++) {
    if (me.value_matched_ < kContinueValue.size() && to_lower(at[i]) == kContinueValue[me.value_matched_]) {
      me.value_matched_++;
    }
  }
  if (me.value_matched_ == kContinueValue.size()) me.head_.expects_continue = true;
  return 0;
}

int RequestParser::on_header_value_complete(llhttp_t* parser) {
  RequestParser& me = self(parser);
  me.field_matched_ = 0;
  me.field_matches_ = true;
  me.value_matched_ = 0;
  if (++me.header_count_ > kRequestHeadersMax) {
    me.become_bad(431);
    return HPE_USER;
  }
  return 0;
}

int RequestParser::on_headers_complete(llhttp_t* parser) {
  RequestParser& me = self(parser);
  me.head_.is_post = llhttp_get_method(parser) == HTTP_POST || llhttp_get_method(parser) == HTTP_PUT;
  me.head_.keep_alive = llhttp_should_keep_alive(parser) != 0;
  if ((parser->flags & F_CHUNKED) == 0) me.head_.content_bytes = parser->content_length;
  me.state_ = State::kHeadDone;
  return HPE_PAUSED;
}

int RequestParser::on_body(llhttp_t* parser, const char* at, size_t bytes) {
  self(parser).sink_.on_body({at, bytes});
  return 0;
}

int RequestParser::on_message_complete(llhttp_t* parser) {
  self(parser).state_ = State::kDone;
  return HPE_PAUSED;
}

void RequestParser::become_bad(int status) {
  state_ = State::kBad;
  bad_status_ = status;
}

}  // namespace sleipnir
