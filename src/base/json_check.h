// Whether a text is JSON, strictly by RFC 8259: what the scanner, which is made for speed, leaves unchecked.
//
// For the few texts that are refused as a whole when something is wrong in them: configuration, the answers of the
// Extensions API. Pure; no allocation, no recursion; any thread.
#pragma once

#include <string_view>

namespace sleipnir {

// One value, white space around it, nothing else; valid UTF-8, no lone surrogate in an escape. Nesting deeper than
// kJsonDepthMax (base/json_scan.h) is refused too.
bool is_json(std::string_view text);

// The same, and the value is an object: JsonFields then walks all of it.
bool is_json_object(std::string_view text);

}  // namespace sleipnir
