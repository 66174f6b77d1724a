// Level and request id of records as runtimes and logging libraries really write them, by their published formats,
// through the whole decoder. A line that a library is known to write and that is not told right belongs into this
// table.
#include <catch2/catch_test_macros.hpp>
#include <string>

#include "decoder_fixture.h"

namespace sleipnir {
namespace {

struct Habit {
  const char* writer;
  const char* record;  // the JSON token of the telemetry event
  Level level;
  const char* request_id = "current";
};

constexpr const char* kOther = "7f1d0000-0000-4000-8000-000000000002";

constexpr Habit kHabits[] = {
    // ---- Java ----
    {"Lambda, JSON format",
     R"({"timestamp":"2026-11-20T08:00:00.529Z","level":"INFO","message":"loaded","AWSRequestId":"7f1d0000-0000-4000-8000-000000000002"})",
     Level::kInfo, kOther},
    {"LambdaLogger with a level, text", R"("[WARN] slow query\n")", Level::kWarn},
    {"log4j2, the guide's pattern",
     R"("2026-11-20 08:00:00 7f1d0000-0000-4000-8000-000000000002 ERROR Handler:25 - no error handling\n")",
     Level::kError, kOther},
    {"log4j2, LambdaTextFormat in its own frame",
     R"("2026-11-20 08:00:00 7f1d0000-0000-4000-8000-000000000002 INFO  Handler:25 - the ERROR is gone\n")",
     Level::kInfo, kOther},
    {"logback", R"("08:00:00.529 [main] INFO  com.acme.Handler - loaded 12 errors\n")", Level::kInfo},
    {"logback, error", R"("08:00:00.529 [main] ERROR com.acme.Handler - gone\n")", Level::kError},
    {"slf4j-simple", R"("[main] INFO com.acme.Handler - loaded\n")", Level::kInfo},
    {"logstash encoder",
     R"("{\"@timestamp\":\"2026-11-20T08:00:00.529Z\",\"@version\":\"1\",\"message\":\"gone\",\"logger_name\":\"Handler\",\"level\":\"ERROR\",\"level_value\":40000}\n")",
     Level::kError},
    {"java.util.logging", R"("Nov 20, 2026 8:00:00 AM com.acme.Handler handleRequest\nSEVERE: gone\n")", Level::kError},
    {"java.util.logging, info", R"("Nov 20, 2026 8:00:00 AM com.acme.Handler handleRequest\nINFO: loaded\n")",
     Level::kInfo},
    {"Spring Boot", R"("2026-11-20T08:00:00.529Z  INFO 8 --- [orders] [           main] c.acme.Handler : loaded\n")",
     Level::kInfo},
    {"Quarkus", R"("2026-11-20 08:00:00,529 WARN  [com.acme.Handler] (main) slow\n")", Level::kWarn},
    {"an exception's trace",
     R"("java.lang.IllegalStateException: nothing left\n\tat com.acme.Handler.handle(Handler.java:25)\n")",
     Level::kError},
    {"an exception of the customer's own",
     R"("com.acme.stock.OutOfStockException\n\tat com.acme.Handler.handle(Handler.java:25)\n")", Level::kError},
    {"a thread's death", R"("Exception in thread \"main\" java.lang.Error: x\n")", Level::kError},
    {"an out-of-memory error", R"("java.lang.OutOfMemoryError: Java heap space\n")", Level::kError},
    {"Powertools for Java",
     R"({"level":"DEBUG","message":"x","cold_start":true,"function_request_id":"7f1d0000-0000-4000-8000-000000000002","service":"orders"})",
     Level::kDebug, kOther},

    // ---- .NET ----
    {"Lambda, text format", R"("2026-11-20T08:00:00.529Z\t7f1d0000-0000-4000-8000-000000000002\tfail\tgone\n")",
     Level::kError, kOther},
    {"Lambda, text format, critical",
     R"("2026-11-20T08:00:00.529Z\t7f1d0000-0000-4000-8000-000000000002\tcrit\tgone\n")", Level::kFatal, kOther},
    {"Lambda, JSON format",
     R"({"timestamp":"2026-11-20T08:00:00.529Z","level":"Information","requestId":"7f1d0000-0000-4000-8000-000000000002","message":"loaded"})",
     Level::kInfo, kOther},
    {"console logger", R"("warn: Acme.Handler[0]\n      slow\n")", Level::kWarn},
    {"console logger, JSON",
     R"({"EventId":0,"LogLevel":"Critical","Category":"Acme.Handler","Message":"gone","State":{"level":"x"}})",
     Level::kFatal},
    {"AWS's logger for ASP.NET Core", R"("[Information] Acme.Handler: loaded\n")", Level::kInfo},
    {"Serilog, console", R"("[08:00:00 INF] loaded\n")", Level::kInfo},
    {"Serilog, console, warning", R"("[08:00:00 WRN] slow\n")", Level::kWarn},
    {"Serilog, console, fatal", R"("[08:00:00 FTL] gone\n")", Level::kFatal},
    {"Serilog, file", R"("2026-11-20 08:00:00.529 +00:00 [DBG] looking\n")", Level::kDebug},
    {"Serilog, compact JSON", R"("{\"@t\":\"2026-11-20T08:00:00.5290000Z\",\"@mt\":\"slow\",\"@l\":\"Warning\"}\n")",
     Level::kWarn},
    {"NLog", R"("2026-11-20 08:00:00.5290|ERROR|Acme.Handler|gone\n")", Level::kError},
    {"log4net", R"("2026-11-20 08:00:00,529 [1] DEBUG Acme.Handler - looking\n")", Level::kDebug},
    {"an unhandled exception", R"("Unhandled exception. System.InvalidOperationException: gone\n   at Acme.Handler\n")",
     Level::kError},
    {"an exception's text",
     R"("System.InvalidOperationException: gone\n   at Acme.Handler.Handle() in /src/Handler.cs:line 25\n")",
     Level::kError},
    {"Powertools for .NET",
     R"({"level":"Error","message":"gone","timestamp":"2026-11-20T08:00:00Z","service":"orders","FunctionRequestId":"7f1d0000-0000-4000-8000-000000000002"})",
     Level::kError, kOther},

    // ---- Ruby ----
    {"Lambda's logger",
     R"("W, [2026-11-20T08:00:00.529123 #8]  WARN 7f1d0000-0000-4000-8000-000000000002 -- : slow\n")", Level::kWarn,
     kOther},
    {"Lambda's logger, info",
     R"("I, [2026-11-20T08:00:00.529123 #8]  INFO 7f1d0000-0000-4000-8000-000000000002 -- : no ERROR\n")", Level::kInfo,
     kOther},
    {"Logger", R"("F, [2026-11-20T08:00:00.529123 #8] FATAL -- orders: gone\n")", Level::kFatal},
    {"Lambda on an exception",
     R"("Error raised from handler method\n{\n  \"errorMessage\": \"gone\",\n  \"errorType\": \"Function<StandardError>\"}")",
     Level::kError},
    {"Lambda on an exception, JSON",
     R"({"errorMessage":"gone","errorType":"Function<StandardError>","stackTrace":["/var/task/app.rb:4:in `handler'"]})",
     Level::kError},
    {"semantic_logger", R"("2026-11-20 08:00:00.529123 E [8:main] Handler -- gone\n")", Level::kUnknown},

    // ---- Go ----
    {"slog, text", R"("time=2026-11-20T08:00:00.529Z level=WARN msg=\"no error\" id=8\n")", Level::kWarn},
    {"slog, JSON", R"("{\"time\":\"2026-11-20T08:00:00.529Z\",\"level\":\"DEBUG\",\"msg\":\"looking\"}\n")",
     Level::kDebug},
    {"slog, between two levels", R"("{\"time\":\"2026-11-20T08:00:00.529Z\",\"level\":\"INFO+2\",\"msg\":\"x\"}\n")",
     Level::kUnknown},
    {"log", R"("2026/11/20 08:00:00 loaded\n")", Level::kUnknown},
    {"zap, JSON", R"("{\"level\":\"dpanic\",\"ts\":1795161600.529,\"caller\":\"main.go:12\",\"msg\":\"gone\"}\n")",
     Level::kFatal},
    {"zap, console", R"("2026-11-20T08:00:00.529Z\tDEBUG\tmain.go:12\tlooking\n")", Level::kDebug},
    {"logrus, text", R"("time=\"2026-11-20T08:00:00Z\" level=warning msg=slow\n")", Level::kWarn},
    {"zerolog", R"("{\"level\":\"trace\",\"time\":1795161600,\"message\":\"x\"}\n")", Level::kTrace},
    {"zerolog, console", R"("8:00AM INF loaded id=8\n")", Level::kInfo},
    {"zerolog, console in colours", R"("\u001b[90m8:00AM\u001b[0m \u001b[31mERR\u001b[0m gone\n")", Level::kError},
    {"klog", R"("W1120 08:00:00.529123       8 main.go:12] slow\n")", Level::kWarn},
    {"a panic", R"("panic: runtime error: index out of range [8] with length 3\n\ngoroutine 1 [running]:\n")",
     Level::kFatal},
    {"Lambda on a panic", R"({"errorMessage":"gone","errorType":"string","stackTrace":[{"path":"main.go","line":12}]})",
     Level::kError},

    // ---- Rust ----
    {"tracing", R"("2026-11-20T08:00:00.529123Z  INFO cart: loaded\n")", Level::kInfo},
    {"tracing in colours",
     R"("\u001b[2m2026-11-20T08:00:00.529123Z\u001b[0m \u001b[33m WARN\u001b[0m \u001b[2mcart\u001b[0m\u001b[2m:\u001b[0m slow\n")",
     Level::kWarn},
    {"tracing, JSON",
     R"({"timestamp":"2026-11-20T08:00:00.529Z","level":"ERROR","fields":{"message":"gone"},"target":"cart"})",
     Level::kError},
    {"env_logger", R"("[2026-11-20T08:00:00Z INFO  cart] loaded\n")", Level::kInfo},
    {"simple_logger", R"("2026-11-20T08:00:00.529Z DEBUG [cart] looking\n")", Level::kDebug},
    {"a panic", R"("thread 'main' panicked at src/main.rs:4:5:\ncalled `Option::unwrap()` on a `None` value\n")",
     Level::kError},

    // ---- Node.js ----
    {"pino", R"("{\"level\":50,\"time\":1795161600529,\"pid\":8,\"hostname\":\"h\",\"msg\":\"gone\"}\n")",
     Level::kError},
    {"pino with awsRequestId",
     R"("{\"level\":30,\"time\":1795161600529,\"awsRequestId\":\"7f1d0000-0000-4000-8000-000000000002\",\"msg\":\"loaded\"}\n")",
     Level::kInfo, kOther},
    {"pino, as JSON record", R"({"level":10,"time":1795161600529,"msg":"x"})", Level::kTrace},
    {"pino-pretty", R"("[08:00:00.529] INFO (8): loaded\n")", Level::kInfo},
    {"bunyan",
     R"("{\"name\":\"orders\",\"hostname\":\"h\",\"pid\":8,\"level\":60,\"msg\":\"gone\",\"time\":\"2026-11-20T08:00:00.529Z\",\"v\":0}\n")",
     Level::kFatal},
    {"winston, JSON", R"("{\"level\":\"verbose\",\"message\":\"x\",\"service\":\"orders\"}\n")", Level::kTrace},
    {"winston, simple", R"("error: gone {\"id\":8}\n")", Level::kError},
    {"winston, simple in colours", R"("\u001b[32minfo\u001b[39m: loaded\n")", Level::kInfo},
    {"winston, time and level", R"("2026-11-20T08:00:00.529Z info: loaded\n")", Level::kInfo},
    {"winston, time and level in brackets", R"("2026-11-20T08:00:00.529Z [warn]: slow\n")", Level::kWarn},
    {"winston, time of its own form", R"("2026-11-20 08:00:00 error: gone\n")", Level::kError},
    {"npmlog", R"("WARN orders slow\n")", Level::kWarn},
    {"Lambda, an uncaught exception",
     R"("2026-11-20T08:00:00.529Z\tundefined\tERROR\tUncaught Exception \t{\"errorType\":\"TypeError\"}\n")",
     Level::kError},
    {"an error that was printed",
     R"("TypeError: Cannot read properties of undefined (reading 'id')\n    at handler (/var/task/app.js:4:5)\n")",
     Level::kError},
    {"Powertools for TypeScript",
     R"({"level":"WARN","message":"slow","timestamp":"2026-11-20T08:00:00.529Z","service":"orders","cold_start":true,"function_request_id":"7f1d0000-0000-4000-8000-000000000002","xray_trace_id":"1-67aa0001-0123456789abcdef01234567"})",
     Level::kWarn, kOther},

    // ---- Python ----
    {"logging.basicConfig", R"("WARNING:root:slow\n")", Level::kWarn},
    {"logging.basicConfig, info", R"("INFO:orders:loaded\n")", Level::kInfo},
    {"logging, a usual format", R"("2026-11-20 08:00:00,529 - orders - DEBUG - looking\n")", Level::kDebug},
    {"python-json-logger",
     R"("{\"asctime\": \"2026-11-20 08:00:00,529\", \"levelname\": \"ERROR\", \"message\": \"gone\"}\n")",
     Level::kError},
    {"structlog, JSON",
     R"("{\"id\": 8, \"event\": \"slow\", \"level\": \"warning\", \"timestamp\": \"2026-11-20T08:00:00Z\"}\n")",
     Level::kWarn},
    {"structlog, console", R"("2026-11-20 08:00:00 [info     ] loaded                         id=8\n")", Level::kInfo},
    {"structlog, console in colours",
     R"("\u001b[2m2026-11-20 08:00:00\u001b[0m [\u001b[31m\u001b[1merror    \u001b[0m] \u001b[1mgone\u001b[0m\n")",
     Level::kError},
    {"structlog, console without a time", R"("[\u001b[32m\u001b[1minfo     \u001b[0m] \u001b[1mloaded\u001b[0m\n")",
     Level::kInfo},
    {"loguru", R"("2026-11-20 08:00:00.529 | SUCCESS  | orders:main:12 - loaded\n")", Level::kInfo},
    {"loguru, warning", R"("2026-11-20 08:00:00.529 | WARNING  | orders:main:12 - slow\n")", Level::kWarn},
    {"loguru, JSON",
     R"("{\"text\": \"slow\\n\", \"record\": {\"elapsed\": {\"seconds\": 1}, \"level\": {\"icon\": \"!\", \"name\": \"WARNING\", \"no\": 30}}}\n")",
     Level::kWarn},
    {"ECS, nested",
     R"({"@timestamp":"2026-11-20T08:00:00Z","log":{"level":"error","logger":"orders"},"message":"gone"})",
     Level::kError},
    {"ECS", R"({"@timestamp":"2026-11-20T08:00:00Z","log.level":"debug","message":"looking"})", Level::kDebug},
    {"OpenTelemetry", R"({"SeverityText":"ERROR","SeverityNumber":17,"Body":"gone"})", Level::kError},
    {"an exception that was printed", R"("ValueError: no such cart\n")", Level::kError},
    {"a trace", R"("Traceback (most recent call last):\n  File \"/var/task/app.py\", line 4, in handler\n")",
     Level::kError},
    {"Powertools for Python",
     R"({"level":"INFO","location":"handler:12","message":"loaded","timestamp":"2026-11-20 08:00:00,529+0000","service":"orders","cold_start":true,"function_name":"orders","function_request_id":"7f1d0000-0000-4000-8000-000000000002","xray_trace_id":"1-67aa0001-0123456789abcdef01234567"})",
     Level::kInfo, kOther},
    {"Powertools' metrics", R"({"_aws":{"Timestamp":1795161600529},"service":"orders","Level":1,"errors":[0]})",
     Level::kUnknown},

    // ---- others ----
    {"Monolog", R"("[2026-11-20T08:00:00.529123+00:00] app.WARNING: slow [] []\n")", Level::kWarn},
    {"PHP", R"("PHP Fatal error:  Uncaught Exception: gone in /var/task/index.php:4\n")", Level::kFatal},
    {"Lambda on a killed process",
     R"("RequestId: 7f1d0000-0000-4000-8000-000000000002 Error: Runtime exited with error: signal: killed\nRuntime.ExitError\n")",
     Level::kError, kOther},

    // ---- what is no level and no error ----
    {"prose", R"("Errors are counted below: none\n")", Level::kUnknown},
    {"prose", R"("info about the cart: 8\n")", Level::kUnknown},
    {"prose", R"("The NullPointerException: we handled it\n")", Level::kUnknown},
    {"prose", R"("OnError: a handler is set\n")", Level::kUnknown},
    {"prose with a time", R"("2026-11-20 08:00:00 debugging: on\n")", Level::kUnknown},
    {"prose with a time", R"("2026-11-20 08:00:00 warning lights are on\n")", Level::kUnknown},
    {"prose in brackets", R"("[08:00:00 INFINITY] loaded\n")", Level::kUnknown},
    {"a table of exceptions", R"("java.lang.IllegalStateException 12\n")", Level::kUnknown},
    {"a record without an error", R"({"errorType":null,"errorMessage":"","id":8})", Level::kUnknown},
    {"a record about a level", R"({"game":{"level":"error"},"record":{"level":8},"log":"error"})", Level::kUnknown},
    {"a record about an error that has its own level", R"({"errorType":"E","level":"info"})", Level::kInfo},
    {"colours only", R"("\u001b[32m\u001b[0m\n")", Level::kUnknown},
    {"colours that end nowhere", R"("\u001b[32\n")", Level::kUnknown},
};

TEST_CASE("level_and_request_id_are_told_as_runtimes_and_logging_libraries_write_them") {
  for (const Habit& habit : kHabits) {
    CAPTURE(habit.writer, habit.record);
    DecoderFixture f;
    f.start(kR1);
    const Decoded d = f.function(habit.record);
    CHECK(level_name(d.record.level) == level_name(habit.level));
    CHECK(d.record.request_id ==
          (std::string_view(habit.request_id) == "current" ? kR1 : std::string_view(habit.request_id)));
  }
}

}  // namespace
}  // namespace sleipnir
