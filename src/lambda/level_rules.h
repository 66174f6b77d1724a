// Level rules: how severe a record is, guessed from the beginning of its text. Pure.
//
// A guess is used to look for errors and, with LOKI_MIN_LEVEL, to leave records out. So the two directions weigh
// differently: a word that raises a record (WARN and above) is believed almost anywhere near the beginning, a word
// that lowers it only where a logging library puts it. kUnknown is always a good answer.
#pragma once

#include <string_view>

#include "batch/record.h"

namespace sleipnir {

// The text of a function or extension record: the inside of its JSON string, escapes in place, less the prefix of a
// managed runtime (text_prefix.h). Looks at the first kLevelTextBytes only.
Level level_of_text(std::string_view text);

// Guess, not tuned: time, thread and logger names fit.
inline constexpr size_t kLevelTextBytes = 208;

}  // namespace sleipnir
