#include "lambda/log_fields.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "support/exact_bytes.h"

namespace sleipnir {
namespace {

using test::ExactBytes;

// A text as it stands inside a JSON string.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out;
}

// Both forms of one object must say the same.
struct Read {
  std::string request_id, trace, tenant_id;
  Level level;
  bool whole;
  bool operator==(const Read&) const = default;
};

Read read_of(const LogFields& fields) {
  return {std::string(fields.request_id), std::string(fields.trace), std::string(fields.tenant_id), fields.level,
          fields.whole};
}

Read read(const std::string& object) {
  const ExactBytes plain(object), quoted(escaped(object));
  const Read in_plain = read_of(read_log_fields(plain.view())),
             in_quoted = read_of(read_escaped_log_fields(quoted.view()));
  CAPTURE(object);
  CHECK((in_plain == in_quoted));
  return in_plain;
}

TEST_CASE("fields_of_lambdas_own_json_format_are_read") {
  const Read fields =
      read(R"({"timestamp":"2026-11-20T08:00:00Z","level":"WARN","message":"slow query","logger":"root",)"
           R"("requestId":"0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11","tenantId":"acme"})");
  CHECK(fields.request_id == "0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11");
  CHECK(fields.level == Level::kWarn);
  CHECK(fields.tenant_id == "acme");
  CHECK(fields.trace.empty());
  CHECK(fields.whole);
}

TEST_CASE("every_spelling_of_the_request_id_is_known") {
  for (const std::string key :
       {"requestId", "RequestId", "requestID", "request_id", "request-id", "AWSRequestId", "AwsRequestId",
        "awsRequestId", "aws_request_id", "aws.request_id", "function_request_id", "lambda_request_id",
        "lambdaRequestId", "faas.invocation_id", "faas.execution"}) {
    CHECK(read("{\"" + key + "\":\"id-1\"}").request_id == "id-1");
  }
  for (const std::string key :
       {"request", "id", "requestIds", "xrequestId", "x_request_id", "requestid2", "parentRequestId", "reqId"}) {
    CHECK(read("{\"" + key + "\":\"id-1\"}").request_id.empty());
  }
}

TEST_CASE("an_id_that_names_lambda_goes_before_one_that_may_be_the_applications") {
  CHECK(read(R"({"requestId":"app","function_request_id":"lambda","awsRequestId":"later"})").request_id == "lambda");
  CHECK(read(R"({"AWSRequestId":"lambda","requestId":"app"})").request_id == "lambda");
}

TEST_CASE("an_id_that_is_no_plain_string_of_fair_length_is_left_alone") {
  for (const std::string value : {"12", "null", "{\"a\":\"b\"}", "[\"x\"]", "\"\"", R"("a\"b")", R"("a\u002db")"}) {
    CHECK(read("{\"requestId\":" + value + "}").request_id.empty());
  }
  CHECK(read("{\"requestId\":\"" + std::string(64, 'a') + "\"}").request_id == std::string(64, 'a'));
  CHECK(read("{\"requestId\":\"" + std::string(65, 'a') + "\"}").request_id.empty());
  CHECK(read("{\"tenantId\":\"" + std::string(257, 'a') + "\"}").tenant_id.empty());
}

TEST_CASE("every_spelling_of_the_level_is_known") {
  for (const std::string key :
       {"level",     "Level",      "LEVEL",     "@level",       "lvl",           "@l",          "severity",
        "Severity",  "SEVERITY",   "log.level", "loglevel",     "log_level",     "logLevel",    "LogLevel",
        "levelname", "level_name", "levelName", "SeverityText", "severity_text", "severityText"}) {
    CHECK(read("{\"a\":1,\"" + key + "\":\"Error\"}").level == Level::kError);
  }
  for (const std::string key : {"levels", "l", "log", "sealevel", "level2", "name", "message", "severityNumber"}) {
    CHECK(read("{\"" + key + "\":\"Error\"}").level == Level::kUnknown);
  }
}

TEST_CASE("level_numbers_count_and_the_first_level_that_says_something_wins") {
  CHECK(read(R"({"level":30,"msg":"x"})").level == Level::kInfo);
  CHECK(read(R"({"level":50})").level == Level::kError);
  CHECK(read(R"({"level":3,"levelname":"WARNING"})").level == Level::kWarn);
  CHECK(read(R"({"level":"who knows","severity":"ERROR","lvl":"info"})").level == Level::kError);
  CHECK(read(R"({"level":{"level":"error"}})").level == Level::kUnknown);
  CHECK(read(R"({"level":null})").level == Level::kUnknown);
  CHECK(read(R"({"level":""})").level == Level::kUnknown);
}

TEST_CASE("a_nested_record_that_is_empty_tells_no_level") {
  CHECK(read_log_fields(R"({"record":"","level":"warn"})").level == Level::kWarn);
  CHECK(read_escaped_log_fields(R"({\"record\":\"\"})").level == Level::kUnknown);
}

TEST_CASE("trace_and_tenant_are_found") {
  CHECK(read(R"({"xray_trace_id":"1-2"})").trace == "1-2");
  CHECK(read(R"({"traceId":"t"})").trace == "t");
  CHECK(read(R"({"trace_id":"t","traceId":"u"})").trace == "t");
  CHECK(read(R"({"trace.id":"t"})").trace == "t");
  CHECK(read(R"({"tenant_id":"acme"})").tenant_id == "acme");
}

TEST_CASE("only_the_top_level_is_read") {
  const Read fields = read(
      R"({"a":{"level":"error","requestId":"no"},"b":[{"level":"error"},"}"],"c":"level\":\"error","requestId":"yes"})");
  CHECK(fields.level == Level::kUnknown);
  CHECK(fields.request_id == "yes");
}

TEST_CASE("strings_with_escapes_in_them_do_not_end_early") {
  const Read fields = read(
      "{\"message\":\"say \\\"level\\\":\\\"error\\\" and "
      "\\\\\",\"path\":\"C:\\\\\\\\x\\n\\t\\u00e9\",\"level\":\"info\"}");
  CHECK(fields.level == Level::kInfo);
  CHECK(fields.whole);
}

TEST_CASE("white_space_between_tokens_is_skipped_in_both_forms") {
  const Read fields = read("\n{\n\t\"level\" : \"error\" ,\n\t\"list\" : [ 1 ,\n { } ] , \"requestId\":\t\"r\"\n}\n");
  CHECK(fields.level == Level::kError);
  CHECK(fields.request_id == "r");
  CHECK(fields.whole);
}

TEST_CASE("an_object_that_breaks_off_gives_what_came_before") {
  CHECK_FALSE(read(R"({"level":"error","message":"cut o)").whole);
  CHECK(read(R"({"level":"error","message":"cut o)").level == Level::kError);
  CHECK(read(R"({"level":"error" "x":1})").level == Level::kError);
  for (const std::string text : {"", "{", "{x}", "{\"level\"", "{\"level\":", "{\"level\":\"error", "{\"level\":tru}",
                                 "{\"a\":[}", "[1]", "text"}) {
    const Read fields = read(text);
    CHECK(fields.level == Level::kUnknown);
    CHECK_FALSE(fields.whole);
  }
  CHECK(read("{}").whole);
}

TEST_CASE("quotes_in_disguise_stop_the_reading") {
  CHECK(read_of(read_escaped_log_fields(R"({\"message\":\"a\u0022,\",\"level\":\"error\"})")).level == Level::kUnknown);
  CHECK(read_of(read_escaped_log_fields(R"({\"message\":\"a\u005c\",\"level\":\"error\"})")).level == Level::kUnknown);
  CHECK(read_of(read_escaped_log_fields(R"({\"message\":\"a\u003c\",\"level\":\"error\"})")).level == Level::kError);
}

TEST_CASE("every_beginning_of_an_object_can_be_read") {
  const std::string object =
      R"({"a":{"b":[1,"x\"\\"]},"level":"error","requestId":"r","n":-1.5e3,"t":true,"m":"\u0022\n\\"})";
  const std::string quoted = escaped(object);
  for (size_t length = 0; length <= object.size(); ++length) {
    const ExactBytes bytes(std::string_view(object).substr(0, length));
    REQUIRE(read_log_fields(bytes.view()).whole == (length == object.size()));
  }
  for (size_t length = 0; length <= quoted.size(); ++length) {
    const ExactBytes bytes(std::string_view(quoted).substr(0, length));
    REQUIRE(read_escaped_log_fields(bytes.view()).whole == (length == quoted.size()));
  }
}

}  // namespace
}  // namespace sleipnir
