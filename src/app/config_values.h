// Plain values out of text: booleans, numbers, words, lists, JSON objects. Pure; no variable is known here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/json_check.h"
#include "base/json_fields.h"
#include "base/name_value.h"
#include "base/text_store.h"

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

// The next piece of a comma-separated list, trimmed, empty ones left out; empty: there is no more. `rest` is what comes
// behind it.
std::string_view next_item(std::string_view& rest);

// Single-character insertions, deletions and replacements from a to b; SIZE_MAX if there are `limit` or more, or if a
// text is longer than any name of ours.
size_t edit_distance(std::string_view a, std::string_view b, size_t limit);

// The members of a JSON object whose values are texts, in their order, repeated names included. Numbers and booleans
// are taken as they are spelt.
//
//   JsonTexts members(json, texts);
//   if (!members.is_object()) ...
//   for (NameValue member; members.next(member);) ...
class JsonTexts {
 public:
  // The members' texts are kept in `texts`, which outlives this.
  JsonTexts(std::string_view json, TextStore& texts) : json_(json), fields_(json), texts_(texts) {}

  bool is_object() const { return is_json_object(json_); }
  // False at the end. REQUIRES: is_object().
  bool next(NameValue& member);
  // Of the member just given: whether it is of another kind; its value is then empty.
  bool refused() const { return refused_; }

 private:
  std::string_view json_;
  JsonFields<PlainJson> fields_;
  TextStore& texts_;
  bool refused_ = false;
};

}  // namespace sleipnir
