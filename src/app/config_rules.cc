#include "app/config_rules.h"

#include <optional>

#include "app/config_values.h"
#include "base/ascii.h"
#include "base/json_check.h"
#include "base/json_scan.h"

namespace sleipnir {

namespace {

constexpr size_t kReplacementBytesMax = 64;
constexpr BorrowedText kReplacement = "***";

// The pattern that finds this text and nothing else.
BorrowedText pattern_of(std::string_view text, TextStore& texts) {
  char* const begin = texts.room(2 * text.size());
  char* end = begin;
  for (const char c : text) {
    if (!is_letter(c)) *end++ = '\\';
    *end++ = c;
  }
  return TextStore::close(begin, end);
}

// One element of the array: a text is short for an object that has it as its `text`.
bool add_mask(std::string_view element, Config& config) {
  if (element.starts_with('"')) element = config.texts.keep({"{\"text\":", element, "}"});
  JsonTexts members(element, config.texts);
  if (!members.is_object()) return false;
  NameValue mask{.name = {}, .value = kReplacement};
  for (NameValue member; members.next(member);) {
    if (members.refused()) return false;
    if (member.name == "with") {
      mask.value = member.value;
    } else if (!mask.name.empty()) {
      return false;
    } else if (member.name == "text") {
      mask.name = pattern_of(member.value, config.texts);
    } else if (member.name == "pattern") {
      mask.name = member.value;
    } else {
      return false;
    }
  }
  if (mask.value.size() > kReplacementBytesMax || !TextPattern::parse(mask.name)) return false;
  return config.masks.add(mask);
}

// A number from 0 to 1 with at most six decimals, in millionths.
std::optional<uint32_t> parse_share(std::string_view text) {
  text = trimmed(text);
  const size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const std::string_view decimals = point == std::string_view::npos ? std::string_view() : text.substr(point + 1);
  if ((whole != "0" && whole != "1" && !whole.empty()) || (whole.empty() && decimals.empty())) return std::nullopt;
  uint32_t share = whole == "1" ? InvocationSampler::kAll : 0;
  uint32_t unit = InvocationSampler::kAll;
  for (const char c : decimals) {
    unit /= 10;
    if (!is_digit(c) || unit == 0) return std::nullopt;
    share += static_cast<uint32_t>(c - '0') * unit;
  }
  if (share > InvocationSampler::kAll) return std::nullopt;
  return share;
}

}  // namespace

void apply_masks(const Setting& setting, Config& config, Problems& problems) {
  if (!setting) return;
  const std::string_view text = trimmed(setting.value);
  if (!text.starts_with('[') || !is_json(text)) {
    problems.error(R"(LOKI_MASK is no JSON array and masks nothing; accepted: ["text",{"pattern":"\\d{13,}"}])");
    return;
  }
  size_t number = 1;
  for (size_t at = skip_json_space(text, 1); text[at] != ']'; number++) {
    const size_t end = json_value_end(text, at).at;
    if (!add_mask(text.substr(at, end - at), config)) {
      problems.error("LOKI_MASK: element %zu is not understood, too long or one too many, and masks nothing", number);
    }
    at = skip_json_space(text, end);
    if (text[at] == ',') at = skip_json_space(text, at + 1);
  }
}

void apply_sample(const Setting& setting, Config& config, Problems& problems) {
  if (!setting) return;
  if (const std::optional<uint32_t> share = parse_share(setting.value)) {
    config.sample = *share;
  } else {
    problems.error(
        "LOKI_SAMPLE=%s is not understood; accepted: a number from 0 to 1 such as 0.1; everything is shipped",
        Shown(setting.value).text());
  }
}

}  // namespace sleipnir
