// Whatever stands in a pattern, parsing it ends; whatever the text, each match is one, and they come in order.
//
// Input: the pattern to the first zero byte, then the text.
#include "base/text_pattern.h"

#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

using namespace sleipnir;

void expect(bool condition) {
  if (!condition) abort();
}

void find_all(const TextPattern& pattern, std::string_view text) {
  size_t from = 0;
  for (TextMatch match; pattern.find(text, from, match); from = match.end) {
    expect(from <= match.begin && match.begin < match.end && match.end <= text.size());
    // It is a match by itself, and all of it.
    TextMatch again;
    expect(pattern.find(text.substr(match.begin, match.end - match.begin), 0, again));
    expect(again.begin == 0 && again.end == match.end - match.begin);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t zero = input.find('\0');
  if (zero == std::string_view::npos) return 0;
  const std::string_view pattern = input.substr(0, zero);
  const std::string_view text = input.substr(zero + 1);
  if (const auto parsed = TextPattern::parse(pattern)) find_all(*parsed, text);
  // Every character behind a backslash: the text itself, but for the letters of classes.
  std::string escaped;
  for (const char c : pattern) escaped.append({'\\', c});
  if (const auto literal = TextPattern::parse(escaped);
      literal && pattern.find_first_of("dws") == std::string_view::npos) {
    find_all(*literal, text);
    TextMatch match;
    const bool found = literal->find(text, 0, match);
    expect(found == (text.find(pattern) != std::string_view::npos));
    if (found) expect(match.begin == text.find(pattern) && match.end == match.begin + pattern.size());
  }
  return 0;
}
