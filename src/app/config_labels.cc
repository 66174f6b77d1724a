#include "app/config_labels.h"

#include <algorithm>
#include <array>

#include "app/config_values.h"
#include "base/ascii.h"
#include "base/json_text.h"
#include "loki/labels.h"

namespace sleipnir {

namespace {

// Loki's defaults (max_label_name_length, max_label_value_length), in bytes.
constexpr size_t kNameBytesMax = 1024;
constexpr size_t kValueBytesMax = 2048;

constexpr std::string_view kServiceName = "service_name";
constexpr std::string_view kRequestId = "request_id";
// What Sleipnir sets itself, beside service_name.
constexpr std::array<std::string_view, 5> kBuiltInLabels = {"function_name", "function_version", "region", "account_id",
                                                            "source"};

bool is_ascii(char c) {
  return static_cast<uint8_t>(c) < 0x80;
}

bool is_name_character(char c) {
  return is_letter_or_digit(c) || c == '_';
}

// Each character that a name may not have becomes one '_', also one of several bytes.
BorrowedText repaired_name(std::string_view name, TextStore& texts) {
  char* const begin = texts.room(name.size() + 1);
  char* end = begin;
  if (!name.empty() && is_digit(name.front())) *end++ = '_';
  char previous = '\0';
  for (const char c : name) {
    const bool continues = (static_cast<uint8_t>(c) & 0xc0) == 0x80 && !is_ascii(previous);
    if (!continues) *end++ = is_name_character(c) ? c : '_';
    previous = c;
  }
  return TextStore::close(begin, end);
}

// Invalid UTF-8 becomes U+FFFD, as in a record's text.
BorrowedText repaired_value(std::string_view value, TextStore& texts) {
  char* const begin = texts.room(3 * value.size());
  char* end = begin;
  while (!value.empty()) {
    const auto foreign = std::find_if_not(value.begin(), value.end(), is_ascii);
    const auto foreign_end = std::find_if(foreign, value.end(), is_ascii);
    end = std::copy(value.begin(), foreign, end);
    // A run without ASCII has nothing to escape, so its JSON form is the repaired text.
    const std::string_view run(foreign, foreign_end);
    end += escape_json(run, {end, 3 * run.size()}).written;
    value = {foreign_end, value.end()};
  }
  return TextStore::close(begin, end);
}

class Merger {
 public:
  Merger(RequestIdAs request_id_as, Problems& problems, TextStore& texts)
      : request_id_is_label_(request_id_as == RequestIdAs::kLabel),
        others_max_(kLabelCountMax - kBuiltInLabels.size() - (request_id_is_label_ ? 1 : 0)),
        problems_(problems),
        texts_(texts) {}

  void add(std::string_view variable, std::string_view given_name, std::string_view given_value) {
    std::string_view name = repaired_name(given_name, texts_);
    if (name.empty()) {
      problems_.error("%s: a label has no name and is dropped", Shown(variable).text());
      return;
    }
    if (given_value.empty()) {
      problems_.warning("%s: label %s is empty and is dropped", Shown(variable).text(), Shown(given_name).text());
      return;
    }
    if (name != given_name) {
      problems_.warning(
          "%s: label %s is no name Loki takes (letters, digits and _, no digit first) and is renamed to %s",
          Shown(variable).text(), Shown(given_name).text(), Shown(name).text());
    }
    if (name.size() > kNameBytesMax) {
      problems_.warning("%s: the name of label %s is longer than %zu bytes and is cut", Shown(variable).text(),
                        Shown(name).text(), kNameBytesMax);
      name = name.substr(0, kNameBytesMax);
    }
    if (is_reserved(name)) {
      problems_.error("%s: label %s is set by Sleipnir itself; yours is dropped, use another name",
                      Shown(variable).text(), Shown(name).text());
      return;
    }
    if (const size_t earlier = find(name); earlier != labels_.size()) {
      problems_.warning("%s: label %s is already set by %s; this one is dropped", Shown(variable).text(),
                        Shown(name).text(), Shown(variables_[earlier]).text());
      return;
    }
    if (name != kServiceName && labels_.size() - (has_service_name() ? 1 : 0) == others_max_) {
      dropped_ = dropped_.empty() ? texts_.keep({name}) : texts_.keep({dropped_, ", ", name});
      return;
    }
    labels_.add({.name = texts_.keep({name}), .value = checked_value(variable, given_name, given_value)});
    variables_.add(variable);
  }

  bool has_service_name() const { return find(kServiceName) != labels_.size(); }

  // service_name last.
  LabelList take() {
    if (!dropped_.empty()) {
      problems_.error(
          "more than %zu custom labels (Loki takes %zu on a stream, the others are Sleipnir's own): %s dropped",
          others_max_, kLabelCountMax, dropped_.c_str());
    }
    LabelList labels;
    for (const NameValue& label : labels_) {
      if (label.name != kServiceName) labels.add(label);
    }
    if (has_service_name()) labels.add(labels_[find(kServiceName)]);
    return labels;
  }

 private:
  bool is_reserved(std::string_view name) const {
    return std::find(kBuiltInLabels.begin(), kBuiltInLabels.end(), name) != kBuiltInLabels.end() ||
           (request_id_is_label_ && name == kRequestId);
  }

  // Its place; labels_.size(): nowhere.
  size_t find(std::string_view name) const {
    size_t place = 0;
    while (place < labels_.size() && labels_[place].name != name) place++;
    return place;
  }

  BorrowedText checked_value(std::string_view variable, std::string_view name, std::string_view given) {
    const BorrowedText value = repaired_value(given, texts_);
    if (value != given) {
      problems_.warning("%s: the value of label %s is not valid UTF-8; what is wrong in it is replaced",
                        Shown(variable).text(), Shown(name).text());
    }
    if (value.size() <= kValueBytesMax) return value;
    problems_.warning("%s: the value of label %s is longer than %zu bytes and is cut", Shown(variable).text(),
                      Shown(name).text(), kValueBytesMax);
    return texts_.keep({value.substr(0, measure_json(value, SIZE_MAX, kValueBytesMax, LastNewline::kKeep).consumed)});
  }

  const bool request_id_is_label_;
  const size_t others_max_;  // beside Sleipnir's own and service_name
  Problems& problems_;
  TextStore& texts_;
  LabelList labels_;
  FixedList<std::string_view, kLabelCountMax + 1> variables_;  // which one said each of them
  BorrowedText dropped_;                                       // names of those beyond others_max_
};

void add_json(const Setting& setting, Merger& merger, Problems& problems, TextStore& texts) {
  JsonTexts members(setting.value, texts);
  if (!members.is_object()) {
    problems.error("LOKI_LABELS=%s is no JSON object such as {\"team\":\"logs\"}; no label is taken from it",
                   Shown(setting.value).text());
    return;
  }
  for (NameValue label; members.next(label);) {
    if (members.refused()) {
      problems.error("LOKI_LABELS: the value of label %s is no text; it is dropped", Shown(label.name).text());
    } else {
      merger.add(setting.name, label.name, label.value);
    }
  }
}

void add_pairs(const Setting& setting, Merger& merger, Problems& problems) {
  std::string_view rest = setting.value;
  for (std::string_view pair; !(pair = next_item(rest)).empty();) {
    const size_t equals = pair.find('=');
    if (equals == std::string_view::npos) {
      problems.error("LOKI_LOG_LABELS: %s is not of the form name=value and is dropped", Shown(pair).text());
      continue;
    }
    merger.add(setting.name, trimmed(pair.substr(0, equals)), trimmed(pair.substr(equals + 1)));
  }
}

void add_alternating(const Setting& setting, Merger& merger, Problems& problems) {
  std::string_view rest = setting.value;
  const auto next = [&rest] {
    const size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view item = trimmed(rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    return item;
  };
  while (!rest.empty()) {
    const bool has_value = rest.find(',') != std::string_view::npos;
    const std::string_view name = next();
    if (has_value) {
      merger.add(setting.name, name, next());
    } else if (!name.empty()) {
      problems.error("LOKI_EXTRA_LABELS: %s has no value and is dropped; the form is name,value,name,value",
                     Shown(name).text());
    }
  }
}

}  // namespace

LabelList load_labels(const Settings& settings, RequestIdAs request_id_as, std::string_view function_name,
                      Problems& problems, TextStore& texts) {
  Merger merger(request_id_as, problems, texts);
  const auto add_single = [&](std::string_view variable, std::string_view label) {
    if (const Setting& setting = settings[variable]) merger.add(setting.name, label, setting.value);
  };
  add_single("SERVICE_NAME", kServiceName);
  if (const Setting& setting = settings["LOKI_LABELS"]) add_json(setting, merger, problems, texts);
  if (const Setting& setting = settings["LOKI_LOG_LABELS"]) add_pairs(setting, merger, problems);
  if (const Setting& setting = settings["LOKI_EXTRA_LABELS"]) add_alternating(setting, merger, problems);
  Environment rest = settings.label_variables();
  for (Setting setting; (setting = Settings::next_label_variable(rest));) {
    merger.add(setting.name, texts.lowered(setting.name.substr(kLabelPrefix.size())), setting.value);
  }
  add_single("LOKI_APPLICATION_LABEL", "application");
  add_single("LOKI_ENV_LABEL", "environment");
  if (!function_name.empty() && !merger.has_service_name()) {
    merger.add("AWS_LAMBDA_FUNCTION_NAME", kServiceName, function_name);
  }
  return merger.take();
}

}  // namespace sleipnir
