#include "lambda/telemetry_scanner.h"

#include <cstring>

#include "base/byte_block.h"
#include "base/json_decode.h"
#include "base/json_scan.h"

namespace sleipnir {
namespace {

enum class Key : uint8_t { kTime, kType, kRecord, kOther };

Key plain_key(std::string_view key) {
  if (is_literal(key, "time")) return Key::kTime;
  if (is_literal(key, "type")) return Key::kType;
  if (is_literal(key, "record")) return Key::kRecord;
  return Key::kOther;
}

Key element_key(std::string_view key) {
  const Key plain = plain_key(key);
  if (plain != Key::kOther || key.find('\\') == std::string_view::npos) return plain;
  FixedText<8> decoded;  // one byte more than "record" needs, so that a longer key does not become one
  append_json_text(key, decoded);
  return plain_key(decoded.view());
}

std::string_view inside(std::string_view string_token) {
  return string_token.substr(1, string_token.size() - 2);
}

// What Lambda writes, byte for byte, is taken by comparing it:
//   {"time":"2026-11-20T08:00:00.530Z","type":"function","record":<record>}
// True, and `at` behind the record's colon, if it stands there; else nothing is changed.
bool take_usual_head(std::string_view body, size_t& at, TelemetryElement& element) {
  constexpr size_t kTimeAt = 9, kTimeBytes = 24, kTypeQuoteAt = kTimeAt + kTimeBytes + 9;
  if (!begins_with_literal(body, at, "{\"time\":\"")) return false;
  if (body.size() - at <= kTypeQuoteAt) return false;
  if (!begins_with_literal(body, at + kTimeAt + kTimeBytes, "\",\"type\":\"")) return false;
  // The time must be plain text: any quote or escape means that these are other strings than they seem.
  for (const size_t part : {size_t{0}, kTimeBytes - kBlockBytes}) {
    const ByteBlock block(body.data() + at + kTimeAt + part);
    if (block_mask(block.equal('"') | block.equal('\\') | block.below(0x20)) != 0) return false;
  }
  const size_t type_at = at + kTypeQuoteAt;
  constexpr size_t kFunctionBytes = 10;  // with its quotes: the type of nearly all
  const TokenEnd type = begins_with_literal(body, type_at, "\"function\"") ? TokenEnd{type_at + kFunctionBytes, true}
                                                                           : json_string_end(body, type_at);
  if (!type.complete || !begins_with_literal(body, type.at, ",\"record\":")) return false;
  element.time = body.substr(at + kTimeAt, kTimeBytes);
  element.type = inside(body.substr(type_at, type.at - type_at));
  at = type.at + 10;
  return true;
}

// The object at `at` (on its brace), its three keys put into `element`.
TokenEnd element_end(std::string_view body, size_t at, TelemetryElement& element) {
  element = {};
  if (take_usual_head(body, at, element)) {
    at = skip_json_space(body, at);
    if (at >= body.size()) return {at, false};
    const TokenEnd record = json_value_end(body, at);
    if (!record.complete) return record;
    element.record = body.substr(at, record.at - at);
    element.verbatim = record.verbatim;
    at = skip_json_space(body, record.at);
    if (at >= body.size()) return {at, false};
    if (body[at] == '}') return {at + 1, true};
    if (body[at] != ',') return {at, false};
    at = skip_json_space(body, at + 1);
  } else {
    at = skip_json_space(body, at + 1);
    if (at < body.size() && body[at] == '}') return {at + 1, true};
  }
  for (;;) {
    if (at >= body.size() || body[at] != '"') return {at, false};
    const size_t key_at = at;
    TokenEnd token = json_string_end(body, at);
    if (!token.complete) return token;
    const Key key = element_key(inside(body.substr(key_at, token.at - key_at)));

    at = skip_json_space(body, token.at);
    if (at >= body.size() || body[at] != ':') return {at, false};
    at = skip_json_space(body, at + 1);
    if (at >= body.size()) return {at, false};
    token = json_value_end(body, at);
    if (!token.complete) return token;
    const std::string_view value = body.substr(at, token.at - at);
    const bool is_string = value[0] == '"';
    switch (key) {
      case Key::kTime:
        if (is_string && element.time.data() == nullptr) element.time = inside(value);
        break;
      case Key::kType:
        if (is_string && element.type.data() == nullptr) element.type = inside(value);
        break;
      case Key::kRecord:
        if (!element.record.empty()) break;
        element.record = value;
        element.verbatim = token.verbatim;
        break;
      case Key::kOther: break;
    }

    at = skip_json_space(body, token.at);
    if (at >= body.size()) return {at, false};
    if (body[at] == '}') return {at + 1, true};
    if (body[at] != ',') return {at, false};
    at = skip_json_space(body, at + 1);
  }
}

}  // namespace

ScanOutcome TelemetryScanner::next(TelemetryElement& element) {
  element = {};
  for (;;) {
    if (state_ == State::kDone) return ScanOutcome::kEnd;
    if (state_ == State::kLost) return find_whole_element(element);

    at_ = skip_json_space(body_, at_);
    if (at_ == body_.size()) {
      // Between documents is the only proper place for the end; elsewhere the body was cut off, or is empty.
      const bool proper = state_ == State::kBetween;
      state_ = State::kDone;
      return proper ? ScanOutcome::kEnd : ScanOutcome::kMalformed;
    }
    const char c = body_[at_];
    switch (state_) {
      case State::kDocument:
      case State::kBetween:
        in_array_ = c == '[';
        if (c == '{') return take_value(element);
        if (c != '[') return lose_structure();
        ++at_;
        state_ = State::kElement;
        break;
      case State::kElement:
        // A comma too many has cost no element: not reported.
        if (c != ']' && c != ',') return take_value(element);
        ++at_;
        if (c == ']') state_ = State::kBetween;
        break;
      case State::kAfterElement:
        // Nor has a missing comma.
        if (c == '{') return take_value(element);
        if (c != ']' && c != ',') return lose_structure();
        ++at_;
        state_ = c == ']' ? State::kBetween : State::kElement;
        break;
      case State::kLost:
      case State::kDone: break;
    }
  }
}

ScanOutcome TelemetryScanner::take_value(TelemetryElement& element) {
  const bool is_object = body_[at_] == '{';
  const TokenEnd end = is_object ? element_end(body_, at_, element) : json_value_end(body_, at_);
  if (!end.complete) {
    element = {};
    return lose_structure();
  }
  at_ = end.at;
  state_ = after_value();
  if (element.type.data() != nullptr || !element.record.empty()) return ScanOutcome::kElement;
  element = {};
  return ScanOutcome::kMalformed;
}

ScanOutcome TelemetryScanner::lose_structure() {
  ++at_;  // past the beginning of what could not be read
  state_ = State::kLost;
  return ScanOutcome::kMalformed;
}

ScanOutcome TelemetryScanner::find_whole_element(TelemetryElement& element) {
  while (at_ < body_.size() && rescan_bytes_ > 0) {
    const void* brace = memchr(body_.data() + at_, '{', body_.size() - at_);
    if (brace == nullptr) break;
    const size_t candidate = static_cast<size_t>(static_cast<const char*>(brace) - body_.data());
    const TokenEnd end = element_end(body_, candidate, element);
    // An object of the function's own may look like a part of an element, hardly like all of it.
    if (end.complete && element.time.data() != nullptr && element.type.data() != nullptr && !element.record.empty()) {
      at_ = end.at;
      state_ = after_value();
      return ScanOutcome::kElement;
    }
    const size_t read_bytes = end.at - candidate;
    rescan_bytes_ -= read_bytes < rescan_bytes_ ? read_bytes : rescan_bytes_;
    // A whole object that is no element is passed over; of a broken one only the brace is.
    at_ = end.complete ? end.at : candidate + 1;
  }
  element = {};
  at_ = body_.size();
  state_ = State::kDone;
  return ScanOutcome::kEnd;
}

}  // namespace sleipnir
