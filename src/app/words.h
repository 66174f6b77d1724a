// The words: --help, --version, config, check, replay. What they find is on stdout; each returns the exit code.
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

// `sleipnir config`: each variable with its effective value and which name set it, secrets masked; then every problem.
// 1 if one of them is an error, or nothing would be shipped for want of an endpoint. There
// are no `arguments` behind the word: any is answered with the usage on stderr (2).
int run_config_word(Environment environment, std::span<const char* const> arguments);

// `sleipnir check [--json]`: whether a line gets to Loki from here, step by step (app/check.h). 1 if a step failed.
int run_check_word(Environment environment, std::span<const char* const> arguments);

// `sleipnir replay [--restamp] FILE...`: what files of pushes hold, to Loki (app/replay.h); `-` is standard input. A
// line for each file. 1 if not everything of them is in Loki now.
int run_replay_word(Environment environment, std::span<const char* const> arguments);

}  // namespace sleipnir
