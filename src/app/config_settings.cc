#include "app/config_settings.h"

#include <algorithm>
#include <cstring>

#include "app/config_values.h"
#include "base/check.h"

namespace sleipnir {

namespace {

constexpr std::string_view kOwnPrefix = "LOKI_";
// Unknown variables that get a line; to find the nearest name costs some 10 us each.
constexpr size_t kUnknownMax = 8;

const VariableName* find_name(std::string_view name) {
  const auto names = variable_names();
  // As name_before(), but most entries' texts need not be looked up.
  const auto before = [](const VariableName& entry, std::string_view wanted) {
    return entry.bytes != wanted.size() ? entry.bytes < wanted.size() : entry.name() < wanted;
  };
  const auto found = std::lower_bound(names.begin(), names.end(), name, before);
  return found != names.end() && found->bytes == name.size() && found->name() == name ? &*found : nullptr;
}

std::string_view nearest_name(std::string_view name) {
  std::string_view nearest;
  size_t least = SIZE_MAX;
  for (const VariableName& candidate : variable_names()) {
    const size_t distance = edit_distance(name, candidate.name(), least);
    if (distance < least) {
      least = distance;
      nearest = candidate.name();
    }
  }
  return nearest;
}

void note_unknown(std::string_view name, Problems& problems) {
  problems.warning("%s is no variable of Sleipnir and is ignored; the nearest one is %s", Shown(name).text(),
                   Shown(nearest_name(name)).text());
}

// The next variable that is not empty; not set: there is no more.
Setting next_entry(Environment& rest) {
  while (rest.entries != nullptr && *rest.entries != nullptr) {
    const char* const entry = *rest.entries++;
    const char* const equals = strchr(entry, '=');
    if (equals == nullptr || equals == entry || equals[1] == '\0') continue;
    return {.name = {entry, static_cast<size_t>(equals - entry)}, .value = equals + 1};
  }
  return {};
}

// DEBUG_MODE is a boolean where LOKI_LOG_LEVEL, whose alias it is, is a word: true says "debug", false says nothing.
BorrowedText debug_mode_as_level(std::string_view value, Problems& problems) {
  const std::optional<bool> flag = parse_bool(value);
  if (!flag) {
    problems.error("DEBUG_MODE=%s is not understood; accepted: true or false; it is not used", Shown(value).text());
  }
  return flag.value_or(false) ? "debug" : "";
}

}  // namespace

Settings::Settings(Environment environment, Problems& problems) {
  const auto names = variable_names();
  CHECK(names.size() <= values_.size() && variables().size() <= rows_.size());
  size_t unknown = 0;
  for (Setting entry; (entry = next_entry(environment));) {
    const std::string_view name = entry.name;
    BorrowedText value = entry.value;
    if (const VariableName* known = find_name(name)) {
      if (name == "DEBUG_MODE") value = debug_mode_as_level(value, problems);
      BorrowedText& slot = values_[static_cast<size_t>(known - names.data())];
      // A name that stands in the environment twice: the first counts, as for getenv(3).
      if (slot.empty()) slot = value;
    } else if (name.starts_with(kLabelPrefix)) {
      if (label_variables_.entries == nullptr) label_variables_.entries = environment.entries - 1;
    } else if (name.starts_with(kOwnPrefix) && unknown++ < kUnknownMax) {
      note_unknown(name, problems);
    }
  }
  for (size_t i = 0; i < names.size(); i++) {
    if (values_[i].empty()) continue;
    Rank& best = ranks_[names[i].row];
    Setting& row = rows_[names[i].row];
    if (!row || names[i].rank < best) {
      row = {names[i].name(), values_[i]};
      best = names[i].rank;
    }
  }
  note_disagreements(problems);
}

Setting Settings::next_label_variable(Environment& rest) {
  Setting entry;
  do {
    entry = next_entry(rest);
  } while (entry && !entry.name.starts_with(kLabelPrefix));
  return entry;
}

void Settings::note_disagreements(Problems& problems) const {
  const auto names = variable_names();
  for (size_t i = 0; i < names.size(); i++) {
    const Setting& row = rows_[names[i].row];
    if (values_[i].empty() || values_[i] == row.value) continue;
    problems.warning("%s and %s are both set and disagree; %s is used, remove the other", Shown(row.name).text(),
                     Shown(names[i].name()).text(), Shown(row.name).text());
  }
}

const Setting& Settings::operator[](std::string_view name) const {
  const VariableName* known = find_name(name);
  CHECK(known != nullptr);
  return rows_[known->row];
}

BorrowedText Settings::exactly(std::string_view name) const {
  const VariableName* known = find_name(name);
  CHECK(known != nullptr);
  return values_[static_cast<size_t>(known - variable_names().data())];
}

}  // namespace sleipnir
