#include "batch/record.h"

namespace sleipnir {

std::string_view log_type_name(LogType type) {
  switch (type) {
    case LogType::kFunction: return "function";
    case LogType::kPlatform: return "platform";
    case LogType::kExtension: return "extension";
  }
  return "";
}

std::string_view level_name(Level level) {
  switch (level) {
    case Level::kUnknown: return "";
    case Level::kTrace: return "trace";
    case Level::kDebug: return "debug";
    case Level::kInfo: return "info";
    case Level::kWarn: return "warn";
    case Level::kError: return "error";
    case Level::kFatal: return "fatal";
  }
  return "";
}

}  // namespace sleipnir
