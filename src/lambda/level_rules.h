// Level rules: how severe a record is, told from a level field or guessed from the beginning of its text. Pure.
//
// A guess is used to look for errors and, with LOKI_MIN_LEVEL, to leave records out. So the two directions weigh
// differently: a word that raises a record (WARN and above) is believed almost anywhere near the beginning, a word
// that lowers it only where a logging library puts it. kUnknown is always a good answer.
#pragma once

#include <string_view>

#include "batch/record.h"

namespace sleipnir {

// A level by any name that logging libraries use ("error", "ERR", "Information", "trce", "SEVERE", "emerg"), in any
// case, spaces around it ignored; the whole name, so that no part of a word counts.
Level level_of_name(std::string_view name);

// The number of a level field. 10 to 99: pino and bunyan (10 trace, 20 debug, 30 info, 40 warn, 50 error, 60 fatal;
// numbers between count as the lower). 100 to 600: Monolog. Others mean different things in different libraries
// (syslog's 3 is an error, .NET's is a warning): kUnknown.
Level level_of_number(std::string_view json_number);

// The text of a function or extension record: the inside of its JSON string, escapes in place, less the prefix of a
// managed runtime (text_prefix.h). Looks at the first kLevelTextBytes only.
Level level_of_text(std::string_view text);

// Guess, not tuned: time, thread and logger names fit.
inline constexpr size_t kLevelTextBytes = 208;

}  // namespace sleipnir
