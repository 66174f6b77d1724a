#include "base/text_pattern.h"

#include <algorithm>
#include <bit>

#include "base/ascii.h"

namespace sleipnir {

namespace {

using ByteSet = std::array<bool, 256>;

size_t index_of(char c) {
  return static_cast<unsigned char>(c);
}

void add_range(ByteSet& set, size_t first, size_t last) {
  std::fill(set.begin() + static_cast<std::ptrdiff_t>(first), set.begin() + static_cast<std::ptrdiff_t>(last) + 1,
            true);
}

// What a backslash and this character stand for.
void add_escape(ByteSet& set, char c) {
  switch (c) {
    case 'd': add_range(set, '0', '9'); break;
    case 'w':
      add_range(set, '0', '9');
      add_range(set, 'A', 'Z');
      add_range(set, 'a', 'z');
      set['_'] = true;
      break;
    case 's':
      add_range(set, '\t', '\r');
      set[' '] = true;
      break;
    default: set[index_of(c)] = true; break;
  }
}

// Walks a pattern; a character taken is gone.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool at_end() const { return text_.empty(); }
  bool next_is(char c) const { return text_.starts_with(c); }
  bool take(char c) {
    if (!next_is(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  // REQUIRES: not at the end.
  char take_any() {
    const char c = text_[0];
    text_.remove_prefix(1);
    return c;
  }
  // 0: there is none, or it is larger than any pattern.
  size_t take_number() {
    size_t number = 0;
    while (!text_.empty() && is_digit(text_[0])) {
      number = number * 10 + static_cast<size_t>(take_any() - '0');
      if (number > TextPattern::kItemsMax) return 0;
    }
    return number;
  }

 private:
  std::string_view text_;
};

// Behind the opening bracket, to behind the closing one.
bool read_set(Reader& reader, ByteSet& set) {
  const bool negated = reader.take('^');
  bool any = false;
  while (!reader.take(']')) {
    if (reader.at_end()) return false;
    char c = reader.take_any();
    any = true;
    if (c == '\\') {
      if (reader.at_end()) return false;
      add_escape(set, reader.take_any());
      continue;
    }
    char last = c;
    if (reader.take('-')) {
      // At the end a dash is a dash.
      if (reader.next_is(']')) {
        set['-'] = true;
      } else {
        if (reader.at_end()) return false;
        last = reader.take_any();
      }
    }
    if (index_of(c) >= 0x80 || index_of(last) >= 0x80 || last < c) return false;
    add_range(set, index_of(c), index_of(last));
  }
  if (negated) std::transform(set.begin(), set.end(), set.begin(), [](bool in) { return !in; });
  return any;
}

}  // namespace

bool TextPattern::add(const ByteSet& set, size_t times) {
  for (; times != 0; times--, items_++) {
    if (items_ == kItemsMax) return false;
    for (size_t c = 0; c < set.size(); c++) takes_[c] |= uint64_t{set[c]} << items_;
  }
  return true;
}

std::optional<TextPattern> TextPattern::parse(std::string_view pattern) {
  TextPattern made;
  for (Reader reader(pattern); !reader.at_end();) {
    ByteSet set{};
    bool countable = true;
    const char c = reader.take_any();
    switch (c) {
      case '\\':
        if (reader.at_end()) return std::nullopt;
        add_escape(set, reader.take_any());
        break;
      case '[':
        if (!read_set(reader, set)) return std::nullopt;
        break;
      case '.':
        set.fill(true);
        set['\n'] = false;
        break;
      // What other pattern languages have and this one has not; to be found as it stands, it wants a backslash.
      case '+':
      case '{':
      case '*':
      case '?':
      case '|':
      case '(':
      case ')': return std::nullopt;
      default:
        set[index_of(c)] = true;
        countable = index_of(c) < 0x80;
        break;
    }
    size_t times = 1;
    bool repeats = false;
    if (countable && reader.take('+')) {
      repeats = true;
    } else if (countable && reader.take('{')) {
      times = reader.take_number();
      repeats = reader.take(',');
      if (times == 0 || !reader.take('}')) return std::nullopt;
    }
    if (!made.add(set, times)) return std::nullopt;
    if (repeats) made.repeats_ |= uint64_t{1} << (made.items_ - 1);
  }
  if (made.items_ == 0) return std::nullopt;
  return made;
}

// All attempts go on at once, a bit for each item that took the byte before; of those that are at the same item only
// the one that began first can win. When there is a match, those that began behind it are given up, and the others
// are followed until they fail or make it longer.
bool TextPattern::find(std::string_view text, size_t from, TextMatch& match) const {
  std::array<size_t, kItemsMax> begins;
  uint64_t active = 0;
  bool found = false;
  for (size_t at = from; at < text.size(); at++) {
    const uint64_t entered = active << 1 | (found ? 0 : 1);
    const uint64_t stayed = active & repeats_;
    active = (entered | stayed) & takes_[index_of(text[at])];
    // From the last item to the first: each takes over what the one before it had.
    for (uint64_t left = active; left != 0;) {
      const auto item = static_cast<size_t>(std::bit_width(left)) - 1;
      const uint64_t bit = uint64_t{1} << item;
      left &= ~bit;
      size_t begin = SIZE_MAX;
      if ((entered & bit) != 0) begin = item == 0 ? at : begins[item - 1];
      if ((stayed & bit) != 0) begin = std::min(begin, begins[item]);
      begins[item] = begin;
    }
    if ((active >> (items_ - 1) & 1) != 0 && (!found || begins[items_ - 1] <= match.begin)) {
      found = true;
      match = {.begin = begins[items_ - 1], .end = at + 1};
    }
    if (!found) continue;
    for (uint64_t left = active; left != 0; left &= left - 1) {
      if (begins[static_cast<size_t>(std::countr_zero(left))] > match.begin) active &= ~(left & (~left + 1));
    }
    if (active == 0) return true;
  }
  return found;
}

}  // namespace sleipnir
