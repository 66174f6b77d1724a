#include "loki/line_request_id.h"

#include <cstddef>
#include <string_view>

#include "base/ascii.h"
#include "base/fixed_text.h"

namespace sleipnir {

namespace {

constexpr int kEnd = -1;
constexpr int kOther = 0x80;  // some character that is not ASCII

bool is_blank(int c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// The line's characters one by one, the escapes of a JSON string token undone. Only ASCII matters to the shape.
class LineReader {
 public:
  explicit LineReader(const Record& record)
      : prefix_(record.prefix), text_(record.text), is_token_(record.form == TextForm::kJsonString) {}

  int next() {
    if (!prefix_.empty()) return take(prefix_, 1);
    if (text_.empty()) return kEnd;
    if (!is_token_ || text_[0] != '\\' || text_.size() < 2) return take(text_, 1);
    const char letter = text_[1];
    if (letter == 'u') return next_unicode();
    text_.remove_prefix(2);
    switch (letter) {
      case 'n': return '\n';
      case 'r': return '\r';
      case 't': return '\t';
      case 'b': return '\b';
      case 'f': return '\f';
      default: return static_cast<unsigned char>(letter);
    }
  }

 private:
  static int take(std::string_view& from, size_t bytes) {
    const int c = static_cast<unsigned char>(from[0]);
    from.remove_prefix(bytes);
    return c;
  }

  int next_unicode() {
    constexpr size_t kEscapeBytes = 6;
    const int value = text_.size() < kEscapeBytes ? -1 : hex4(&text_[2]);
    if (value < 0) return take(text_, 1);
    text_.remove_prefix(kEscapeBytes);
    return value < kOther ? value : kOther;
  }

  std::string_view prefix_;
  std::string_view text_;
  bool is_token_;
};

// Recognises the spellings in use, `request_id`, `requestId`, `AWSRequestId`, ..., without regard to case and `_`, `-`.
class KeyMatcher {
 public:
  void begin() {
    key_.clear();
    fits_ = true;
  }
  void add(int c) {
    if (c == '_' || c == '-') return;
    const char lower = to_lower(static_cast<char>(c));
    if (key_.view().size() == kBytesMax) fits_ = false;
    key_.append({&lower, 1});
  }
  bool is_request_id() const { return fits_ && (key_ == "requestid" || key_ == "awsrequestid"); }

 private:
  static constexpr size_t kBytesMax = 12;
  FixedText<kBytesMax> key_;
  bool fits_ = true;
};

// Reads behind an opening quote to behind the closing one. False if there is none.
bool read_string(LineReader& line, KeyMatcher* key) {
  for (int c = line.next(); c != kEnd; c = line.next()) {
    if (c == '"') return true;
    if (c == '\\') {
      c = line.next();
      if (c == kEnd) return false;
    }
    if (key != nullptr) key->add(c);
  }
  return false;
}

}  // namespace

LineShape line_shape(const Record& record) {
  // What is at the top level of the object may come next.
  enum class Expect : uint8_t { kKeyOrEnd, kKey, kColon, kValue };

  LineReader line(record);
  const std::string_view first = record.prefix.empty() ? record.text : record.prefix;
  if (first.empty() || first[0] != '{' || line.next() != '{') return LineShape::kText;
  Expect expect = Expect::kKeyOrEnd;
  bool has_keys = false;
  bool has_request_id = false;
  size_t depth = 1;
  KeyMatcher key;
  while (depth > 0) {
    const int c = line.next();
    if (c == kEnd) return LineShape::kText;
    if (is_blank(c)) continue;
    if (expect == Expect::kValue) {
      if (c == '"') {
        if (!read_string(line, nullptr)) return LineShape::kText;
      } else if (c == '{' || c == '[') {
        depth++;
      } else if (c == '}' || c == ']') {
        depth--;
        if (depth == 0 && c == ']') return LineShape::kText;
      } else if (c == ',' && depth == 1) {
        expect = Expect::kKey;
      }
    } else if (expect == Expect::kColon) {
      if (c != ':') return LineShape::kText;
      expect = Expect::kValue;
    } else if (c == '"') {
      key.begin();
      if (!read_string(line, &key)) return LineShape::kText;
      has_keys = true;
      has_request_id = has_request_id || key.is_request_id();
      expect = Expect::kColon;
    } else if (c == '}' && expect == Expect::kKeyOrEnd) {
      depth = 0;
    } else {
      return LineShape::kText;
    }
  }
  for (int c = line.next(); c != kEnd; c = line.next()) {
    if (!is_blank(c)) return LineShape::kText;
  }
  if (has_request_id) return LineShape::kObjectWithRequestId;
  return has_keys ? LineShape::kObject : LineShape::kEmptyObject;
}

}  // namespace sleipnir
