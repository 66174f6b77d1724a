// What the words and lines say of a variable: its value, its default, what it accepts.
//
// The table of variables (app/config_table.h) as people read it; what is put together for that is in `texts`. Not for
// the record path; any thread.
#pragma once

#include "app/config_table.h"

namespace sleipnir {

// The row's value in `config` as text, empty if there is none. Secrets are not masked here.
BorrowedText effective_text(const Config& config, const Variable& variable, TextStore& texts);
// The same of a Config as it begins: the default.
BorrowedText default_text(const Variable& variable, TextStore& texts);
// The accepted form: "true or false", "0 to 60000 ms", "adaptive, end or background", "JSON object", ...
BorrowedText accepted_form(const Variable& variable, TextStore& texts);

}  // namespace sleipnir
