// Whether bytes from outside are a wire entry as the entry writer makes them, and where its parts lie.
//
//   ["<19 digits>","<JSON string>",{"<key>":"<value>",...}],      or      ["<19 digits>","<JSON string>"],
//
// For entries that come from a file: only what passes may go into a push, where one broken entry would make Loki refuse
// all. Strict: no blanks, valid UTF-8, valid escapes, no lone surrogate, no control character. Pure; sender thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "batch/batch.h"

namespace sleipnir {

struct CheckedEntry {
  EntryShape shape;
  int64_t time_ns = 0;
};

// The entry at the beginning of `wire`; nothing if there is none.
[[nodiscard]] std::optional<CheckedEntry> check_entry(std::string_view wire);

}  // namespace sleipnir
