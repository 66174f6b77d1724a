#include "loki/entry_check.h"

#include <limits>

#include "base/ascii.h"

namespace sleipnir {

namespace {

constexpr size_t kTimeDigits = 19;

// Takes from the front of a text; once something does not match, nothing does.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool matched() const { return matched_; }
  size_t taken() const { return at_; }

  bool next_is(char wanted) const { return matched_ && at_ < text_.size() && text_[at_] == wanted; }

  void literal(std::string_view wanted) {
    if (matched_ && text_.substr(at_).starts_with(wanted)) {
      at_ += wanted.size();
    } else {
      matched_ = false;
    }
  }

  int64_t time() {
    // 19 digits may be more than fits.
    uint64_t value = 0;
    for (size_t i = 0; i < kTimeDigits; i++) {
      const unsigned char digit = byte();
      if (digit < '0' || digit > '9') matched_ = false;
      if (!matched_) return 0;
      value = value * 10 + (digit - '0');
    }
    if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) matched_ = false;
    return static_cast<int64_t>(value);
  }

  // Quotes included.
  void json_string() {
    literal("\"");
    while (matched_) {
      const unsigned char first = byte();
      if (!matched_ || first == '"') return;
      if (first < 0x20) matched_ = false;
      if (first == '\\') {
        escape();
      } else if (first >= 0x80) {
        code_point(first);
      }
    }
  }

 private:
  // The next one; 0 and no longer matched at the end.
  unsigned char byte() {
    if (at_ == text_.size()) matched_ = false;
    return matched_ ? static_cast<unsigned char>(text_[at_++]) : 0;
  }

  void escape() {
    const unsigned char kind = byte();
    if (kind != 'u') {
      if (kind == 0 || std::string_view("\"\\/bfnrt").find(static_cast<char>(kind)) == std::string_view::npos) {
        matched_ = false;
      }
      return;
    }
    const uint32_t unit = hex4();
    if (unit < 0xD800 || unit > 0xDFFF) return;
    if (unit > 0xDBFF) matched_ = false;
    literal("\\u");
    const uint32_t low = hex4();
    if (low < 0xDC00 || low > 0xDFFF) matched_ = false;
  }

  uint32_t hex4() {
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
      const int digit = hex_value(static_cast<char>(byte()));
      if (digit < 0) matched_ = false;
      value = value << 4 | static_cast<uint32_t>(digit & 15);
    }
    return value;
  }

  // Unicode's table 3-7: the second byte's range depends on the first.
  void code_point(unsigned char first) {
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
    int more = 1;
    if (first >= 0xC2 && first <= 0xDF) {
      more = 1;
    } else if (first >= 0xE0 && first <= 0xEF) {
      more = 2;
      if (first == 0xE0) low = 0xA0;
      if (first == 0xED) high = 0x9F;
    } else if (first >= 0xF0 && first <= 0xF4) {
      more = 3;
      if (first == 0xF0) low = 0x90;
      if (first == 0xF4) high = 0x8F;
    } else {
      matched_ = false;
    }
    for (; more != 0 && matched_; more--) {
      const unsigned char next = byte();
      if (next < low || next > high) matched_ = false;
      low = 0x80;
      high = 0xBF;
    }
  }

  std::string_view text_;
  size_t at_ = 0;
  bool matched_ = true;
};

}  // namespace

std::optional<CheckedEntry> check_entry(std::string_view wire) {
  Reader reader(wire);
  CheckedEntry entry;
  reader.literal("[\"");
  // The writer clamps to times of 19 digits; one that begins with a zero is none of its own.
  if (reader.next_is('0')) return std::nullopt;
  entry.time_ns = reader.time();
  reader.literal("\",");
  reader.json_string();
  const size_t metadata_offset = reader.taken();
  if (reader.next_is(',')) {
    reader.literal(",{");
    reader.json_string();
    reader.literal(":");
    reader.json_string();
    while (reader.next_is(',')) {
      reader.literal(",");
      reader.json_string();
      reader.literal(":");
      reader.json_string();
    }
    reader.literal("}");
  }
  reader.literal("],");
  if (!reader.matched()) return std::nullopt;
  entry.shape = {.bytes = static_cast<uint32_t>(reader.taken()),
                 .metadata_offset = static_cast<uint32_t>(metadata_offset)};
  return entry;
}

}  // namespace sleipnir
