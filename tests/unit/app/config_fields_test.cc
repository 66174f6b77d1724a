// Every plain variable: what it sets, what is clamped, and the line for what is not understood.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "app/config_texts.h"
#include "support/environment.h"
#include "support/texts.h"

namespace sleipnir {

using test::has_error;
using test::has_warning;
using test::load_with;
using test::problem_texts;

namespace {

std::string effective(const Config& config, std::string_view name) {
  for (const Variable& variable : variables()) {
    if (variable.name() == name) return std::string(effective_text(config, variable, test::texts()));
  }
  return "no such variable";
}

}  // namespace

TEST_CASE("an_endpoint_alone_leaves_every_default_and_nothing_to_complain_about") {
  const Config config = load_with({});
  CHECK(problem_texts(config) == "");
  CHECK(config.enabled());
  const Config defaults;
  for (const Variable& variable : variables()) {
    if (variable.name() == "LOKI_ENDPOINT") continue;
    CAPTURE(variable.names());
    CHECK(effective_text(config, variable, test::texts()) == effective_text(defaults, variable, test::texts()));
  }
}

TEST_CASE("valid_values_are_taken_without_a_word") {
  struct Case {
    const char* name;
    const char* given;
    const char* effective;
  };
  const Case c = GENERATE(
      Case{"LOKI_EXTRACT_REQUEST_ID", "off", "false"}, Case{"LOKI_REQUEST_ID_AS", "LINE", "line"},
      Case{"LOKI_REQUEST_ID_AS", "none", "none"}, Case{"LOKI_STRUCTURED_METADATA", "no", "false"},
      Case{"LOKI_EVENTS", "function", "function"}, Case{"LOKI_EVENTS", "extension, Function", "function,extension"},
      Case{"LOKI_EVENTS", "platform,function,extension", "platform,function,extension"},
      Case{"LOKI_DROP_PLATFORM", "none", "none"},
      Case{"LOKI_DROP_PLATFORM", "start, platform.report", "platform.start,platform.report"},
      Case{"LOKI_MIN_LEVEL", "INFO", "info"}, Case{"LOKI_MIN_LEVEL", "warning", "warn"},
      Case{"LOKI_MIN_LEVEL", "trace", "trace"}, Case{"LOKI_MIN_LEVEL", "fatal", "fatal"},
      Case{"LOKI_PLATFORM_FORMAT", "text", "text"}, Case{"LOKI_BATCH_SIZE", "100", "100"},
      Case{"LOKI_MAX_BATCH_SIZE_BYTES", "2097152", "2097152"}, Case{"LOKI_MAX_BATCH_SIZE_BYTES", "65536", "65536"},
      Case{"LOKI_FLUSH_STRATEGY", "end", "end"}, Case{"LOKI_FLUSH_STRATEGY", "Background", "background"},
      Case{"LOKI_FLUSH_INTERVAL_MS", "250", "250"}, Case{"LOKI_IDLE_FLUSH_MULTIPLIER", "1", "1"},
      Case{"LOKI_FLUSH_BUDGET_MS", "0", "0"}, Case{"DISPATCH_MIN_BATCH_SIZE", "50", "50"},
      Case{"LOKI_MAX_RETRIES", "1", "1"}, Case{"LOKI_CRITICAL_FLUSH_RETRIES", "9", "9"},
      Case{"LOKI_ENABLE_GZIP", "0", "false"}, Case{"LOKI_COMPRESSION_THRESHOLD", "0", "0"},
      Case{"LOKI_COMPRESSION_LEVEL", "9", "9"}, Case{"LOKI_MAX_LINE_SIZE", "204800", "204800"},
      Case{"BUFFER_SIZE", "10000", "10000"}, Case{"LOKI_MEMORY_LIMIT_BYTES", "16777216", "16777216"},
      Case{"LOKI_SPOOL_DIR", "/mnt/efs/spool", "/mnt/efs/spool"}, Case{"LOKI_SPOOL_MAX_BYTES", "0", "0"},
      Case{"LOKI_LISTENER_PORT", "5000", "5000"}, Case{"LOKI_CA_FILE", "/var/task/ca.pem", "/var/task/ca.pem"},
      Case{"LOKI_CA_PEM", "-----BEGIN CERTIFICATE-----\nx", "-----BEGIN CERTIFICATE-----\nx"},
      Case{"LOKI_TLS_SERVER_NAME", "loki.internal", "loki.internal"},
      Case{"LOKI_TLS_SERVER_NAME", "10.0.0.1", "10.0.0.1"}, Case{"LOKI_CONNECT_TIMEOUT_MS", "100", "100"},
      Case{"LOKI_REQUEST_TIMEOUT_MS", "3000", "3000"}, Case{"LOKI_LOG_LEVEL", "debug", "debug"},
      Case{"LOKI_LOG_LEVEL", "Warning", "warn"}, Case{"LOKI_STRICT", "1", "true"});
  CAPTURE(c.name, c.given);
  const Config config = load_with({std::string(c.name) + "=" + c.given});
  CHECK(effective(config, c.name) == c.effective);
  CHECK(problem_texts(config) == "");
}

TEST_CASE("the_fields_behind_the_texts_are_the_right_ones") {
  const Config config = load_with({"LOKI_MIN_LEVEL=error", "LOKI_LOG_LEVEL=info", "LOKI_FLUSH_STRATEGY=background",
                                   "LOKI_PLATFORM_FORMAT=text", "LOKI_REQUEST_ID_AS=line", "LOKI_FLUSH_BUDGET_MS=70",
                                   "LOKI_EVENTS=extension", "LOKI_MAX_RETRIES=2"});
  CHECK(config.min_level == Level::kError);
  CHECK(config.log_level == LogLevel::kInfo);
  CHECK(config.flush_strategy == FlushStrategy::kBackground);
  CHECK(config.platform_format == PlatformFormat::kText);
  CHECK(config.request_id_as == RequestIdAs::kLine);
  CHECK(config.flush_budget == Milliseconds(70));
  CHECK(config.events.extension);
  CHECK_FALSE(config.events.platform);
  CHECK(config.flush_attempts == 2);
}

TEST_CASE("numbers_out_of_range_are_clamped_with_a_warning_that_says_the_range") {
  struct Case {
    const char* name;
    const char* given;
    const char* used;
  };
  const Case c = GENERATE(
      Case{"LOKI_MAX_LINE_SIZE", "1023", "1024"}, Case{"LOKI_MAX_LINE_SIZE", "1048577", "1048576"},
      Case{"LOKI_BATCH_SIZE", "-1", "0"}, Case{"LOKI_BATCH_SIZE", "10000001", "10000000"},
      Case{"LOKI_MAX_BATCH_SIZE_BYTES", "1", "65536"}, Case{"LOKI_FLUSH_INTERVAL_MS", "0", "50"},
      Case{"LOKI_IDLE_FLUSH_MULTIPLIER", "0", "1"}, Case{"LOKI_FLUSH_BUDGET_MS", "60001", "60000"},
      Case{"DISPATCH_MIN_BATCH_SIZE", "0", "1"}, Case{"LOKI_MAX_RETRIES", "0", "1"},
      Case{"LOKI_CRITICAL_FLUSH_RETRIES", "101", "100"}, Case{"LOKI_COMPRESSION_THRESHOLD", "-5", "0"},
      Case{"LOKI_COMPRESSION_LEVEL", "12", "9"}, Case{"LOKI_COMPRESSION_LEVEL", "0", "1"},
      Case{"BUFFER_SIZE", "99999999999999999999", "10000000"}, Case{"LOKI_MEMORY_LIMIT_BYTES", "1000", "4194304"},
      Case{"LOKI_SPOOL_MAX_BYTES", "10737418241", "10737418240"}, Case{"LOKI_LISTENER_PORT", "80", "1024"},
      Case{"LOKI_LISTENER_PORT", "65536", "65535"}, Case{"LOKI_CONNECT_TIMEOUT_MS", "9", "10"},
      Case{"LOKI_REQUEST_TIMEOUT_MS", "300001", "300000"});
  CAPTURE(c.name, c.given);
  const Config config = load_with({std::string(c.name) + "=" + c.given});
  CAPTURE(problem_texts(config));
  CHECK(effective(config, c.name) == c.used);
  CHECK(config.problems.size() == 1);
  CHECK(has_warning(
      config, {std::string(c.name) + "=" + c.given + " is out of range", " to ", std::string(c.used) + " is used"}));
}

TEST_CASE("what_is_not_understood_falls_back_with_a_line_that_says_the_accepted_form") {
  struct Case {
    const char* name;
    const char* given;
    const char* accepted;
  };
  const Case c = GENERATE(
      Case{"LOKI_EXTRACT_REQUEST_ID", "maybe", "true or false"}, Case{"LOKI_STRUCTURED_METADATA", "2", "true or false"},
      Case{"LOKI_ENABLE_GZIP", "gzip", "true or false"}, Case{"LOKI_TLS_INSECURE_SKIP_VERIFY", "x", "true or false"},
      Case{"LOKI_EXTENSION_ENABLED", "disabled", "true or false"}, Case{"LOKI_STRICT", "very", "true or false"},
      Case{"LOKI_REQUEST_ID_AS", "tag", "metadata, label, line or none"},
      Case{"LOKI_PLATFORM_FORMAT", "xml", "json or text"}, Case{"LOKI_FLUSH_STRATEGY", "always", "adaptive, end"},
      Case{"LOKI_MIN_LEVEL", "loud", "trace, debug"}, Case{"LOKI_LOG_LEVEL", "verbose", "error, warn, info or debug"},
      Case{"LOKI_MAX_LINE_SIZE", "256K", "1024 to 1048576 bytes"}, Case{"LOKI_BATCH_SIZE", "many", "0 to"},
      Case{"LOKI_MAX_BATCH_SIZE_BYTES", "1MiB", "bytes"}, Case{"LOKI_FLUSH_INTERVAL_MS", "1s", "ms"},
      Case{"LOKI_IDLE_FLUSH_MULTIPLIER", "1.5", "1 to 100"}, Case{"LOKI_FLUSH_BUDGET_MS", "0.5", "0 to 60000 ms"},
      Case{"DISPATCH_MIN_BATCH_SIZE", "x", "entries"}, Case{"LOKI_MAX_RETRIES", "three", "1 to 100 attempts"},
      Case{"LOKI_CRITICAL_FLUSH_RETRIES", "1e1", "attempts"}, Case{"LOKI_COMPRESSION_THRESHOLD", "1k", "bytes"},
      Case{"LOKI_COMPRESSION_LEVEL", "best", "1 to 9"}, Case{"BUFFER_SIZE", "x", "entries"},
      Case{"LOKI_MEMORY_LIMIT_BYTES", "8M", "bytes"}, Case{"LOKI_SPOOL_MAX_BYTES", "none", "bytes"},
      Case{"LOKI_LISTENER_PORT", "http", "1024 to 65535"}, Case{"LOKI_CONNECT_TIMEOUT_MS", "2s", "ms"},
      Case{"LOKI_REQUEST_TIMEOUT_MS", "10,000", "ms"});
  CAPTURE(c.name, c.given);
  const Config config = load_with({std::string(c.name) + "=" + c.given});
  CAPTURE(problem_texts(config));
  CHECK(effective(config, c.name) == effective(Config{}, c.name));
  CHECK(config.problems.size() == 1);
  CHECK(has_error(config, {std::string(c.name) + "=" + c.given, "not understood", c.accepted, "default"}));
}

TEST_CASE("an_empty_variable_is_as_one_that_is_not_set") {
  const Config config =
      load_with({"LOKI_FLUSH_BUDGET_MS=", "LOKI_LABELS=", "LOKI_AUTH_TOKEN=", "LOKI_URL=", "LOKI_EVENTS="});
  CHECK(problem_texts(config) == "");
  CHECK(config.flush_budget == Milliseconds(500));
}

TEST_CASE("a_batch_is_at_most_a_quarter_of_the_memory") {
  const Config config = load_with({"LOKI_MAX_BATCH_SIZE_BYTES=3670016"});
  CHECK(config.batch_bytes_max == 2097152);
  CHECK(
      has_warning(config, {"LOKI_MAX_BATCH_SIZE_BYTES=3670016", "LOKI_MEMORY_LIMIT_BYTES=8388608", "2097152 is used"}));

  const Config large = load_with({"LOKI_MAX_BATCH_SIZE_BYTES=5242880", "LOKI_MEMORY_LIMIT_BYTES=33554432"});
  CHECK(large.batch_bytes_max == 3670016);  // Loki's own trap is at 4 MiB
  CHECK(has_warning(large, {"LOKI_MAX_BATCH_SIZE_BYTES=5242880", "3670016 is used"}));

  CHECK(problem_texts(load_with({"LOKI_MEMORY_LIMIT_BYTES=4194304"})) == "");
}

TEST_CASE("events_name_what_is_not_known") {
  const Config config = load_with({"LOKI_EVENTS=function,logs"});
  CHECK(effective(config, "LOKI_EVENTS") == "function");
  CHECK(has_error(config, {"LOKI_EVENTS: logs", "platform, function, extension"}));
  const Config none = load_with({"LOKI_EVENTS=logs"});
  CHECK(effective(none, "LOKI_EVENTS") == "platform,function");
  CHECK(has_error(none, {"LOKI_EVENTS=logs names nothing"}));
}

TEST_CASE("drop_platform_names_what_can_be_no_event_type") {
  const Config config = load_with({"LOKI_DROP_PLATFORM=platform.start,a b"});
  CHECK(config.drop_platform == "platform.start");
  CHECK(has_error(config, {"LOKI_DROP_PLATFORM: a b"}));
}

TEST_CASE("the_request_id_as_label_is_warned_about") {
  const Config config = load_with({"LOKI_REQUEST_ID_AS=label"});
  CHECK(config.request_id_as == RequestIdAs::kLabel);
  CHECK(has_warning(config, {"LOKI_REQUEST_ID_AS=label", "stream", "metadata"}));
}

TEST_CASE("tls_without_verification_is_warned_about") {
  const Config config = load_with({"LOKI_TLS_INSECURE_SKIP_VERIFY=true"});
  CHECK(config.tls_insecure_skip_verify);
  CHECK(has_warning(config, {"LOKI_TLS_INSECURE_SKIP_VERIFY=true", "LOKI_CA_FILE"}));
}

TEST_CASE("mutual_tls_wants_both_files") {
  const Config both = load_with({"LOKI_CLIENT_CERT_FILE=/c.pem", "LOKI_CLIENT_KEY_FILE=/k.pem"});
  CHECK(problem_texts(both) == "");
  CHECK(both.client_cert_file == "/c.pem");
  CHECK(both.client_key_file == "/k.pem");
  const Config cert = load_with({"LOKI_CLIENT_CERT_FILE=/c.pem"});
  CHECK(cert.client_cert_file.empty());
  CHECK(has_error(cert, {"LOKI_CLIENT_CERT_FILE is set without LOKI_CLIENT_KEY_FILE"}));
  const Config key = load_with({"LOKI_CLIENT_KEY_FILE=/k.pem"});
  CHECK(key.client_key_file.empty());
  CHECK(has_error(key, {"LOKI_CLIENT_KEY_FILE is set without LOKI_CLIENT_CERT_FILE"}));
}

TEST_CASE("mutual_tls_takes_texts_in_the_place_of_files_and_a_reference_in_the_place_of_a_text") {
  const Config texts = load_with({"LOKI_CLIENT_CERT=c", "LOKI_CLIENT_KEY=k"});
  CHECK(problem_texts(texts) == "");
  CHECK(texts.credentials.client_cert == "c");
  CHECK(texts.credentials.client_key == "k");
  const Config fetched =
      load_with({"LOKI_CLIENT_CERT_FILE=/c.pem", "LOKI_CLIENT_KEY=ssm:/loki/key", "AWS_REGION=eu-west-1"});
  CHECK(problem_texts(fetched) == "");
  REQUIRE(fetched.secrets.size() == 1);
  CHECK(fetched.secrets[0].field == &Credentials::client_key);
  const Config nowhere = load_with({"LOKI_CLIENT_CERT_FILE=/c.pem", "LOKI_CLIENT_KEY=ssm:/loki/key"});
  CHECK(has_error(nowhere, {"LOKI_CLIENT_CERT_FILE is set without LOKI_CLIENT_KEY_FILE"}));
  CHECK(nowhere.client_cert_file.empty());
  const Config cert = load_with({"LOKI_CLIENT_CERT=c"});
  CHECK(has_error(cert, {"LOKI_CLIENT_CERT is set without LOKI_CLIENT_KEY_FILE"}));
  CHECK(cert.credentials.client_cert.empty());
  const Config key = load_with({"LOKI_CLIENT_KEY=very secret"});
  CHECK(has_error(key, {"LOKI_CLIENT_KEY is set without LOKI_CLIENT_CERT_FILE"}));
  CHECK(problem_texts(key).find("very secret") == std::string::npos);
}

TEST_CASE("texts_that_cannot_be_what_they_should_fall_back") {
  const Config spool = load_with({"LOKI_SPOOL_DIR=spool"});
  CHECK(spool.spool_dir == "/tmp/sleipnir");
  CHECK(has_error(spool, {"LOKI_SPOOL_DIR=spool", "absolute path", "/tmp/sleipnir"}));
  const Config pem = load_with({"LOKI_CA_PEM=MIIB"});
  CHECK(pem.ca_pem.empty());
  CHECK(has_error(pem, {"LOKI_CA_PEM", "-----BEGIN CERTIFICATE-----"}));
  const Config name = load_with({"LOKI_TLS_SERVER_NAME=https://loki"});
  CHECK(name.tls_server_name.empty());
  CHECK(has_error(name, {"LOKI_TLS_SERVER_NAME=https://loki", "host name"}));
}

TEST_CASE("the_trust_file_has_the_systems_name_as_alias") {
  CHECK(load_with({"SSL_CERT_FILE=/etc/ca.pem"}).ca_file == "/etc/ca.pem");
  const Config both = load_with({"SSL_CERT_FILE=/etc/ca.pem", "LOKI_CA_FILE=/var/task/ca.pem"});
  CHECK(both.ca_file == "/var/task/ca.pem");
  CHECK(has_warning(both, {"LOKI_CA_FILE and SSL_CERT_FILE", "disagree", "LOKI_CA_FILE is used"}));
  CHECK(problem_texts(load_with({"SSL_CERT_FILE=/ca.pem", "LOKI_CA_FILE=/ca.pem"})) == "");
}

TEST_CASE("debug_mode_is_a_boolean_alias_of_the_log_level") {
  CHECK(load_with({"DEBUG_MODE=true"}).log_level == LogLevel::kDebug);
  CHECK(load_with({"DEBUG_MODE=false"}).log_level == LogLevel::kWarn);
  const Config both = load_with({"DEBUG_MODE=false", "LOKI_LOG_LEVEL=info"});
  CHECK(both.log_level == LogLevel::kInfo);
  CHECK(problem_texts(both) == "");
  const Config disagreeing = load_with({"DEBUG_MODE=1", "LOKI_LOG_LEVEL=error"});
  CHECK(disagreeing.log_level == LogLevel::kError);
  CHECK(has_warning(disagreeing, {"LOKI_LOG_LEVEL and DEBUG_MODE", "disagree"}));
  const Config bad = load_with({"DEBUG_MODE=loud"});
  CHECK(bad.log_level == LogLevel::kWarn);
  CHECK(has_error(bad, {"DEBUG_MODE=loud", "true or false"}));
}

TEST_CASE("unknown_variables_of_ours_get_the_nearest_name") {
  const Config config = load_with({"LOKI_FLUSH_BUGDET_MS=1", "LOKI_TENANT=x", "LOKIX=1", "OTHER=1", "LOKI_=1"});
  CHECK(has_warning(config, {"LOKI_FLUSH_BUGDET_MS is no variable", "LOKI_FLUSH_BUDGET_MS"}));
  CHECK(has_warning(config, {"LOKI_TENANT is no variable", "LOKI_TENANT_ID"}));
  CHECK(has_warning(config, {"LOKI_ is no variable"}));
  CHECK(config.problems.size() == 3);
}

TEST_CASE("a_value_is_shown_cut_and_without_control_characters") {
  const Config config = load_with({"LOKI_FLUSH_BUDGET_MS=a\nb" + std::string(500, 'x')});
  REQUIRE(config.problems.size() == 1);
  CHECK(config.problems[0].text.find("a?bxx") != std::string::npos);
  CHECK(config.problems[0].text.find('\n') == std::string::npos);
  CHECK(config.problems[0].text.size() < 250);
}

TEST_CASE("an_entry_without_equals_sign_and_a_doubled_name_are_harmless") {
  const Config config = load_with({"LOKI_FLUSH_BUDGET_MS=1", "LOKI_FLUSH_BUDGET_MS=2", "LOKI_STRICT", "", "=x"});
  CHECK(config.flush_budget == Milliseconds(1));
  CHECK(problem_texts(config) == "");
}

TEST_CASE("what_lambda_tells_is_read") {
  const Config config =
      load_with({"AWS_LAMBDA_RUNTIME_API=169.254.100.1:9001", "AWS_LAMBDA_FUNCTION_NAME=orders",
                 "AWS_LAMBDA_FUNCTION_VERSION=7", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128", "AWS_REGION=eu-west-1",
                 "AWS_LAMBDA_LOG_FORMAT=JSON", "AWS_LAMBDA_INITIALIZATION_TYPE=lambda-managed-instances",
                 "AWS_ACCESS_KEY_ID=AKIA", "AWS_SECRET_ACCESS_KEY=secret", "AWS_SESSION_TOKEN=token",
                 "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://169.254.1/c", "AWS_CONTAINER_AUTHORIZATION_TOKEN=t"});
  CHECK(problem_texts(config) == "");
  CHECK(config.lambda.runtime_api == "169.254.100.1:9001");
  CHECK(config.lambda.function_name == "orders");
  CHECK(config.lambda.function_version == "7");
  CHECK(config.lambda.memory_mb == 128);
  CHECK(config.lambda.region == "eu-west-1");
  CHECK(config.lambda.json_log_format);
  CHECK(config.lambda.initialization_type == InitializationType::kManagedInstances);
  CHECK(config.lambda.access_key_id == "AKIA");
  CHECK(config.lambda.secret_access_key == "secret");
  CHECK(config.lambda.session_token == "token");
  CHECK(config.lambda.container_credentials_uri == "http://169.254.1/c");
  CHECK(config.lambda.container_credentials_token == "t");
}

TEST_CASE("initialization_types_are_told_apart_and_a_new_one_is_ordinary") {
  const auto type = [](std::string text) {
    return load_with({"AWS_LAMBDA_INITIALIZATION_TYPE=" + text}).lambda.initialization_type;
  };
  CHECK(type("on-demand") == InitializationType::kOnDemand);
  CHECK(type("provisioned-concurrency") == InitializationType::kProvisionedConcurrency);
  CHECK(type("snap-start") == InitializationType::kSnapStart);
  CHECK(type("something-new") == InitializationType::kOnDemand);
  CHECK(load_with({}).lambda.memory_mb == 0);
  CHECK_FALSE(load_with({"AWS_LAMBDA_LOG_FORMAT=Text"}).lambda.json_log_format);
}

TEST_CASE("no_environment_at_all_is_survived") {
  const Config config = load_config({});
  CHECK_FALSE(config.enabled());
  CHECK(config.has_errors());
}

}  // namespace sleipnir
