#include "app/check_advice.h"

#include <catch2/catch_test_macros.hpp>

#include <cerrno>
#include <string>

#include "support/environment.h"

namespace sleipnir {

using test::TestEnvironment;

namespace {

Config config_of(std::vector<std::string> entries) {
  const TestEnvironment environment(std::move(entries));
  return load_config(environment.environment());
}

Finding answered(const Config& config, int status, std::string_view body, std::string_view content_type = "text/plain",
                 std::string_view location = "") {
  const Verdict verdict =
      judge_answer({.status = status, .content_type = content_type, .body = body}, {.entries = 1, .body_bytes = 200});
  Finding finding;
  say_push_failure(finding, config, {}, status, location, verdict);
  return finding;
}

bool has(std::string_view text, std::string_view words) {
  return text.find(words) != std::string_view::npos;
}

}  // namespace

TEST_CASE("advice_for_each_answer_names_the_variable_or_loki_s_own_setting") {
  const Config plain = config_of({"LOKI_ENDPOINT=http://127.0.0.1:3100"});
  struct Row {
    int status;
    const char* body;
    const char* fix;
  };
  const Row rows[] = {
      {401, "no org id\n", "set LOKI_TENANT_ID"},
      {401, "", "LOKI_USERNAME and LOKI_PASSWORD"},
      {403, "forbidden", "LOKI_USERNAME and LOKI_PASSWORD"},
      {404, "404 page not found", "check LOKI_ENDPOINT"},
      {405, "", "check LOKI_ENDPOINT"},
      {407, "", "user:password@ into LOKI_PROXY"},
      {413, "", "client_max_body_size"},
      {429, "ingestion rate limit exceeded for user fake (limit: 10 bytes/sec)", "raise the limit that Loki names"},
      {500, "oh", "look at Loki's own log"},
      {502, "<html><head><title>502 Bad Gateway</title></head>", "nobody is at home"},
      {260, "ingestion blocked for user fake until", "it takes nothing from this tenant"},
      {400, "entry for stream '{a=\"b\"}' has 16 label names; limit 15", "fewer labels (LOKI_LABELS)"},
      {400, "entry for stream '{}' has timestamp too new: 2026-11-21T12:00:00Z", "clock"},
      {400, "multiple org IDs present", "one tenant"},
      {400, "tenant ID 'a b' contains unsupported character ' '", "correct LOKI_TENANT_ID"},
      {400, "something nobody has heard of", "limits_config"},
  };
  for (const Row& row : rows) {
    const Finding finding = answered(plain, row.status, row.body);
    INFO(row.status << " " << row.body << " -> " << finding.fix());
    CHECK(has(finding.fix(), row.fix));
    CHECK(has(finding.found(), "Loki answered " + std::to_string(row.status)));
  }
}

TEST_CASE("advice_names_the_credentials_that_were_refused_and_never_shows_them") {
  const Config config = config_of({"LOKI_ENDPOINT=https://h", "LOKI_AUTH_TOKEN=hunter2", "LOKI_TENANT_ID=a"});
  const Finding finding = answered(config, 403, "");
  CHECK(finding.fix() == "check LOKI_AUTH_TOKEN, and whether they may write as LOKI_TENANT_ID says");
  CHECK(finding.found() == "Loki answered 403");
}

TEST_CASE("advice_of_a_gateway_s_page_has_its_title_alone") {
  const Config config = config_of({"LOKI_ENDPOINT=https://h/base"});
  CHECK(answered(config, 404, "<html>\r\n<head><title>404 Not Found</title></head>").found() ==
        "Loki answered 404: 404 Not Found");
  CHECK(has(answered(config, 404, "").fix(), "the path /base/loki/api/v1/push"));
  CHECK(
      has(answered(config, 200, "<title>Grafana</title>", "text/html; charset=utf-8").found(), "a web page answered"));
  CHECK(has(answered(config, 301, "", "", "https://other/").found(), "redirecting to https://other/"));
}

TEST_CASE("advice_for_a_connection_names_the_proxy_where_it_leads_there") {
  const Config direct = config_of({"LOKI_ENDPOINT=https://h"});
  const Config proxied = config_of({"LOKI_ENDPOINT=https://h", "LOKI_PROXY=http://p:1"});
  const auto fix = [](const Config& config, const CheckNames& names, int os_error) {
    Finding finding;
    say_connect_failure(finding, config, names, "192.0.2.1:443", os_error);
    return std::string(finding.fix());
  };
  CHECK(has(fix(direct, {}, ECONNREFUSED), "host and port in LOKI_ENDPOINT"));
  CHECK(has(fix(proxied, {}, ECONNREFUSED), "host and port in LOKI_PROXY"));
  CHECK(has(fix(direct, {.endpoint = "LOKI_URL"}, 0), "the port in LOKI_URL"));
  CHECK(has(fix(direct, {}, EHOSTUNREACH), "no way to there"));
}

TEST_CASE("advice_at_the_end_of_a_failure_is_taken_from_there_and_replaces_what_was_there") {
  Finding finding;
  finding.fix("other");
  say_failure(finding, "it broke");
  CHECK(finding.found() == "it broke");
  CHECK(finding.fix() == "other");
  say_failure(finding, "it broke; mend it; well");
  CHECK(finding.found() == "it broke");
  CHECK(finding.fix() == "mend it; well");
}

}  // namespace sleipnir
