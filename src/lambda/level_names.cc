#include "lambda/level_names.h"

#include <cstddef>
#include <cstdint>

#include "base/ascii.h"

namespace sleipnir {

Level level_of_word(std::string_view word) {
  if (word.size() > 8) return equal_ignoring_case(word, "information") ? Level::kInfo : Level::kUnknown;
  switch (packed(word)) {
    case packed("trace"):
    case packed("trce"): return Level::kTrace;
    case packed("debug"):
    case packed("dbug"): return Level::kDebug;
    case packed("info"): return Level::kInfo;
    case packed("warn"):
    case packed("warning"): return Level::kWarn;
    case packed("error"):
    case packed("err"):
    case packed("fail"):
    case packed("severe"): return Level::kError;
    case packed("fatal"):
    case packed("crit"):
    case packed("critical"): return Level::kFatal;
    default: return Level::kUnknown;
  }
}

Level level_of_rare_word(std::string_view word) {
  switch (word.size() > 8 ? 0 : packed(word)) {
    case packed("trc"):
    case packed("vrb"): return Level::kTrace;
    case packed("dbg"): return Level::kDebug;
    case packed("inf"):
    case packed("notice"):
    case packed("success"): return Level::kInfo;
    case packed("wrn"): return Level::kWarn;
    case packed("ftl"): return Level::kFatal;
    default: return Level::kUnknown;
  }
}

Level level_of_name(std::string_view name) {
  while (name.starts_with(' ')) name.remove_prefix(1);
  while (name.ends_with(' ')) name.remove_suffix(1);
  if (name.size() > 8) {
    if (equal_ignoring_case(name, "information") || equal_ignoring_case(name, "informational")) return Level::kInfo;
    return equal_ignoring_case(name, "emergency") ? Level::kFatal : Level::kUnknown;
  }
  switch (packed(name)) {
    case packed("trc"):
    case packed("verbose"):
    case packed("vrb"):
    case packed("silly"):
    case packed("finer"):
    case packed("finest"): return Level::kTrace;
    case packed("dbg"):
    case packed("fine"):
    case packed("config"): return Level::kDebug;
    case packed("inf"):
    case packed("notice"):
    case packed("success"):
    case packed("http"): return Level::kInfo;
    case packed("wrn"): return Level::kWarn;
    case packed("failure"): return Level::kError;
    case packed("ftl"):
    case packed("alert"):
    case packed("emerg"):
    case packed("panic"):
    case packed("dpanic"): return Level::kFatal;
    default: return level_of_word(name);
  }
}

Level level_of_number(std::string_view json_number) {
  int value = 0;
  size_t digits = 0;
  while (digits < json_number.size() && is_digit(json_number[digits])) {
    if (digits == 3) return Level::kUnknown;
    value = value * 10 + (json_number[digits++] - '0');
  }
  if (digits < json_number.size() && json_number[digits] != '.') return Level::kUnknown;
  if (value < 10 || value > 600) return Level::kUnknown;
  if (value < 20) return Level::kTrace;
  if (value < 30) return Level::kDebug;
  if (value < 40) return Level::kInfo;
  if (value < 50) return Level::kWarn;
  if (value < 60) return Level::kError;
  if (value < 100) return Level::kFatal;
  // Monolog: 100 debug, 200 info, 250 notice, 300 warning, 400 error, 500 critical, 550 alert, 600 emergency.
  if (value < 200) return Level::kDebug;
  if (value < 300) return Level::kInfo;
  if (value < 400) return Level::kWarn;
  return value < 500 ? Level::kError : Level::kFatal;
}

}  // namespace sleipnir
