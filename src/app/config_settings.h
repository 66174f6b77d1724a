// Settings: which variable of the table is set, by which of its names, to what.
//
// First step of load_config(), and what `sleipnir config` shows beside each value. One pass over the environment with
// a binary search for each name; texts stay where they are in the environment.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "app/config_problems.h"
#include "app/config_table.h"

namespace sleipnir {

// Room for the table's rows and names; checked at start against its real size.
inline constexpr size_t kVariablesMax = 80;
inline constexpr size_t kVariableNamesMax = 112;

struct Setting {
  std::string_view name;  // the variable that set it; empty: not set
  BorrowedText value;     // not empty when set: an empty variable counts as not set

  explicit operator bool() const { return !name.empty(); }
};

class Settings {
 public:
  // Notes variables of one row that disagree, and unknown variables that begin with LOKI_.
  Settings(Environment environment, Problems& problems);

  // By row of variables().
  const Setting& operator[](size_t row) const { return rows_[row]; }
  // By the row's first name. REQUIRES: the table has it.
  const Setting& operator[](std::string_view name) const;
  // The value of exactly this name, first or alias, whichever of the row's names won; empty: not set.
  BorrowedText exactly(std::string_view name) const;

  // The next of the OTEL_LABEL_*, in the order of the environment, its name with the prefix; not set: there is no more.
  // `rest` begins with label_variables() and is moved on.
  static Setting next_label_variable(Environment& rest);
  Environment label_variables() const { return label_variables_; }

 private:
  using Rank = uint8_t;

  void note_disagreements(Problems& problems) const;

  std::array<Setting, kVariablesMax> rows_{};
  std::array<Rank, kVariablesMax> ranks_{};               // of the name that set the row
  std::array<BorrowedText, kVariableNamesMax> values_{};  // by index into variable_names()
  Environment label_variables_;                           // from the first of them on; empty: there is none
};

}  // namespace sleipnir
