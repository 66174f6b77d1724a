#include "scenario.h"

#include <algorithm>
#include <iterator>

#include "bucket.h"

namespace sleipnir::simulation {

namespace {

template <typename T, size_t N>
const T& one_of(test::SeededRandom& random, const T (&choices)[N]) {
  return choices[random.below(N)];
}

using Mode = test::FakeServer::Mode;

const Weather kBadWeathers[] = {
    {.name = "unavailable", .unavailable = 100},
    {.name = "overloaded", .overloaded = 60, .told_to_wait = 20},
    {.name = "told to wait", .told_to_wait = 90},
    {.name = "silent", .silent = 100},
    {.name = "refusing connections", .connects = Mode::kRefuse},
    {.name = "no answer to connecting", .connects = Mode::kPending},
    {.name = "cutting bodies", .cut_in_body = 80, .narrow = true},
    {.name = "cutting answers", .reset = 20, .cut_in_answer = 60},
    {.name = "closing", .closed = 60, .reset = 20},
    {.name = "slow", .slow = 90, .slow_up_to = Milliseconds(8000)},
    {.name = "slow and narrow", .slow = 60, .slow_up_to = Milliseconds(800), .narrow = true},
    {.name = "talking nonsense", .garbage = 70},
    {.name = "everything at once",
     .unavailable = 12,
     .overloaded = 6,
     .told_to_wait = 6,
     .silent = 6,
     .closed = 8,
     .cut_in_body = 8,
     .reset = 8,
     .cut_in_answer = 8,
     .garbage = 4,
     .slow = 10,
     .slow_up_to = Milliseconds(3000),
     .narrow = true},
};

}  // namespace

Weather fair_weather(test::SeededRandom& random) {
  Weather weather;
  weather.round_trip = Milliseconds(random.below(60));
  if (random.chance(30)) {
    weather.slow = 50;
    weather.slow_up_to = Milliseconds(40);
  }
  return weather;
}

Weather draw_weather(test::SeededRandom& random, bool bad) {
  if (!bad) return fair_weather(random);
  Weather weather = one_of(random, kBadWeathers);
  if (random.chance(50)) weather.round_trip = Milliseconds(random.below(100));
  return weather;
}

Scenario draw_scenario(test::SeededRandom& random) {
  Scenario drawn;
  const auto set = [&drawn](const std::string& name, uint64_t value) {
    drawn.environment.push_back(name + "=" + std::to_string(value));
  };
  // ---- configuration ----
  const bool named = random.chance(30);
  drawn.environment.push_back(named ? "LOKI_ENDPOINT=http://loki.example.com:3100"
                                    : "LOKI_ENDPOINT=http://10.0.0.1:3100");
  static const char* const kStrategies[] = {"adaptive", "end", "background"};
  drawn.environment.push_back(std::string("LOKI_FLUSH_STRATEGY=") + one_of(random, kStrategies));
  static const uint64_t kBudgets[] = {0, 50, 200, 500, 500, 500, 2000};
  set("LOKI_FLUSH_BUDGET_MS", one_of(random, kBudgets));
  if (random.chance(50)) set("LOKI_FLUSH_INTERVAL_MS", 50 + random.below(1000));
  if (random.chance(50)) drawn.environment.push_back("LOKI_ENABLE_GZIP=false");
  if (random.chance(50)) set("LOKI_COMPRESSION_THRESHOLD", random.below(600));
  static const uint64_t kBatchSizes[] = {0, 0, 1, 2, 5, 20};
  const uint64_t batch_entries = one_of(random, kBatchSizes);
  set("LOKI_BATCH_SIZE", batch_entries);
  if (random.chance(70)) set("LOKI_MEMORY_LIMIT_BYTES", size_t{4} << 20);
  if (random.chance(30)) set("LOKI_MAX_BATCH_SIZE_BYTES", 64 * kKiB);
  static const uint64_t kSpools[] = {0, 3000, 20'000, 1 << 20, 64 << 20, 64 << 20};
  set("LOKI_SPOOL_MAX_BYTES", one_of(random, kSpools));
  if (random.chance(50)) set("LOKI_MAX_RETRIES", 1 + random.below(5));
  if (random.chance(50)) set("LOKI_CRITICAL_FLUSH_RETRIES", 1 + random.below(6));
  if (random.chance(50)) set("LOKI_CONNECT_TIMEOUT_MS", 50 + random.below(3000));
  if (random.chance(50)) set("LOKI_REQUEST_TIMEOUT_MS", 50 + random.below(12'000));
  if (random.chance(10)) set("DISPATCH_MIN_BATCH_SIZE", 1 + random.below(10));
  if (random.chance(20)) drawn.environment.push_back("LOKI_REQUEST_ID_AS=label");
  drawn.environment.push_back("LOKI_LOG_LEVEL=error");
  drawn.environment.push_back("AWS_LAMBDA_RUNTIME_API=169.254.100.1:9001");
  if (named && random.chance(60)) {
    drawn.names.late_percent = static_cast<unsigned>(random.below(60));
    drawn.names.refused_percent = static_cast<unsigned>(random.below(40));
    drawn.names.silent_percent = static_cast<unsigned>(random.below(40));
  }

  // ---- the function ----
  drawn.lives = 1 + static_cast<int>(random.below(3));
  drawn.invocations_max = 1 + static_cast<int>(random.below(10));
  static const int kDurations[] = {5, 20, 100, 1000, 4000};
  drawn.function_up_to = Milliseconds(one_of(random, kDurations));
  static const int kGaps[] = {20, 500, 3000, 60'000, 600'000, 3'600'000};
  drawn.gap_up_to = Milliseconds(one_of(random, kGaps));
  drawn.timeout = Milliseconds(1000 + random.below(20'000));
  // By a number that is drawn anyway: every other seed's story stays what it was.
  const auto odd = drawn.timeout.count() % 10;
  if (odd == 0 || odd == 5) drawn.environment.push_back(odd == 0 ? "LOKI_SAMPLE=0" : "LOKI_SAMPLE=0.5");
  if (odd == 3 || odd == 8)
    drawn.environment.insert(drawn.environment.end(), std::begin(Bucket::kEnvironment), std::end(Bucket::kEnvironment));
  drawn.lines_max = random.below(15);
  drawn.line_bytes_max = random.chance(80) ? 120 : 3000;
  if (random.chance(10)) {
    set("LOKI_MAX_LINE_SIZE", 2048);
    drawn.line_bytes_max = 9000;
  }
  if (batch_entries != 0 && batch_entries <= 5 && random.chance(50)) {
    drawn.burst_percent = 30;
    drawn.burst_lines = 40 + random.below(160);
  }
  if (random.chance(30)) drawn.error_percent = static_cast<unsigned>(random.below(60));

  // ---- the platform ----
  if (random.chance(50)) drawn.lambda.repeat_percent = static_cast<unsigned>(random.below(40));
  if (random.chance(30)) drawn.lambda.break_off_percent = static_cast<unsigned>(random.below(30));
  if (random.chance(30)) drawn.done_first_percent = static_cast<unsigned>(random.below(60));
  if (random.chance(30)) drawn.done_twice_percent = static_cast<unsigned>(random.below(60));
  if (random.chance(20)) drawn.done_never_percent = static_cast<unsigned>(random.below(40));
  drawn.monotonic_stands_percent = static_cast<unsigned>(random.below(101));

  // ---- what goes wrong ----
  static const unsigned kBad[] = {0, 30, 60, 95};
  drawn.bad_weather_percent = one_of(random, kBad);
  drawn.weather_changes_percent = 10 + static_cast<unsigned>(random.below(80));
  drawn.healthy_end = random.chance(70);
  if (random.chance(25)) drawn.kill_percent = 20 + static_cast<unsigned>(random.below(60));
  if (random.chance(25)) {
    drawn.torn_write_percent = 20 + static_cast<unsigned>(random.below(80));
    drawn.lives = std::max(drawn.lives, 2);
  }
  if (random.chance(25)) drawn.disk_trouble_percent = 20 + static_cast<unsigned>(random.below(60));
  if (random.chance(30)) drawn.short_writes_percent = static_cast<unsigned>(random.below(100));
  // A disk on which a few kilobytes more may be written, or none: a quarter of it has to stay free.
  if (random.chance(15)) drawn.disk_free_bytes = (uint64_t{128} << 20) + random.below(40'000);
  if (random.chance(15)) drawn.loki.body_bytes_max = 600 + random.below(4000);
  if (random.chance(15)) drawn.loki.poisoned_one_in = 5 + static_cast<uint32_t>(random.below(60));
  if (random.chance(40)) {
    drawn.splits.random_sizes = true;
    static const size_t kPieces[] = {7, 100, 1000, 20'000};
    // Small pieces of long lines take millions of steps and show nothing new.
    const size_t least = drawn.line_bytes_max > 120 ? 500 : 0;
    drawn.splits.read_bytes_max = std::max(least, one_of(random, kPieces));
    drawn.splits.write_bytes_max = std::max(least, one_of(random, kPieces));
    drawn.splits.again_percent = static_cast<unsigned>(random.below(20));
  }
  return drawn;
}

}  // namespace sleipnir::simulation
