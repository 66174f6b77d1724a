// Prints the flush table as lines of JSON, one for each pattern and strategy. Run by perf/flush.

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "flush_model.h"

int main(int argc, char** argv) {
  using namespace sleipnir;
  using namespace sleipnir::perf;
  uint64_t seed = 1;
  Size size = Size::kFull;
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--quick") == 0) {
      size = Size::kQuick;
    } else {
      seed = strtoull(argv[i], nullptr, 10);
    }
  }
  struct Named {
    const char* name;
    FlushStrategy strategy;
  };
  constexpr Named kStrategies[] = {
      {"end", FlushStrategy::kEnd}, {"adaptive", FlushStrategy::kAdaptive}, {"background", FlushStrategy::kBackground}};
  for (const Pattern pattern : kPatterns) {
    const std::vector<Invocation> invocations = make_pattern(pattern, size, seed);
    for (const Named& named : kStrategies) {
      const Outcome outcome = simulate(invocations, named.strategy);
      printf(
          "{\"pattern\":\"%s\",\"words\":\"%s\",\"strategy\":\"%s\",\"invocations\":%llu,\"records\":%llu,"
          "\"hold_mean_ms\":%.2f,\"age_p99_ms\":%.0f,\"error_age_p99_ms\":%.0f,\"unsent_mean\":%.2f,\"unsent_most\":%"
          "llu}\n",
          pattern_name(pattern).data(), pattern_words(pattern).data(), named.name,
          static_cast<unsigned long long>(outcome.invocations), static_cast<unsigned long long>(outcome.records),
          outcome.hold_mean_ms, outcome.age_p99_ms, outcome.error_age_p99_ms, outcome.unsent_mean,
          static_cast<unsigned long long>(outcome.unsent_most));
    }
  }
  return 0;
}
