// The table of variables: every name that is read from the environment, once.
//
// load_config() parses by it; `--help`, `sleipnir config` and the README's table are printed from it. A row knows its
// names, its range, its meaning and the field of Config it fills; the field's initial value is the default. Rows whose
// value is more than one plain field (endpoint, labels, lists) are parsed by name in app/config*.cc and only rendered
// from here (app/config_texts.h). Constant data, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "app/config.h"

namespace sleipnir {

// The field of Config that a row fills, by its type.
class Field {
 public:
  enum class Kind : uint8_t { kFlag, kCount, kPort, kDuration, kText, kChoice, kOther };

  // No single field: what the variable says is shown.
  constexpr Field() : kind(Kind::kOther), other(nullptr) {}
  constexpr Field(bool Config::* field) : kind(Kind::kFlag), flag(field) {}      // NOLINT: implicit on
  constexpr Field(size_t Config::* field) : kind(Kind::kCount), count(field) {}  // purpose, a table row
  constexpr Field(uint16_t Config::* field) : kind(Kind::kPort), port(field) {}  // reads as data
  constexpr Field(Milliseconds Config::* field) : kind(Kind::kDuration), duration(field) {}
  constexpr Field(BorrowedText Config::* field) : kind(Kind::kText), text(field) {}
  constexpr Field(uint8_t& (*field)(Config&)) : kind(Kind::kChoice), choice(field) {}
  constexpr Field(BorrowedText (*render)(const Config&, TextStore&)) : kind(Kind::kOther), other(render) {}

  Kind kind;
  union {
    bool Config::* flag;
    size_t Config::* count;
    uint16_t Config::* port;
    Milliseconds Config::* duration;
    BorrowedText Config::* text;
    uint8_t& (*choice)(Config&);                       // an enumerator's number, which is its word's place in the form
    BorrowedText (*other)(const Config&, TextStore&);  // the effective value as text
  };
};

struct Range {
  uint64_t least = 0;
  uint64_t most = 0;
};

enum class Secrecy : uint8_t { kOpen, kSecret };

// A row as the program holds it: of its texts the places among all the table's texts, each NUL-terminated.
struct Variable {
  Secrecy secrecy = Secrecy::kOpen;
  uint8_t field_at = 0, range_at = 0;  // many have none of their own
  uint16_t names_at = 0, form_at = 0, default_note_at = 0, meaning_at = 0;

  // The name, then its aliases in their order, separated by spaces.
  std::string_view names() const;
  std::string_view name() const { return names().substr(0, names().find(' ')); }
  const Field& field() const;
  // For numbers. The range is of what the text says (milliseconds for a duration).
  const Range& range() const;
  // What is accepted, where the field's kind does not say it. Of a number the unit; of a choice the words, separated
  // by '|', in the order of the enumerators; a first empty word means "not set".
  const char* form() const;
  // Said in place of the default, where Config's initial value does not say it.
  const char* default_note() const;
  // One line, for help and README. Empty: not a user's variable (Lambda sets it), not shown.
  const char* meaning() const;
  bool is_shown() const { return *meaning() != '\0'; }
};

std::span<const Variable> variables();

// One name, first or alias, and whose it is.
struct VariableName {
  uint16_t at = 0;  // among the table's texts
  uint8_t bytes = 0;
  uint8_t row = 0;   // index into variables()
  uint8_t rank = 0;  // 0: the first name, then the aliases

  std::string_view name() const;
};

// Shorter names first, those of one length by their bytes: most comparisons end at the length.
constexpr bool name_before(std::string_view name, std::string_view other) {
  return name.size() != other.size() ? name.size() < other.size() : name < other;
}

// All names, sorted by name_before.
std::span<const VariableName> variable_names();

// The prefix of variables that are labels, each by itself: OTEL_LABEL_TEAM=x is team="x".
inline constexpr std::string_view kLabelPrefix = "OTEL_LABEL_";

}  // namespace sleipnir
