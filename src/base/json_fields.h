// JsonFields: the members of one JSON object, in order, top level only.
//
//   JsonFields<PlainJson> fields(record);
//   for (JsonField field; fields.next(field);) ...
//
// The object stands either as it is (PlainJson) or inside a JSON string (EscapedJson: what a function printed is
// itself JSON, `{\"level\":\"info\"}`); both are read in place, nothing is decoded. What is not JSON ends the walk:
// whole() tells. Pure; never reads outside the text.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/ascii.h"
#include "base/json_scan.h"

namespace sleipnir {

struct JsonField {
  std::string_view key;    // inside of the key, escapes in place
  std::string_view value;  // a string: its inside; anything else: the token
  bool is_string = false;

  bool is_number() const { return !is_string && !value.empty() && (value[0] == '-' || is_digit(value[0])); }
  bool is_boolean() const { return !is_string && (value == "true" || value == "false"); }
};

// How quotes, white space and tokens look. `at` stands on the token; sizes are in bytes of the text.
struct PlainJson {
  static constexpr size_t kQuoteBytes = 1;
  static bool is_quote(std::string_view text, size_t at) { return at < text.size() && text[at] == '"'; }
  static size_t skip_space(std::string_view text, size_t at) { return skip_json_space(text, at); }
  static TokenEnd string_end(std::string_view text, size_t at) { return json_string_end(text, at); }
  static TokenEnd value_end(std::string_view text, size_t at) { return json_value_end(text, at); }
};

struct EscapedJson {
  static constexpr size_t kQuoteBytes = 2;
  static bool is_quote(std::string_view text, size_t at) {
    return at + 1 < text.size() && text[at] == '\\' && text[at + 1] == '"';
  }
  static size_t skip_space(std::string_view text, size_t at) {
    if (at + 1 < text.size()) {  // nearly always: no space at all
      if (text[at] == '\\' ? text[at + 1] == '"' : static_cast<unsigned char>(text[at]) > ' ') return at;
    }
    return skip_any_space(text, at);
  }
  static TokenEnd string_end(std::string_view text, size_t at);
  static TokenEnd value_end(std::string_view text, size_t at);

 private:
  static size_t skip_any_space(std::string_view text, size_t at);
};

template <class Form>
class JsonFields {
 public:
  // A text that does not begin with `{` has no fields.
  explicit JsonFields(std::string_view text) : text_(text), at_(Form::skip_space(text, 0)) {
    if (at_ < text_.size() && text_[at_] == '{') {
      at_ = Form::skip_space(text_, at_ + 1);
      open_ = true;
      take_end();
    }
  }

  // False at the end of the object, or where it stops being JSON.
  bool next(JsonField& field) {
    if (!open_) return false;
    open_ = false;  // whichever way this ends early
    if (!Form::is_quote(text_, at_)) return false;
    const TokenEnd key = Form::string_end(text_, at_);
    if (!key.complete) return false;
    field.key = inside(at_, key.at);
    at_ = Form::skip_space(text_, key.at);
    if (at_ >= text_.size() || text_[at_] != ':') return false;
    at_ = Form::skip_space(text_, at_ + 1);
    if (at_ >= text_.size()) return false;
    field.is_string = Form::is_quote(text_, at_);
    const TokenEnd value = field.is_string ? Form::string_end(text_, at_) : Form::value_end(text_, at_);
    if (!value.complete) return false;
    field.value = field.is_string ? inside(at_, value.at) : text_.substr(at_, value.at - at_);
    at_ = Form::skip_space(text_, value.at);
    open_ = true;
    if (take_end()) return true;
    if (at_ < text_.size() && text_[at_] == ',') {
      at_ = Form::skip_space(text_, at_ + 1);
    } else {
      open_ = false;  // this field was good all the same
    }
    return true;
  }

  // The closing brace has been seen.
  bool whole() const { return whole_; }

 private:
  bool take_end() {
    if (at_ >= text_.size() || text_[at_] != '}') return false;
    open_ = false;
    whole_ = true;
    return true;
  }
  std::string_view inside(size_t begin, size_t end) const {
    return text_.substr(begin + Form::kQuoteBytes, end - begin - 2 * Form::kQuoteBytes);
  }

  std::string_view text_;
  size_t at_;
  bool open_ = false;
  bool whole_ = false;
};

// The first member named `key` of an object that is JSON (is_json_object()); an empty one where there is none. A key
// that is written with escapes is not found.
JsonField json_field(std::string_view object, std::string_view key);

}  // namespace sleipnir
