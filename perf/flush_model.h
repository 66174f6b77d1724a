// What a flush strategy costs and what it risks: one execution environment in virtual time, under an arrival pattern.
//
//   const std::vector<Invocation> invocations = make_pattern(Pattern::kBursts, Size::kFull, seed);
//   const Outcome outcome = simulate(invocations, FlushStrategy::kAdaptive);
//
// The decisions are the program's own: Lifecycle and FlushPolicy are linked in and asked. Around them stands a model,
// in steps of a millisecond while the environment is awake and in one leap over a freeze:
//  - Lambda buffers telemetry for 25 ms and delivers nothing while the environment is frozen;
//  - the environment is frozen as soon as the function is done and /next is out, and it is shut down after ten minutes;
//  - monotonic time stands still in a freeze, wall time does not;
//  - Loki is 20 ms away and always well; a connection costs two more round trips, and dies after a minute of silence.
// platform.report is left out: Lambda writes it only after it has been let go, so that no strategy changes its way.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "batch/flush_policy.h"

namespace sleipnir::perf {

struct Invocation {
  int64_t arrival_ms = 0;
  int64_t duration_ms = 1;
  int lines = 0;
  bool logs_error = false;  // its last line is one
};

enum class Pattern : uint8_t { kSparseCron, kSteady, kBursts, kNightlySilence };
inline constexpr Pattern kPatterns[] = {Pattern::kSparseCron, Pattern::kSteady, Pattern::kBursts,
                                        Pattern::kNightlySilence};
std::string_view pattern_name(Pattern pattern);
std::string_view pattern_words(Pattern pattern);

enum class Size : uint8_t { kQuick, kFull };
std::vector<Invocation> make_pattern(Pattern pattern, Size size, uint64_t seed);

struct Outcome {
  uint64_t invocations = 0;
  uint64_t records = 0;
  double hold_mean_ms = 0;      // from the function's end to /next
  double age_p99_ms = 0;        // of a record when it reaches Loki
  double error_age_p99_ms = 0;  // of an error record
  double unsent_mean = 0;       // records that had not reached Loki, over all moments of the run
  uint64_t unsent_most = 0;
};

// REQUIRES: arrivals in order.
Outcome simulate(const std::vector<Invocation>& invocations, FlushStrategy strategy);

}  // namespace sleipnir::perf
