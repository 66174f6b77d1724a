// Trace ids: from an X-Ray tracing header, and from a trace field of a JSON record. Pure.
//
// The form shipped is that of W3C and of Grafana's trace links: 32 hex digits. X-Ray's `1-67aa0001-0123...` is the
// same number with a version and hyphens.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/fixed_text.h"

namespace sleipnir {

inline constexpr size_t kTraceIdBytes = 32;
using TraceId = FixedText<kTraceIdBytes>;

// Of `Root=1-67aa0001-0123456789abcdef01234567;Parent=...;Sampled=1`, pairs in any order. Empty unless the root is
// well-formed and the request is sampled: a trace that is not kept is not worth linking to.
TraceId trace_id_of_header(std::string_view tracing);

// Of a value that is a trace id already: 32 hex digits not all zero, or X-Ray's form. Empty for anything else.
TraceId trace_id_of_field(std::string_view value);

}  // namespace sleipnir
