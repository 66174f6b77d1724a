#include "app/config_rules.h"

#include <optional>

#include "app/config_values.h"
#include "base/json_check.h"
#include "base/json_scan.h"

namespace sleipnir {

namespace {

// So many passes over each line at most.
constexpr size_t kMasksMax = 16;
constexpr size_t kReplacementBytesMax = 64;
constexpr std::string_view kReplacement = "***";

// The elements of a JSON array, as tokens. Nothing if the text is none.
std::optional<std::vector<std::string_view>> array_elements(std::string_view text) {
  text = trimmed(text);
  if (!text.starts_with('[') || !is_json(text)) return std::nullopt;
  std::vector<std::string_view> elements;
  for (size_t at = skip_json_space(text, 1); text[at] != ']';) {
    const size_t end = json_value_end(text, at).at;
    elements.push_back(text.substr(at, end - at));
    at = skip_json_space(text, end);
    if (text[at] == ',') at = skip_json_space(text, at + 1);
  }
  return elements;
}

// A text is short for an object that has it as its `text`.
std::optional<JsonTexts> members_of(std::string_view element) {
  if (!element.starts_with('"')) return parse_json_texts(element);
  return parse_json_texts(std::string(R"({"text":)").append(element).append("}"));
}

std::optional<MaskSetting> mask_of(std::string_view element) {
  const std::optional<JsonTexts> texts = members_of(element);
  if (!texts || !texts->refused.empty()) return std::nullopt;
  MaskSetting mask{.find = {}, .with = std::string(kReplacement)};
  for (const NameValue& member : texts->members) {
    const bool is_with = member.name == "with";
    if (!is_with && member.name != "text" && member.name != "pattern") return std::nullopt;
    if (!is_with && !mask.find.empty()) return std::nullopt;
    if (!is_with) mask.is_pattern = member.name == "pattern";
    (is_with ? mask.with : mask.find) = member.value;
  }
  if (mask.with.size() > kReplacementBytesMax || !mask.compile()) return std::nullopt;
  return mask;
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
    if (c < '0' || c > '9' || unit == 0) return std::nullopt;
    share += static_cast<uint32_t>(c - '0') * unit;
  }
  if (share > InvocationSampler::kAll) return std::nullopt;
  return share;
}

}  // namespace

void apply_masks(const Setting& setting, Config& config, Problems& problems) {
  if (!setting) return;
  const auto elements = array_elements(setting.value);
  if (!elements) {
    problems.error(R"(LOKI_MASK is no JSON array and nothing is masked; accepted: ["text",{"pattern":"\\d{13,}"}])");
    return;
  }
  size_t number = 0;
  for (const std::string_view element : *elements) {
    number++;
    std::optional<MaskSetting> mask = mask_of(element);
    if (mask && config.masks.size() < kMasksMax) {
      config.masks.push_back(std::move(*mask));
      continue;
    }
    problems.error(
        "LOKI_MASK: element %zu is not understood, or one too many, and masks nothing; accepted: at most %zu, "
        R"(each "text", {"text":"..."} or {"pattern":"..."}, of 64 bytes, beside "with":"..." if not ***)",
        number, kMasksMax);
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
