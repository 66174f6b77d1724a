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
std::string repaired_name(std::string_view name) {
  std::string out;
  char previous = '\0';
  for (const char c : name) {
    const bool continues = (static_cast<uint8_t>(c) & 0xc0) == 0x80 && !is_ascii(previous);
    if (!continues) out += is_name_character(c) ? c : '_';
    previous = c;
  }
  if (!out.empty() && is_digit(out.front())) out.insert(0, 1, '_');
  return out;
}

// Invalid UTF-8 becomes U+FFFD, as in a record's text.
std::string repaired_value(std::string_view value) {
  std::string out;
  while (!value.empty()) {
    const auto foreign = std::find_if_not(value.begin(), value.end(), is_ascii);
    const auto foreign_end = std::find_if(foreign, value.end(), is_ascii);
    out.append(value.begin(), foreign);
    // A run without ASCII has nothing to escape, so its JSON form is the repaired text.
    std::string run(3 * static_cast<size_t>(foreign_end - foreign), '\0');
    run.resize(escape_json({foreign, foreign_end}, run).written);
    out += run;
    value = {foreign_end, value.end()};
  }
  return out;
}

class Merger {
 public:
  explicit Merger(Problems& problems) : problems_(problems) {}

  void reserve_name(std::string_view name) { reserved_.push_back(name); }

  bool has(std::string_view name) const { return find(name) != labels_.size(); }

  void add(std::string_view variable, std::string_view given_name, std::string_view given_value) {
    std::string name = repaired_name(given_name);
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
      name.resize(kNameBytesMax);
    }
    if (std::find(reserved_.begin(), reserved_.end(), name) != reserved_.end()) {
      problems_.error("%s: label %s is set by Sleipnir itself; yours is dropped, use another name",
                      Shown(variable).text(), Shown(name).text());
      return;
    }
    if (const size_t earlier = find(name); earlier != labels_.size()) {
      problems_.warning("%s: label %s is already set by %s; this one is dropped", Shown(variable).text(),
                        Shown(name).text(), Shown(variables_[earlier]).text());
      return;
    }
    labels_.push_back({std::move(name), checked_value(variable, given_name, given_value)});
    variables_.push_back(variable);
  }

  // service_name last, and no more than `count_max` of the others.
  std::vector<NameValue> take(size_t count_max) {
    std::vector<NameValue> labels;
    std::vector<std::string_view> dropped;
    NameValue service;
    for (NameValue& label : labels_) {
      if (label.name == kServiceName) {
        service = std::move(label);
      } else if (labels.size() < count_max) {
        labels.push_back(std::move(label));
      } else {
        dropped.push_back(label.name);
      }
    }
    if (!dropped.empty()) {
      problems_.error(
          "more than %zu custom labels (Loki takes %zu on a stream, the others are Sleipnir's own): %s dropped",
          count_max, kLabelCountMax, joined_names(dropped).c_str());
    }
    if (!service.value.empty()) labels.push_back(std::move(service));
    return labels;
  }

 private:
  // Its place; labels_.size(): nowhere.
  size_t find(std::string_view name) const {
    size_t place = 0;
    while (place < labels_.size() && labels_[place].name != name) place++;
    return place;
  }

  std::string checked_value(std::string_view variable, std::string_view name, std::string_view given) {
    std::string value = repaired_value(given);
    if (value != given) {
      problems_.warning("%s: the value of label %s is not valid UTF-8; what is wrong in it is replaced",
                        Shown(variable).text(), Shown(name).text());
    }
    if (value.size() > kValueBytesMax) {
      problems_.warning("%s: the value of label %s is longer than %zu bytes and is cut", Shown(variable).text(),
                        Shown(name).text(), kValueBytesMax);
      value.resize(measure_json(value, SIZE_MAX, kValueBytesMax, LastNewline::kKeep).consumed);
    }
    return value;
  }

  Problems& problems_;
  std::vector<std::string_view> reserved_;
  std::vector<NameValue> labels_;
  std::vector<std::string_view> variables_;  // which one said each of them
};

void add_json(const Setting& setting, Merger& merger, Problems& problems) {
  const std::optional<JsonTexts> texts = parse_json_texts(setting.value);
  if (!texts) {
    problems.error("LOKI_LABELS=%s is no JSON object such as {\"team\":\"logs\"}; no label is taken from it",
                   Shown(setting.value).text());
    return;
  }
  for (const NameValue& label : texts->refused) {
    problems.error("LOKI_LABELS: the value of label %s is no text; it is dropped", Shown(label.name).text());
  }
  for (const NameValue& label : texts->members) merger.add(setting.name, label.name, label.value);
}

void add_pairs(const Setting& setting, Merger& merger, Problems& problems) {
  for (const std::string_view pair : split_list(setting.value)) {
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

std::vector<NameValue> load_labels(const Settings& settings, RequestIdAs request_id_as, std::string_view function_name,
                                   Problems& problems) {
  Merger merger(problems);
  size_t own = kBuiltInLabels.size();
  for (const std::string_view name : kBuiltInLabels) merger.reserve_name(name);
  if (request_id_as == RequestIdAs::kLabel) {
    merger.reserve_name(kRequestId);
    own++;
  }

  const auto add_single = [&](std::string_view variable, std::string_view label) {
    if (const Setting& setting = settings[variable]) merger.add(setting.name, label, setting.value);
  };
  add_single("SERVICE_NAME", kServiceName);
  if (const Setting& setting = settings["LOKI_LABELS"]) add_json(setting, merger, problems);
  if (const Setting& setting = settings["LOKI_LOG_LABELS"]) add_pairs(setting, merger, problems);
  if (const Setting& setting = settings["LOKI_EXTRA_LABELS"]) add_alternating(setting, merger, problems);
  for (const Setting& setting : settings.label_variables()) {
    std::string name(setting.name.substr(kLabelPrefix.size()));
    std::transform(name.begin(), name.end(), name.begin(), to_lower);
    merger.add(setting.name, name, setting.value);
  }
  add_single("LOKI_APPLICATION_LABEL", "application");
  add_single("LOKI_ENV_LABEL", "environment");
  if (!function_name.empty() && !merger.has(kServiceName)) {
    merger.add("AWS_LAMBDA_FUNCTION_NAME", kServiceName, function_name);
  }
  return merger.take(kLabelCountMax - own);
}

}  // namespace sleipnir
