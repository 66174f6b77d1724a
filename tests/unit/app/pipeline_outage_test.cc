// The whole pipeline through an outage: a function that is awake for 20 ms a minute and frozen in between.
#include "app/sender.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "simulation/lambda.h"
#include "simulation/loki.h"
#include "simulation/process.h"
#include "support/environment.h"

namespace sleipnir::test {
namespace {

using namespace std::chrono_literals;
using simulation::Weather;

constexpr Milliseconds kBudget{500};

struct Pipeline {
  Pipeline() {
    set_log_level(LogLevel::kError);
    lambda.begin_life();
    process.driver().act([this] { return lambda.act(); });
    process.driver().act([this] { return loki.act(); });
    process.driver().wakes_at([this] { return lambda.next_event(); });
    process.driver().wakes_at([this] { return loki.next_event(); });
    if (!process.start()) fake_failed("it did not start");
    process.driver().run_until([this] { return lambda.next_pending(); }, 1s);
  }

  // One invocation of 20 ms with one line, then frozen until a minute has passed. How long it was held.
  Milliseconds invocation() {
    const WallTime begin = machine.clock.wall();
    const std::string id = "request-" + std::to_string(++invocations);
    lambda.await_runtime_done(id);
    lambda.write_event("platform.start", id, "");
    lambda.invoke(id, unix_ms(begin) + 10'000);
    lambda.write_line({});
    process.driver().run_for(20ms);
    lambda.write_event("platform.runtimeDone", id, R"(,"status":"success")");
    process.driver().run_until([this] { return lambda.runtime_done_posted() && lambda.next_pending(); }, 10s);
    const Nanoseconds hold = lambda.next_asked_at() - lambda.runtime_done_posted()->monotonic;
    lambda.write_event("platform.report", id, "");
    machine.clock.advance(begin + 60s - machine.clock.wall());
    return std::chrono::duration_cast<Milliseconds>(hold);
  }
  bool delivered() const {
    return process.counters().pending() <= 1;
  }  // the last report comes with the next invocation

  simulation::Machine machine{1};
  simulation::Findings findings{machine.clock, simulation::Findings::Print::kNo};
  simulation::Book book{findings};
  Config config = TestEnvironment({"LOKI_ENDPOINT=http://10.0.0.1:3100", "AWS_LAMBDA_RUNTIME_API=169.254.100.1:9001",
                                   "LOKI_LOG_LEVEL=error"})
                      .load();
  simulation::Lambda lambda{machine, book, findings, {}};
  simulation::Loki loki{machine, book, findings, {}};
  simulation::Process process{machine, config, findings, {}};
  int invocations = 0;
};

TEST_CASE("a_function_awake_for_20_ms_a_minute_delivers_again_by_the_second_probe_after_an_outage") {
  const Weather kOutages[] = {
      {.name = "unavailable", .unavailable = 100},
      {.name = "silent", .silent = 100},
      {.name = "refusing", .connects = FakeServer::Mode::kRefuse},
      {.name = "no answer to connecting", .connects = FakeServer::Mode::kPending},
  };
  for (const Weather& outage : kOutages) {
    INFO(outage.name);
    Pipeline pipeline;
    for (int i = 0; i < 3; i++) CHECK(pipeline.invocation() == 0ms);
    REQUIRE(pipeline.delivered());

    pipeline.loki.set_weather(outage);
    Milliseconds held{0};
    for (int i = 0; i < 5; i++) {
      const Milliseconds hold = pipeline.invocation();
      // The first flush of its environment, twice the budget, is long over.
      CHECK(hold <= kBudget);
      held += hold;
    }
    CHECK(held <= 5 * kBudget);
    CHECK_FALSE(pipeline.delivered());

    pipeline.loki.set_weather({});
    int probes = 0;
    for (int i = 0; i < 12 && !pipeline.delivered(); i++) {
      const int64_t probe_at = pipeline.process.handoff().probe_at_ms.load();
      if (probe_at == 0 || unix_ms(pipeline.machine.clock.wall()) >= probe_at) probes++;
      pipeline.invocation();
    }
    CHECK(pipeline.delivered());
    CHECK(probes <= 2);
    pipeline.invocation();
    CHECK(pipeline.process.handoff().probe_at_ms.load() == 0);
    CHECK(pipeline.book.close().missing <= 1);
    CHECK(pipeline.findings.failure() == "");
  }
}

}  // namespace
}  // namespace sleipnir::test
