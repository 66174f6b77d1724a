#include "app/config_values.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "base/json_check.h"
#include "base/json_decode.h"
#include "base/json_fields.h"

namespace sleipnir {

namespace {

constexpr std::string_view kSpaces = " \t\r\n";
// Longer than every name in the table; an unknown name beyond it is near to none.
constexpr size_t kComparedBytesMax = 48;

// The text of a JSON string.
std::string decoded(std::string_view inside) {
  std::string out;
  for (;;) {
    const size_t backslash = inside.find('\\');
    out += inside.substr(0, backslash);
    if (backslash == std::string_view::npos) return out;
    const DecodedEscape escape = decode_json_escape(inside, backslash);
    out += escape.bytes.view();
    inside.remove_prefix(backslash + escape.escape_bytes);
  }
}

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

std::vector<std::string_view> split_list(std::string_view text) {
  std::vector<std::string_view> items;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    const std::string_view item = trimmed(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
    if (!item.empty()) items.push_back(item);
  }
  return items;
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

std::optional<JsonTexts> parse_json_texts(std::string_view text) {
  if (!is_json_object(text)) return std::nullopt;
  JsonTexts texts;
  JsonFields<PlainJson> fields(text);
  for (JsonField field; fields.next(field);) {
    if (field.is_string || field.is_number() || field.is_boolean()) {
      texts.members.push_back({decoded(field.key), decoded(field.value)});
    } else {
      texts.refused.push_back({decoded(field.key), {}});
    }
  }
  return texts;
}

}  // namespace sleipnir
