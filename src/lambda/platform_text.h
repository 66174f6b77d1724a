// Platform events as lines of text, the way CloudWatch Logs shows them (LOKI_PLATFORM_FORMAT=text). Pure.
//
//   INIT_START Runtime Version: python:3.13.v61<tab>Runtime Version ARN: arn:...
//   START RequestId: 0b6f... Version: 7
//   END RequestId: 0b6f...
//   REPORT RequestId: 0b6f...<tab>Duration: 150.90 ms<tab>Billed Duration: 566 ms<tab>Memory Size: 512 MB<tab>...
#pragma once

#include <cstddef>
#include <string_view>

#include "base/fixed_text.h"
#include "lambda/platform_fields.h"
#include "lambda/telemetry_event.h"

namespace sleipnir {

// Guess, not tuned: a REPORT line with everything has about 400 bytes. A longer line is cut.
inline constexpr size_t kPlatformLineBytesMax = 8192;
using PlatformLine = FixedText<kPlatformLineBytesMax>;

// `time` is the element's, as it was written. False, and nothing written, for an event CloudWatch has no line for
// (initRuntimeDone, restoreRuntimeDone, logsDropped, ...).
[[nodiscard]] bool write_platform_text(EventKind kind, const PlatformFields& fields, std::string_view time,
                                       PlatformLine& line);

}  // namespace sleipnir
