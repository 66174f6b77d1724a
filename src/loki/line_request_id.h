// Where a request id may be put into a line (LOKI_REQUEST_ID_AS=line), for Lokis without structured metadata.
//
// Used by the entry writer, in that mode only: it reads the whole line once more. Pure.
#pragma once

#include <cstdint>

#include "batch/record.h"

namespace sleipnir {

enum class LineShape : uint8_t {
  kText,                 // anything but an object: the id goes in front
  kEmptyObject,          // `{}`, perhaps with blanks: the id becomes its only key
  kObject,               // a JSON object in whose first place a key can be put
  kObjectWithRequestId,  // one that has a request id among its own keys
};

// The shape of the record's whole line (prefix and text). An object begins with the first byte and ends with the line,
// but for white space; what looks like one and is not well formed at its top level is text.
[[nodiscard]] LineShape line_shape(const Record& record);

}  // namespace sleipnir
