// The words that only print: --help, --version, config. On stdout; each returns the exit code.
//
// They run in place of the extension, in a process of their own.
#pragma once

#include <span>

#include "app/config.h"

namespace sleipnir {

// 0. The caller decides about the exit code where the help is shown for want of a word.
int print_help();

// 0. Version, git revision, versions of the libraries.
int print_version();

// The table of variables as the README has it: names, default, accepted form, meaning. 0. Knows nothing but the table
// (tests/checks/readme_variables builds it by itself).
int print_variables_markdown();

// `sleipnir config`: each variable with its effective value and which name set it, secrets masked; then every problem.
// 1 if one of them is an error, or nothing would be shipped for want of an endpoint. `arguments` are those behind the
// word: `--markdown` prints the table of the README instead (0), an unknown one its usage on stderr (2).
int run_config_word(Environment environment, std::span<const char* const> arguments);

}  // namespace sleipnir
