// Level names and numbers: what the value of a level field means, or a word that stands where a level would. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
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

// Names that mean a level even where nothing says that a level is meant.
Level level_of_word(std::string_view word);
// Shorter and rarer ones, which mean a level only where a logging library would put it.
Level level_of_rare_word(std::string_view word);

// Up to eight letters as one number, capitals made small, so that a switch compares whole names.
constexpr uint64_t packed(std::string_view name) {
  uint64_t value = 0;
  for (size_t i = 0; i < name.size(); ++i) {
    value |= static_cast<uint64_t>(static_cast<unsigned char>(name[i]) | 0x20u) << (8 * i);
  }
  return value;
}

}  // namespace sleipnir
