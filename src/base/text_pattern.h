// TextPattern: a short pattern and the places where it is found in a text, in time linear in the text.
//
//   const std::optional<TextPattern> card = TextPattern::parse(R"(\d{13,})");
//   if (TextMatch match; card->find(text, 0, match)) ... text.substr(match.begin, match.end - match.begin)
//
//   \d \w \s      a digit; a letter, digit or _; white space       .          any byte but a newline
//   [a-f_] [^"]   one of these; none of these                      \.         the character behind the backslash
//   x+ x{3} x{3,} once or more; three times; three times or more   otherwise  the character itself
//
// There are no alternatives and nothing optional: that is what keeps it linear, and small. Works on bytes: a character
// that is not ASCII stands for itself outside of sets, without a count. Pure; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sleipnir {

struct TextMatch {
  size_t begin = 0;
  size_t end = 0;  // > begin
};

class TextPattern {
 public:
  // Bytes that a pattern takes at the least, counts multiplied out.
  static constexpr size_t kItemsMax = 64;

  // Nothing: empty, longer than kItemsMax, or not as above.
  static std::optional<TextPattern> parse(std::string_view pattern);

  // The leftmost match that begins at `from` or behind it, and of those the longest.
  [[nodiscard]] bool find(std::string_view text, size_t from, TextMatch& match) const;

 private:
  using ByteSet = std::array<bool, 256>;

  bool add(const ByteSet& set, size_t times);

  // Bit i is item i: whether it takes the byte; whether it may take more than one.
  std::array<uint64_t, 256> takes_{};
  uint64_t repeats_ = 0;
  size_t items_ = 0;
};

}  // namespace sleipnir
