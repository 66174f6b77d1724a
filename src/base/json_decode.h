// Decoding the inside of a JSON string into plain bytes, for the few places that show or compare one: escaped keys,
// and platform events as text. Records themselves are never decoded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/fixed_text.h"
#include "base/json_scan.h"

namespace sleipnir {

// One decoded character: its UTF-8 bytes and how much of the input it took.
struct DecodedEscape {
  FixedText<4> bytes;
  size_t escape_bytes;
};

// The escape at `at` (on its backslash). A lone surrogate gives U+FFFD; what is no escape is taken as it stands.
DecodedEscape decode_json_escape(std::string_view text, size_t at);

// Appends the decoded text to `out`, cut where that is full, never within a code point that was escaped.
void append_json_text(std::string_view inside, TextRoom out);

}  // namespace sleipnir
