// Scenario: what a seed stands for: the configuration, the kind of function, and how much goes wrong.
//
// All numbers that a story draws from are here, drawn once at its beginning; the story itself draws the moments.
#pragma once

#include <string>
#include <vector>

#include "app/config.h"
#include "lambda.h"
#include "loki.h"
#include "name_server.h"

namespace sleipnir::simulation {

struct Scenario {
  std::vector<std::string> environment;  // NAME=value
  NameServerSetting names;
  LambdaSetting lambda;

  int lives = 1;
  int invocations_max = 8;  // of one life
  Milliseconds function_up_to{100};
  Milliseconds gap_up_to{1000};  // between invocations; frozen meanwhile
  Milliseconds timeout{10'000};
  size_t lines_max = 8;
  size_t line_bytes_max = 100;
  unsigned burst_percent = 0;  // of invocations: so many that memory fills up
  size_t burst_lines = 0;
  unsigned json_percent = 30;       // of lines
  unsigned error_percent = 5;       // of lines
  unsigned done_first_percent = 0;  // of invocations: runtimeDone before INVOKE
  unsigned done_twice_percent = 0;
  unsigned done_never_percent = 0;
  unsigned monotonic_stands_percent = 30;  // of freezes: only the wall clock goes on
  unsigned bad_weather_percent = 40;       // of the changes of weather
  unsigned weather_changes_percent = 40;   // of invocations, before and in them
  unsigned kill_percent = 0;               // of lives but the last: kill -9 somewhere
  unsigned torn_write_percent = 0;         // of lives but the last: killed in the middle of a write
  unsigned disk_trouble_percent = 0;       // of lives: errors from some call on, for a while
  unsigned short_writes_percent = 0;       // of lives
  LokiSetting loki;
  bool healthy_end = true;  // at last Loki is well for long enough that everything has to arrive
  test::Splits splits;
  uint64_t disk_free_bytes = uint64_t{2} << 30;
};

// The scenario of a seed.
Scenario draw_scenario(test::SeededRandom& random);
// One of the bad ones, or the fair one.
Weather draw_weather(test::SeededRandom& random, bool bad);
Weather fair_weather(test::SeededRandom& random);

}  // namespace sleipnir::simulation
