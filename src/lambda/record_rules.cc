#include "lambda/record_rules.h"

#include <algorithm>

#include "base/json_check.h"
#include "base/json_decode.h"
#include "base/json_scan.h"
#include "base/json_text.h"

namespace sleipnir {

namespace {

constexpr std::string_view kTooLong = "a line too long for LOKI_MASK";
// What the scratch texts may keep between two lines.
constexpr size_t kKeptBytes = size_t{16} << 10;

void decode(std::string_view inside, std::string& out) {
  out.clear();
  for (;;) {
    const size_t backslash = inside.find('\\');
    out.append(inside.substr(0, backslash));
    if (backslash == std::string_view::npos) return;
    const DecodedEscape escape = decode_json_escape(inside, backslash);
    out.append(escape.bytes.view());
    inside.remove_prefix(backslash + escape.escape_bytes);
  }
}

void append_escaped(std::string_view plain, std::string& out) {
  const size_t before = out.size();
  out.resize(before + plain.size() * kJsonGrowthMax);
  out.resize(before + escape_json(plain, std::span(out).subspan(before)).written);
}

bool is_structure(char c) {
  return is_json_space(c) || c == '{' || c == '}' || c == '[' || c == ']' || c == ':' || c == ',';
}

}  // namespace

RecordRules::RecordRules(std::span<const NameValue> masks, std::string_view drop_match)
    : masks_(masks), drop_match_(drop_match), patterns_(new std::optional<TextPattern>[masks.size()]) {
  for (size_t i = 0; i < masks.size(); i++) patterns_[i] = TextPattern::parse(masks[i].name);
}

void RecordRules::apply(Decoded& decoded) {
  Record& record = decoded.record;
  if (record.log_type == LogType::kPlatform || decoded.disposition == Disposition::kFilter) return;
  for (std::string* scratch : {&decoded_, &value_, &masked_value_, &pass_, &line_}) {
    if (scratch->capacity() > kKeptBytes) *scratch = std::string();
  }
  std::string_view text = record.text;
  if (record.form == TextForm::kJsonString && text.find('\\') != std::string_view::npos) {
    decode(text, decoded_);
    text = decoded_;
  }
  if (!drop_match_.empty() && text.find(drop_match_) != std::string_view::npos) {
    decoded.disposition = Disposition::kFilter;
    return;
  }
  if (masks_.empty()) return;
  if (text.size() > kMaskedLineBytesMax) {
    record.form = TextForm::kPlain;
    record.text = kTooLong;
    return;
  }
  growth_left_ = text.size() + kMaskGrowthBytes;
  const size_t first = skip_json_space(text, 0);
  const bool bracket = first < text.size() && (text[first] == '{' || text[first] == '[');
  const bool json = record.form == TextForm::kJsonValue || (bracket && is_json(text));
  if (!(json ? mask_json(text, line_) : mask_text(text, line_))) return;
  record.form = TextForm::kPlain;
  record.text = line_;
}

void RecordRules::append_masked(std::string& out, std::string_view with) {
  if (with.size() > growth_left_) return;
  growth_left_ -= with.size();
  out.append(with);
}

// False: nothing is masked, and `out` holds nothing of use.
bool RecordRules::mask_text(std::string_view text, std::string& out) {
  bool masked = false;
  for (size_t i = 0; i < masks_.size(); i++) {
    const std::optional<TextPattern>& pattern = patterns_[i];
    const std::string_view in = masked ? std::string_view(out) : text;
    TextMatch match;
    if (!pattern || !pattern->find(in, 0, match)) continue;
    pass_.clear();
    size_t from = 0;
    do {
      pass_.append(in.substr(from, match.begin - from));
      append_masked(pass_, masks_[i].value);
      from = match.end;
    } while (pattern->find(in, from, match));
    pass_.append(in.substr(from));
    out.swap(pass_);
    masked = true;
  }
  return masked;
}

bool RecordRules::mask_json(std::string_view text, std::string& out) {
  out.clear();
  size_t copied = 0;
  for (size_t at = 0; at < text.size();) {
    if (is_structure(text[at])) {
      at++;
      continue;
    }
    const size_t begin = at;
    std::string_view value;
    if (text[at] == '"') {
      const TokenEnd end = json_string_end(text, at);
      at = end.complete ? end.at : text.size();
      value = text.substr(begin + 1, at - begin - (end.complete ? 2 : 1));
      if (value.find('\\') != std::string_view::npos) {
        decode(value, value_);
        value = value_;
      }
    } else {
      while (at < text.size() && !is_structure(text[at]) && text[at] != '"') at++;
      value = text.substr(begin, at - begin);
    }
    if (!mask_text(value, masked_value_)) continue;
    out.append(text.substr(copied, begin - copied));
    out += '"';
    append_escaped(masked_value_, out);
    out += '"';
    copied = at;
  }
  if (copied == 0) return false;
  out.append(text.substr(copied));
  return true;
}

}  // namespace sleipnir
