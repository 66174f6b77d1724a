// Plain values out of text: booleans, numbers, words, lists, JSON objects. Pure; no variable is known here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/name_value.h"

namespace sleipnir {

// Without spaces, tabs and line breaks at both ends.
std::string_view trimmed(std::string_view text);

// true/false, 1/0, yes/no, on/off, in any case.
std::optional<bool> parse_bool(std::string_view text);

// A whole number in decimal. What does not fit is the nearest that does (so it can be clamped); a negative one is
// `negative` with its size in `value`.
struct Integer {
  bool negative = false;
  uint64_t value = 0;
};
std::optional<Integer> parse_integer(std::string_view text);

// Index of `word`, in any case, among `words` ("a|b|c"). An empty one of them is never found.
std::optional<uint8_t> parse_choice(std::string_view word, std::string_view words);

// The pieces of a comma-separated list, trimmed, empty ones left out.
std::vector<std::string_view> split_list(std::string_view text);

// Single-character insertions, deletions and replacements from a to b; SIZE_MAX if there are `limit` or more, or if a
// text is longer than any name of ours.
size_t edit_distance(std::string_view a, std::string_view b, size_t limit);

// A JSON object whose values are texts. Numbers and booleans are taken as they are spelt; members of any other kind
// are named in `refused`.
struct JsonTexts {
  std::vector<NameValue> members;  // in the order of the text, repeated names included
  std::vector<NameValue> refused;
};
// Nothing if the text is no JSON object.
std::optional<JsonTexts> parse_json_texts(std::string_view text);

}  // namespace sleipnir
