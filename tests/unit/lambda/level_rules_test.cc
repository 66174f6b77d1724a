#include "lambda/level_rules.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "lambda/level_names.h"
#include "support/exact_bytes.h"

namespace sleipnir {
namespace {

using test::ExactBytes;

Level of_text(const std::string& text) {
  return level_of_text(ExactBytes(text).view());
}

TEST_CASE("level_names_of_logging_libraries_are_known_in_any_case") {
  struct Named {
    Level level;
    std::initializer_list<const char*> names;
  };
  const Named known[] = {
      {Level::kTrace, {"trace", "TRACE", "Trace", "trce", "trc", "verbose", "Verbose", "silly", "FINER", "finest"}},
      {Level::kDebug, {"debug", "DEBUG", "Debug", "dbug", "dbg", "FINE", "config"}},
      {Level::kInfo,
       {"info", "INFO", "Info", "inf", "information", "Information", "informational", "notice", "http", " INFO "}},
      {Level::kWarn, {"warn", "WARN", "Warning", "WARNING", "wrn", "WARN "}},
      {Level::kError, {"error", "ERROR", "Error", "err", "fail", "failure", "SEVERE"}},
      {Level::kFatal,
       {"fatal", "FATAL", "ftl", "critical", "CRITICAL", "crit", "emerg", "Emergency", "alert", "panic", "dpanic"}},
  };
  for (const Named& named : known) {
    for (const char* name : named.names) {
      CAPTURE(name);
      CHECK(level_of_name(name) == named.level);
    }
  }
}

TEST_CASE("parts_of_names_and_other_words_are_no_level") {
  for (const std::string name :
       {"", " ", "in", "infos", "informationx", "informatio", "error1", "errors", "erro", "warnings", "default", "none",
        "off", "all", "in fo", "inf\x0f", "1nfo", "level", "error\n"}) {
    CAPTURE(name);
    CHECK(level_of_name(name) == Level::kUnknown);
  }
  CHECK(level_of_name(std::string("err\0", 4)) == Level::kUnknown);
}

TEST_CASE("level_numbers_follow_pino_and_monolog") {
  const std::pair<const char*, Level> known[] = {
      {"10", Level::kTrace},  {"20", Level::kDebug},  {"30", Level::kInfo},   {"35", Level::kInfo},
      {"40", Level::kWarn},   {"50", Level::kError},  {"60", Level::kFatal},  {"99", Level::kFatal},
      {"100", Level::kDebug}, {"200", Level::kInfo},  {"250", Level::kInfo},  {"300", Level::kWarn},
      {"400", Level::kError}, {"500", Level::kFatal}, {"600", Level::kFatal}, {"30.0", Level::kInfo},
  };
  for (const auto& [number, level] : known) {
    CAPTURE(number);
    CHECK(level_of_number(number) == level);
  }
  for (const char* number :
       {"", "0", "3", "9", "601", "999", "1000", "30000000000000000000", "-30", "3e1", "true", "null", "[30]", "{}"}) {
    CAPTURE(number);
    CHECK(level_of_number(number) == Level::kUnknown);
  }
}

TEST_CASE("text_level_is_told_by_what_logging_libraries_put_in_front") {
  const std::pair<const char*, Level> known[] = {
      // Python
      {R"([INFO]\tmessage)", Level::kInfo},
      {"[ERROR] ValueError: no such cart", Level::kError},
      {"[WARNING] slow", Level::kWarn},
      {"[CRITICAL] out of stock", Level::kFatal},
      {"Traceback (most recent call last):", Level::kError},
      {"2026-11-20 08:00:00,529 - shop.cart - ERROR - not found", Level::kError},
      {"2026-11-20 08:00:00,529 - shop.cart - DEBUG - looking", Level::kDebug},
      {"2026-11-20 08:00:00.529 | INFO     | shop:main:12 - loaded", Level::kInfo},
      // Ruby
      {"E, [2026-11-20T08:00:00.529123 #8] ERROR -- : not found", Level::kError},
      {"W, [2026-11-20T08:00:00.529123 #8]  WARN -- : slow", Level::kWarn},
      {"D, [2026-11-20T08:00:00.529123 #8] DEBUG -- : looking", Level::kDebug},
      {"F, [2026-11-20T08:00:00.529123 #8] FATAL -- : gone", Level::kFatal},
      // .NET
      {R"(info: Microsoft.Hosting.Lifetime[0]\n      Now listening)", Level::kInfo},
      {"fail: Shop.Cart[0]", Level::kError},
      {"warn: Shop.Cart[0]", Level::kWarn},
      {"crit: Shop.Cart[0]", Level::kFatal},
      {"dbug: Shop.Cart[0]", Level::kDebug},
      {"trce: Shop.Cart[0]", Level::kTrace},
      {"Unhandled exception. System.InvalidOperationException: no", Level::kError},
      {"[Information] loaded", Level::kInfo},
      // Java
      {"2026-11-20 08:00:00 [main] ERROR com.shop.Cart:25 - not found", Level::kError},
      {"2026-11-20 08:00:00.529 [main] INFO  com.shop.Cart - loaded", Level::kInfo},
      {"08:00:00.529 [http-nio-1] DEBUG c.s.Cart - looking", Level::kDebug},
      {R"(Nov 20, 2026 8:00:00 AM com.shop.Cart load\nINFO: loaded)", Level::kInfo},
      {R"(Nov 20, 2026 8:00:00 AM com.shop.Cart load\nSEVERE: not found)", Level::kError},
      {R"(Exception in thread \"main\" java.lang.Error)", Level::kError},
      // Go
      {"time=2026-11-20T08:00:00.529Z level=ERROR msg=\\\"not found\\\" cart=1", Level::kError},
      {R"(time=\"2026-11-20T08:00:00Z\" level=warning msg=\"slow\")", Level::kWarn},
      {"level=info msg=loaded", Level::kInfo},
      {R"(lvl=dbug msg=looking)", Level::kDebug},
      {R"(severity=\"NOTICE\" msg=x)", Level::kInfo},
      {R"(2026-11-20T08:00:00.529Z\tINFO\tcart/load.go:12\tloaded)", Level::kInfo},
      {"2026/11/20 08:00:00 INFO loaded cart=1", Level::kInfo},
      {"2026/11/20 08:00:00 ERROR not found cart=1", Level::kError},
      {"E1120 08:00:00.529123       8 cart.go:12] not found", Level::kError},
      {"I1120 08:00:00.529123       8 cart.go:12] loaded", Level::kInfo},
      {"panic: runtime error: index out of range [1] with length 1", Level::kFatal},
      {"fatal error: all goroutines are asleep - deadlock!", Level::kFatal},
      // Rust
      {"2026-11-20T08:00:00.529123Z  INFO shop::cart: loaded", Level::kInfo},
      {"[2026-11-20T08:00:00Z WARN  shop] slow", Level::kWarn},
      {R"(\u001b[2m2026-11-20T08:00:00.529123Z\u001b[0m \u001b[31mERROR\u001b[0m \u001b[2mshop\u001b[0m: not found)",
       Level::kError},
      {R"(\u001b[2m2026-11-20T08:00:00.529123Z\u001b[0m \u001b[32m INFO\u001b[0m shop: loaded)", Level::kInfo},
      {"thread 'main' panicked at src/main.rs:4:5:", Level::kError},
      // PHP
      {"[2026-11-20T08:00:00.529+00:00] production.ERROR: not found", Level::kError},
      {"[2026-11-20T08:00:00.529+00:00] app.INFO: loaded", Level::kInfo},
      {"PHP Fatal error:  Uncaught Error", Level::kFatal},
      {"PHP Warning:  Undefined variable", Level::kWarn},
      // Node
      {"error: not found", Level::kError},
      {"Error: not found", Level::kError},
      {"warn: slow", Level::kWarn},
      {"[error] not found", Level::kError},
      {"[2026-11-20T08:00:00.529Z] [DEBUG] shop - looking", Level::kDebug},
      // Lambda
      {"Task timed out after 3.00 seconds", Level::kError},
      {"RequestId: 0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11 Error: Runtime exited with error: signal: killed",
       Level::kError},
      // Nobody's, but plain enough
      {"ERROR", Level::kError},
      {"cart service ERROR not found", Level::kError},
      {"DEBUG: looking", Level::kDebug},
      {"cart: WARNING: slow", Level::kWarn},
      {"FATAL|cart|gone", Level::kFatal},
  };
  for (const auto& [text, level] : known) {
    CAPTURE(text);
    CHECK(level_name(of_text(text)) == level_name(level));
  }
}

TEST_CASE("words_that_only_look_like_a_level_do_not_count") {
  for (const std::string text : {"",
                                 "cart loaded",
                                 "no errors were found",
                                 "0 ERRORS",
                                 "Information: all is well is not an error",
                                 "ERROR_CODE=5 was handled",
                                 "NON-FATAL condition",
                                 "myERROR",
                                 "ERRORS ahead",
                                 "TERROR",
                                 "status ERROR-404",
                                 "path /ERROR/x",
                                 "NO ERROR occurred",
                                 "there was no ERROR here",
                                 "Setting level to DEBUG",
                                 "the user asked for INFO please",
                                 "level error",
                                 "wavelevel=error",
                                 "x_level=error",
                                 "loglevels=error",
                                 "level=",
                                 "level=5",
                                 "sealevel=warn",
                                 "=error",
                                 "a=ERRORS",
                                 "errors: 12",
                                 "failing: yes",
                                 "infos: 1",
                                 "[main] loaded",
                                 "[]",
                                 "[",
                                 "E, no bracket",
                                 "E1x20 08:00",
                                 "thread 'main' is here",
                                 "RequestId: short Error: x",
                                 "Tracebacks",
                                 "GET /health HTTP/1.1",
                                 "SELECT * FROM carts",
                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ ERRORX",
                                 "ENUM.ERROR set"}) {
    CAPTURE(text);
    const Level level = of_text(text);
    if (text.starts_with("Information:")) {
      CHECK(level == Level::kInfo);
    } else {
      CHECK(level_name(level) == "");
    }
  }
}

TEST_CASE("text_level_is_found_at_every_place_of_the_head_and_not_behind_it") {
  for (size_t place = 0; place < 400; ++place) {
    const std::string text = std::string(place, '.') + " ERROR x";
    CAPTURE(place);
    const bool within = place + 6 < kLevelTextBytes;
    if (within) REQUIRE(of_text(text) == Level::kError);
    if (place >= kLevelTextBytes) REQUIRE(of_text(text) == Level::kUnknown);
  }
  for (size_t place = 0; place < 100; ++place) {
    const std::string text = std::string(place, ' ') + "level=error";
    CAPTURE(place);
    REQUIRE(of_text(text) == Level::kError);
  }
}

TEST_CASE("every_beginning_of_a_text_can_be_looked_at") {
  const std::string texts[] = {R"(\u001b[2m2026-11-20T08:00:00Z\u001b[0m [main] ERROR level=error \tINFO\t)",
                               "RequestId: 0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11 Error: x",
                               "E1120 08:00:00",
                               "E, [2026",
                               "[WARN]",
                               "PHP Warning: x",
                               R"(level=\"error\")",
                               "thread 'main' panicked at x",
                               "fail:",
                               "mINFO",
                               "[31mINFO"};
  for (const std::string& text : texts) {
    for (size_t length = 0; length <= text.size(); ++length) {
      const Level level = of_text(text.substr(0, length));
      REQUIRE(level <= Level::kFatal);
    }
  }
}

}  // namespace
}  // namespace sleipnir
