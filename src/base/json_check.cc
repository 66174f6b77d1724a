#include "base/json_check.h"

#include <bitset>

#include "base/json_scan.h"
#include "base/json_text.h"

namespace sleipnir {
namespace {

// The brackets that are open.
class Nesting {
 public:
  bool empty() const { return depth_ == 0; }
  bool in_object() const { return is_object_[depth_ - 1]; }
  char closing() const { return in_object() ? '}' : ']'; }

  [[nodiscard]] bool open(char bracket) {
    if (depth_ == kJsonDepthMax) return false;
    is_object_[depth_++] = bracket == '{';
    return true;
  }
  void close() { depth_--; }

 private:
  std::bitset<kJsonDepthMax> is_object_;
  size_t depth_ = 0;
};

bool stands_at(std::string_view text, size_t at, char c) {
  return at < text.size() && text[at] == c;
}

// Copying repairs whatever a string must not hold: a valid one comes out as it went in.
bool is_valid_inside(std::string_view inside) {
  char copy[256];
  while (!inside.empty()) {
    const JsonCopied part = copy_json_token(inside, copy);
    if (inside.substr(0, part.consumed) != std::string_view(copy, part.written)) return false;
    inside.remove_prefix(part.consumed);
  }
  return true;
}

// Steps over the string that must stand at `at`, and white space behind it.
bool skip_string(std::string_view text, size_t& at) {
  if (!stands_at(text, at, '"')) return false;
  const TokenEnd end = json_string_end(text, at);
  if (!end.complete || !is_valid_inside(text.substr(at + 1, end.at - at - 2))) return false;
  at = skip_json_space(text, end.at);
  return true;
}

bool skip_key(std::string_view text, size_t& at) {
  if (!skip_string(text, at) || !stands_at(text, at, ':')) return false;
  at = skip_json_space(text, at + 1);
  return true;
}

bool skip_scalar(std::string_view text, size_t& at) {
  if (stands_at(text, at, '"')) return skip_string(text, at);
  if (at == text.size()) return false;
  const TokenEnd end = json_value_end(text, at);
  if (!end.complete) return false;
  at = skip_json_space(text, end.at);
  return true;
}

}  // namespace

bool is_json(std::string_view text) {
  Nesting nesting;
  size_t at = skip_json_space(text, 0);
  for (;;) {
    // A value begins here.
    if (stands_at(text, at, '{') || stands_at(text, at, '[')) {
      if (!nesting.open(text[at])) return false;
      at = skip_json_space(text, at + 1);
      if (!stands_at(text, at, nesting.closing())) {
        if (nesting.in_object() && !skip_key(text, at)) return false;
        continue;
      }
    } else if (!skip_scalar(text, at)) {
      return false;
    }
    // Behind a value: what it ends, then the next one or the end of all.
    while (!nesting.empty() && stands_at(text, at, nesting.closing())) {
      nesting.close();
      at = skip_json_space(text, at + 1);
    }
    if (nesting.empty()) return at == text.size();
    if (!stands_at(text, at, ',')) return false;
    at = skip_json_space(text, at + 1);
    if (nesting.in_object() && !skip_key(text, at)) return false;
  }
}

bool is_json_object(std::string_view text) {
  return stands_at(text, skip_json_space(text, 0), '{') && is_json(text);
}

}  // namespace sleipnir
