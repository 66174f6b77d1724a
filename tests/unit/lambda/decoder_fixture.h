// What the tests of the telemetry decoder share: a decoder fed through the scanner, and the ids they speak of.
#pragma once

#include "lambda/telemetry_decoder.h"

#include <catch2/catch_test_macros.hpp>
#include <ctime>
#include <deque>
#include <string>

namespace sleipnir {

// When the events arrive; theirs is 2026-11-20T08:00:00.530Z.
inline constexpr WallTime kArrival = wall_from_unix_ms(1'795'161'601'000);
inline const std::string kR1 = "0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11";
inline const std::string kR2 = "7f1d0000-0000-4000-8000-000000000002";
inline const std::string kTracing = "Root=1-67aa0001-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1";
inline const std::string kTrace = "67aa00010123456789abcdef01234567";

// 2026-11-20T08:00:00.530Z
inline std::string rfc3339(WallTime time) {
  const int64_t ms = unix_ms(time);
  const time_t seconds = ms / 1000;
  tm parts;
  char text[32], whole[40];
  strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", gmtime_r(&seconds, &parts));
  snprintf(whole, sizeof whole, "%s.%03dZ", text, static_cast<int>(ms % 1000));
  return whole;
}

// A decoder, and the bodies it was fed with, which its views point into.
struct DecoderFixture {
  explicit DecoderFixture(const DecoderOptions& options = {}) : decoder(options) {}

  // Scans `element` as a whole body and decodes it.
  Decoded feed(const std::string& element) {
    bodies.push_back("[" + element + "]");
    TelemetryScanner scanner(bodies.back());
    TelemetryElement found;
    REQUIRE(scanner.next(found) == ScanOutcome::kElement);
    Decoded decoded;
    decoder.decode(found, kArrival, decoded);
    TelemetryElement none;
    REQUIRE(scanner.next(none) == ScanOutcome::kEnd);
    return decoded;
  }
  Decoded event(const std::string& type, const std::string& record) {
    return feed(R"({"time":"2026-11-20T08:00:00.530Z","type":")" + type + R"(","record":)" + record + "}");
  }
  Decoded function(const std::string& record) { return event("function", record); }
  Decoded start(const std::string& id, const std::string& more = "") {
    return event("platform.start", "{\"requestId\":\"" + id + "\",\"version\":\"7\"" + more + "}");
  }

  TelemetryDecoder decoder;
  std::deque<std::string> bodies;
};

}  // namespace sleipnir
