// The arrival patterns of the flush table: drawn from a seed, the same on every machine.

#include <utility>

#include "fake/random.h"
#include "flush_model.h"

namespace sleipnir::perf {

namespace {

constexpr int64_t kSecondMs = 1000;
constexpr int64_t kMinuteMs = 60 * kSecondMs;
constexpr int64_t kHourMs = 60 * kMinuteMs;

struct Maker {
  std::vector<Invocation> made;
  test::SeededRandom dice;

  // From low to high, both included.
  int64_t between(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(dice.below(static_cast<uint64_t>(high - low + 1)));
  }

  void add(int64_t arrival_ms, int64_t duration_low_ms, int64_t duration_high_ms, int lines_max) {
    made.push_back({.arrival_ms = arrival_ms,
                    .duration_ms = between(duration_low_ms, duration_high_ms),
                    .lines = static_cast<int>(between(2, lines_max)),
                    .logs_error = between(1, 50) == 1});
  }
};

}  // namespace

std::string_view pattern_name(Pattern pattern) {
  switch (pattern) {
    case Pattern::kSparseCron: return "sparse cron";
    case Pattern::kSteady: return "steady";
    case Pattern::kBursts: return "bursts";
    case Pattern::kNightlySilence: return "nightly silence";
  }
  return "";
}

std::string_view pattern_words(Pattern pattern) {
  switch (pattern) {
    case Pattern::kSparseCron: return "every 5 minutes";
    case Pattern::kSteady: return "10 a second";
    case Pattern::kBursts: return "100 in 10 s, each minute";
    case Pattern::kNightlySilence: return "2 a second by day, none for 8 hours";
  }
  return "";
}

std::vector<Invocation> make_pattern(Pattern pattern, Size size, uint64_t seed) {
  Maker maker{.made = {}, .dice = test::SeededRandom(seed)};
  const bool full = size == Size::kFull;
  switch (pattern) {
    case Pattern::kSparseCron:
      for (int64_t i = 0; i < (full ? 7 * 288 : 288); i++) {
        maker.add(i * 5 * kMinuteMs + maker.between(0, kSecondMs), 100, 400, 30);
      }
      break;
    case Pattern::kSteady:
      for (int64_t i = 0; i < (full ? 36'000 : 3'000); i++) maker.add(i * 100 + maker.between(0, 20), 10, 30, 10);
      break;
    case Pattern::kBursts:
      for (int64_t minute = 0; minute < (full ? 6 * 60 : 60); minute++) {
        for (int64_t i = 0; i < 100; i++) {
          maker.add(minute * kMinuteMs + i * 100 + maker.between(0, 20), 10, 30, 10);
        }
      }
      break;
    case Pattern::kNightlySilence:
      for (int64_t day = 0; day < (full ? 3 : 2); day++) {
        for (int64_t i = 0; i < (full ? 16 * 7'200 : 3'600); i++) {
          maker.add(day * 24 * kHourMs + i * 500 + maker.between(0, 300), 20, 80, 10);
        }
      }
      break;
  }
  return std::move(maker.made);
}

}  // namespace sleipnir::perf
