// TextPrefix: what the managed runtimes put in front of a line of text, and the platform in front of its own. Pure.
//
//   Python  [INFO]\t2026-11-20T08:00:00.529Z\t<request id>\tcart loaded
//   Node    2026-11-20T08:00:00.529Z\t<request id>\tINFO\tcart loaded          (.NET the same, level `info`)
//   Java    2026-11-20 08:00:00 <request id> INFO  Handler:25 - cart loaded    (log4j2 as the Lambda guide has it)
//   Ruby    W, [2026-11-20T08:00:00.529123 #8]  WARN <request id> -- : slow
//   Lambda  2026-11-20T08:00:00.529Z <request id> Task timed out after 3.00 seconds
//   Lambda  RequestId: <request id> Error: Runtime exited with error: signal: killed
#pragma once

#include <string_view>

namespace sleipnir {

// Views into the text; what is not there is empty.
struct TextPrefix {
  std::string_view request_id = {};  // only ever a UUID: "undefined" and the like are no id
  std::string_view level_name = {};
  std::string_view message = {};  // what follows; the whole text if there is no prefix
};

// `text` is the inside of a JSON string, so that a tab is the two characters `\t`.
TextPrefix read_text_prefix(std::string_view text);

}  // namespace sleipnir
