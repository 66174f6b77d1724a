// Other extensions' variable sets: whoever changes over to Sleipnir keeps them, and the logs keep going to the same
// place, under the same name, with the same labels. What is expected is written by hand from what each of them does.
#include <catch2/catch_test_macros.hpp>

#include "support/environment.h"
#include "support/texts.h"

namespace sleipnir {

using test::has_warning;
using test::problem_texts;
using test::TestEnvironment;

namespace {

using Labels = std::vector<NameValue>;

Config load(std::vector<std::string> entries) {
  return TestEnvironment(std::move(entries)).load();
}

}  // namespace

TEST_CASE("the_variables_of_lambdawatch_work_unchanged") {
  const Config config = load({
      "LOKI_URL=https://logs.example.com/loki/api/v1/push",
      "LOKI_USERNAME=12345",
      "LOKI_PASSWORD=glc_abc",
      "LOKI_TENANT_ID=acme",
      "LOKI_BATCH_SIZE=100",
      "LOKI_FLUSH_INTERVAL_MS=500",
      "LOKI_IDLE_FLUSH_MULTIPLIER=4",
      "LOKI_MAX_RETRIES=2",
      "LOKI_CRITICAL_FLUSH_RETRIES=4",
      "LOKI_ENABLE_GZIP=false",
      "LOKI_COMPRESSION_THRESHOLD=2048",
      "BUFFER_SIZE=10000",
      "LOKI_MAX_LINE_SIZE=204800",
      "LOKI_EXTRACT_REQUEST_ID=true",
      R"(LOKI_LABELS={"env":"prod","team":"shop"})",
      "SERVICE_NAME=checkout",
      "DEBUG_MODE=true",
      "APP_NAME=x",
      "NODE_ENV=production",
  });
  CHECK(problem_texts(config) == "");
  CHECK(config.enabled());
  CHECK(config.endpoint->url(test::texts()) == "https://logs.example.com/loki/api/v1/push");
  CHECK(config.authorization == "Basic MTIzNDU6Z2xjX2FiYw==");
  CHECK(config.tenant_id == "acme");
  CHECK(config.labels == Labels{{"env", "prod"}, {"team", "shop"}, {"service_name", "checkout"}});
  CHECK(config.batch_entries_max == 100);
  CHECK(config.flush_interval == Milliseconds(500));
  CHECK(config.idle_flush_multiplier == 4);
  CHECK(config.flush_attempts == 2);
  CHECK(config.critical_flush_attempts == 4);
  CHECK_FALSE(config.gzip);
  CHECK(config.compression_threshold_bytes == 2048);
  CHECK(config.buffer_entries_max == 10000);
  CHECK(config.max_line_bytes == 204800);
  CHECK(config.extract_request_id);
  CHECK(config.log_level == LogLevel::kDebug);
}

TEST_CASE("the_api_key_of_lambdawatch_wins_over_its_user_and_password") {
  const Config config = load({"LOKI_URL=https://logs.example.com/loki/api/v1/push", "LOKI_USERNAME=12345",
                              "LOKI_PASSWORD=pw", "LOKI_API_KEY=key"});
  CHECK(config.authorization == "Bearer key");
  CHECK(has_warning(config, {"LOKI_API_KEY", "LOKI_USERNAME and LOKI_PASSWORD are not used"}));
}

TEST_CASE("the_batch_size_of_lambdawatch_is_cut_to_what_loki_takes") {
  const Config config =
      load({"LOKI_URL=https://logs.example.com/loki/api/v1/push", "LOKI_MAX_BATCH_SIZE_BYTES=5242880"});
  CHECK(config.batch_bytes_max == 2097152);
  CHECK(has_warning(config, {"LOKI_MAX_BATCH_SIZE_BYTES=5242880"}));
}

TEST_CASE("the_variables_of_the_telemetry_api_example_work_unchanged") {
  // It appends /api/v1/push to LOKI_IP, so what works there is a base URL that ends in /loki.
  const Config config = load({"LOKI_IP=http://10.0.0.5:3100/loki", "DISPATCH_MIN_BATCH_SIZE=5", "OTEL_LABEL_TEAM=shop",
                              "OTEL_LABEL_Env=prod", "AWS_SAM_LOCAL=false"});
  CHECK(problem_texts(config) == "");
  CHECK(config.endpoint->url(test::texts()) == "http://10.0.0.5:3100/loki/api/v1/push");
  CHECK(config.authorization.empty());
  CHECK(config.tenant_id.empty());
  CHECK(config.labels == Labels{{"team", "shop"}, {"env", "prod"}});
  CHECK(config.dispatch_min_entries == 5);
}

TEST_CASE("the_variables_of_railflow_work_unchanged") {
  const Config config = load({"LOKI_HOST=logs-prod.example.net", "LOKI_USER=12345", "LOKI_API_KEY=glc_abc",
                              "SESSION_UUID=1-2-3", "DISPATCH_MIN_BATCH_SIZE=1"});
  CHECK(problem_texts(config) == "");
  CHECK(config.endpoint->url(test::texts()) == "https://logs-prod.example.net/loki/api/v1/push");
  CHECK(config.authorization == "Basic MTIzNDU6Z2xjX2FiYw==");
}

TEST_CASE("the_variables_of_loafoe_work_unchanged") {
  const Config config = load({"LOKI_PUSH_ENDPOINT=https://loki.example.com/loki/api/v1/push", "LOKI_USERNAME=me",
                              "LOKI_PASSWORD=pw", "LOKI_LOG_LABELS=env=prod,team=shop", "LOKI_EXTENSION_ENABLED=true"});
  CHECK(problem_texts(config) == "");
  CHECK(config.endpoint->url(test::texts()) == "https://loki.example.com/loki/api/v1/push");
  CHECK(config.authorization == "Basic bWU6cHc=");
  CHECK(config.labels == Labels{{"env", "prod"}, {"team", "shop"}});
}

TEST_CASE("the_variables_of_jaeminst_work_and_the_one_without_meaning_is_named") {
  const Config config =
      load({"LOKI_PUSH_URL=https://loki.example.com", "LOKI_AUTH_TOKEN=tok", "LOKI_CUSTOM_LEVEL=20=INFO,30=NOTICE"});
  CHECK(config.endpoint->url(test::texts()) == "https://loki.example.com/loki/api/v1/push");
  CHECK(config.authorization == "Bearer tok");
  CHECK(config.problems.size() == 1);
  CHECK(has_warning(config, {"LOKI_CUSTOM_LEVEL is no variable"}));
}

TEST_CASE("the_variables_of_danalock_work") {
  const Config config =
      load({"LOKI_ENDPOINT_URL=https://loki.example.com/loki/api/v1/push", "LOKI_APPLICATION_LABEL=lock",
            "LOKI_ENV_LABEL=prod", "LOKI_BEARER_TOKEN=tok", "LOKI_EXTRA_LABELS=team,shop,tier,gold"});
  CHECK(problem_texts(config) == "");
  CHECK(config.endpoint->url(test::texts()) == "https://loki.example.com/loki/api/v1/push");
  CHECK(config.authorization == "Bearer tok");
  CHECK(config.labels == Labels{{"team", "shop"}, {"tier", "gold"}, {"application", "lock"}, {"environment", "prod"}});
}

}  // namespace sleipnir
