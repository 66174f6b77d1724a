#include "app/config_values.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "base/kept_json.h"

namespace sleipnir {

namespace {

constexpr std::string_view kSpaces = " \t\r\n";
// Longer than every name in the table; an unknown name beyond it is near to none.
constexpr size_t kComparedBytesMax = 48;

}  // namespace

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(kSpaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

std::optional<bool> parse_bool(std::string_view text) {
  const std::optional<uint8_t> word = parse_choice(text, "false|true|0|1|no|yes|off|on");
  if (!word) return std::nullopt;
  return *word % 2 == 1;
}

std::optional<Integer> parse_integer(std::string_view text) {
  text = trimmed(text);
  Integer integer;
  if (text.starts_with('-') || text.starts_with('+')) {
    integer.negative = text.front() == '-';
    text.remove_prefix(1);
  }
  if (text.empty()) return std::nullopt;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    const auto digit = static_cast<uint64_t>(c - '0');
    integer.value = integer.value > (UINT64_MAX - digit) / 10 ? UINT64_MAX : integer.value * 10 + digit;
  }
  return integer;
}

std::optional<uint8_t> parse_choice(std::string_view word, std::string_view words) {
  word = trimmed(word);
  if (word.empty()) return std::nullopt;
  for (uint8_t index = 0;; index++) {
    const size_t bar = words.find('|');
    if (equal_ignoring_case(words.substr(0, bar), word)) return index;
    if (bar == std::string_view::npos) return std::nullopt;
    words.remove_prefix(bar + 1);
  }
}

std::string_view next_item(std::string_view& rest) {
  std::string_view item;
  while (item.empty() && !rest.empty()) {
    const size_t comma = std::min(rest.find(','), rest.size());
    item = trimmed(rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return item;
}

size_t edit_distance(std::string_view a, std::string_view b, size_t limit) {
  const size_t difference = a.size() > b.size() ? a.size() - b.size() : b.size() - a.size();
  if (difference >= limit || a.size() > kComparedBytesMax || b.size() > kComparedBytesMax) return SIZE_MAX;
  // One row of the Wagner-Fischer matrix: distances from the first i bytes of a to each beginning of b.
  std::array<size_t, kComparedBytesMax + 1> row{};
  for (size_t k = 0; k <= b.size(); k++) row[k] = k;
  for (size_t i = 1; i <= a.size(); i++) {
    size_t diagonal = row[0];
    row[0] = i;
    size_t least = i;
    for (size_t k = 1; k <= b.size(); k++) {
      const size_t replaced = diagonal + (a[i - 1] == b[k - 1] ? 0 : 1);
      diagonal = row[k];
      row[k] = std::min({replaced, row[k] + 1, row[k - 1] + 1});
      least = std::min(least, row[k]);
    }
    if (least >= limit) return SIZE_MAX;
  }
  return row[b.size()] < limit ? row[b.size()] : SIZE_MAX;
}

bool JsonTexts::next(NameValue& member) {
  JsonField field;
  if (!fields_.next(field)) return false;
  refused_ = !field.is_string && !field.is_number() && !field.is_boolean();
  member = {decoded_json(field.key, texts_), decoded_json(refused_ ? "" : field.value, texts_)};
  return true;
}

}  // namespace sleipnir
