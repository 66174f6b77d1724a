// The table of variables: every name that is read from the environment, once.
//
// load_config() parses by it; `--help`, `sleipnir config` and the README's table are printed from it. A row knows its
// names, its range, its meaning and the field of Config it fills; the field's initial value is the default. Rows whose
// value is more than one plain field (endpoint, labels, lists) are parsed by name in app/config*.cc and only rendered
// from here. Constant data, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "app/config.h"

namespace sleipnir {

// One of a few words. `words` separated by '|', in the order of the enumerators; a first empty word means "not set".
struct ChoiceField {
  const char* words;
  void (*set)(Config&, uint8_t);
  uint8_t (*get)(const Config&);
};

// The field of Config that a row fills, by its type.
class Field {
 public:
  enum class Kind : uint8_t { kFlag, kCount, kPort, kDuration, kText, kChoice, kOther };

  constexpr Field(bool Config::* field) : kind(Kind::kFlag), flag(field) {}      // NOLINT: implicit on
  constexpr Field(size_t Config::* field) : kind(Kind::kCount), count(field) {}  // purpose, a table row
  constexpr Field(uint16_t Config::* field) : kind(Kind::kPort), port(field) {}  // reads as data
  constexpr Field(Milliseconds Config::* field) : kind(Kind::kDuration), duration(field) {}
  constexpr Field(std::string Config::* field) : kind(Kind::kText), text(field) {}
  constexpr Field(ChoiceField field) : kind(Kind::kChoice), choice(field) {}
  constexpr Field(std::string (*render)(const Config&)) : kind(Kind::kOther), other(render) {}

  Kind kind;
  union {
    bool Config::* flag;
    size_t Config::* count;
    uint16_t Config::* port;
    Milliseconds Config::* duration;
    std::string Config::* text;
    ChoiceField choice;
    std::string (*other)(const Config&);  // the effective value as text
  };
};

struct Range {
  uint64_t least = 0;
  uint64_t most = 0;
};

enum class Secrecy : uint8_t { kOpen, kSecret };

struct Variable {
  // The name, then its aliases in their order, separated by spaces.
  std::string_view names;
  Field field;
  // For numbers. The range is of what the text says (milliseconds for a duration).
  Range range{};
  const char* unit = "";
  // What is accepted, where the field's kind does not say it.
  const char* form = "";
  // Said in place of the default, where Config's initial value does not say it.
  const char* default_note = "";
  // One line, for help and README. Null: not a user's variable (Lambda sets it), not shown.
  const char* meaning = nullptr;
  Secrecy secrecy = Secrecy::kOpen;

  // The first of `names`.
  std::string_view name() const { return names.substr(0, names.find(' ')); }
};

std::span<const Variable> variables();

// One name, first or alias, and whose it is.
struct VariableName {
  std::string_view name;
  uint8_t row = 0;   // index into variables()
  uint8_t rank = 0;  // 0: the first name, then the aliases
};

// Shorter names first, those of one length by their bytes: most comparisons end at the length.
constexpr bool name_before(std::string_view name, std::string_view other) {
  return name.size() != other.size() ? name.size() < other.size() : name < other;
}

// All names, sorted by name_before.
std::span<const VariableName> variable_names();

// The prefix of variables that are labels, each by itself: OTEL_LABEL_TEAM=x is team="x".
inline constexpr std::string_view kLabelPrefix = "OTEL_LABEL_";

// The row's value in `config` as text, empty if there is none. Secrets are not masked here.
std::string effective_text(const Config& config, const Variable& variable);
// The same of a Config as it begins: the default.
std::string default_text(const Variable& variable);
// The accepted form: "true or false", "0 to 60000 ms", "adaptive, end or background", "JSON object", ...
std::string accepted_form(const Variable& variable);

}  // namespace sleipnir
