// What the words and lines say of a variable: its value, its default, what it accepts.
//
// The table of variables (app/config_table.h) as people read it. Not for the record path; any thread.
#pragma once

#include <string>

#include "app/config_table.h"

namespace sleipnir {

// The row's value in `config` as text, empty if there is none. Secrets are not masked here.
std::string effective_text(const Config& config, const Variable& variable);
// The same of a Config as it begins: the default.
std::string default_text(const Variable& variable);
// The accepted form: "true or false", "0 to 60000 ms", "adaptive, end or background", "JSON object", ...
std::string accepted_form(const Variable& variable);

}  // namespace sleipnir
