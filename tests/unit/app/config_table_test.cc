// The table of variables as data: whoever adds a row meets these.
#include "app/config_table.h"
#include "app/config_texts.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <set>

#include "support/texts.h"

namespace sleipnir {

TEST_CASE("table_names_are_sorted_and_each_belongs_to_its_row") {
  const auto names = variable_names();
  CHECK(std::is_sorted(names.begin(), names.end(),
                       [](const auto& a, const auto& b) { return name_before(a.name(), b.name()); }));
  size_t first_names = 0;
  for (const VariableName& name : names) {
    REQUIRE(name.row < variables().size());
    CHECK((" " + std::string(variables()[name.row].names()) + " ").find(" " + std::string(name.name()) + " ") !=
          std::string::npos);
    if (name.rank == 0) {
      first_names++;
      CHECK(variables()[name.row].name() == name.name());
    }
  }
  CHECK(first_names == variables().size());
}

TEST_CASE("table_rows_say_what_they_mean_and_accept") {
  for (const Variable& variable : variables()) {
    if (!variable.is_shown()) continue;
    CAPTURE(variable.names());
    CHECK(std::string_view(variable.meaning()).size() > 5);
    CHECK(std::string_view(variable.meaning()).find('\n') == std::string_view::npos);
    CHECK_FALSE(accepted_form(variable, test::texts()).empty());
  }
}

TEST_CASE("table_defaults_are_within_their_ranges") {
  const Config defaults;
  for (const Variable& variable : variables()) {
    using Kind = Field::Kind;
    const Kind kind = variable.field().kind;
    if (kind != Kind::kCount && kind != Kind::kPort && kind != Kind::kDuration) continue;
    CAPTURE(variable.names());
    const uint64_t value = std::stoull(std::string(effective_text(defaults, variable, test::texts())));
    CHECK(value >= variable.range().least);
    CHECK(value <= variable.range().most);
    CHECK(variable.range().least < variable.range().most);
  }
}

TEST_CASE("table_has_every_variable_of_the_documentation_with_its_default") {
  struct Documented {
    const char* names;
    const char* value;
  };
  // Written by hand: the names users were promised, each with its aliases in order, and the promised default.
  static constexpr Documented kDocumented[] = {
      {"LOKI_ENDPOINT LOKI_URL LOKI_PUSH_ENDPOINT LOKI_PUSH_URL LOKI_ENDPOINT_URL LOKI_HOST LOKI_IP", ""},
      {"LOKI_TENANT_ID", ""},
      {"LOKI_HEADERS", ""},
      {"LOKI_AUTH_TOKEN LOKI_BEARER_TOKEN", ""},
      {"LOKI_USERNAME LOKI_USER", ""},
      {"LOKI_PASSWORD", ""},
      {"LOKI_API_KEY", ""},
      {"LOKI_LABELS", ""},
      {"LOKI_LOG_LABELS", ""},
      {"LOKI_EXTRA_LABELS", ""},
      {"OTEL_LABEL_*", ""},
      {"LOKI_APPLICATION_LABEL", ""},
      {"LOKI_ENV_LABEL", ""},
      {"SERVICE_NAME", ""},
      {"LOKI_EXTRACT_REQUEST_ID", "true"},
      {"LOKI_REQUEST_ID_AS", "metadata"},
      {"LOKI_STRUCTURED_METADATA", "true"},
      {"LOKI_EVENTS", "platform,function"},
      {"LOKI_DROP_PLATFORM", "platform.telemetrySubscription,platform.extension"},
      {"LOKI_MIN_LEVEL", ""},
      {"LOKI_PLATFORM_FORMAT", "json"},
      {"LOKI_DROP_MATCH", ""},
      {"LOKI_MASK", ""},
      {"LOKI_SAMPLE", ""},
      {"LOKI_BATCH_SIZE", "0"},
      {"LOKI_MAX_BATCH_SIZE_BYTES", "1048576"},
      {"LOKI_FLUSH_STRATEGY", "adaptive"},
      {"LOKI_FLUSH_INTERVAL_MS", "1000"},
      {"LOKI_IDLE_FLUSH_MULTIPLIER", "3"},
      {"LOKI_FLUSH_BUDGET_MS", "500"},
      {"DISPATCH_MIN_BATCH_SIZE", "1"},
      {"LOKI_MAX_RETRIES", "3"},
      {"LOKI_CRITICAL_FLUSH_RETRIES", "5"},
      {"LOKI_ENABLE_GZIP", "true"},
      {"LOKI_COMPRESSION_THRESHOLD", "1024"},
      {"LOKI_COMPRESSION_LEVEL", "1"},
      {"LOKI_MAX_LINE_SIZE", "262144"},
      {"BUFFER_SIZE", "0"},
      {"LOKI_MEMORY_LIMIT_BYTES", "8388608"},
      {"LOKI_SPOOL_DIR", "/tmp/sleipnir"},
      {"LOKI_SPOOL_MAX_BYTES", "67108864"},
      {"LOKI_DEAD_LETTER_S3_URI", ""},
      {"LOKI_LISTENER_PORT", "4327"},
      {"LOKI_CA_FILE SSL_CERT_FILE", ""},
      {"LOKI_CA_PEM", ""},
      {"LOKI_CLIENT_CERT_FILE", ""},
      {"LOKI_CLIENT_KEY_FILE", ""},
      {"LOKI_CLIENT_CERT", ""},
      {"LOKI_CLIENT_KEY", ""},
      {"LOKI_TLS_SERVER_NAME", ""},
      {"LOKI_TLS_INSECURE_SKIP_VERIFY", "false"},
      {"LOKI_PROXY HTTPS_PROXY https_proxy", ""},
      {"NO_PROXY no_proxy", ""},
      {"LOKI_CONNECT_TIMEOUT_MS", "2000"},
      {"LOKI_REQUEST_TIMEOUT_MS", "10000"},
      {"LOKI_LOG_LEVEL DEBUG_MODE", "warn"},
      {"LOKI_EXTENSION_ENABLED", "true"},
      {"LOKI_STRICT", "false"},
  };
  const Config defaults;
  std::set<std::string_view> documented;
  for (const Documented& expected : kDocumented) {
    CAPTURE(expected.names);
    documented.insert(expected.names);
    const auto rows = variables();
    const auto row =
        std::find_if(rows.begin(), rows.end(), [&](const Variable& v) { return v.names() == expected.names; });
    REQUIRE(row != rows.end());
    CHECK(effective_text(defaults, *row, test::texts()) == expected.value);
  }
  for (const Variable& variable : variables()) {
    CAPTURE(variable.names());
    CHECK((!variable.is_shown() || documented.count(variable.names()) == 1));
  }
}

TEST_CASE("accepted_forms_read_as_text") {
  const auto form = [](std::string_view name) {
    for (const Variable& variable : variables()) {
      if (variable.name() == name) return accepted_form(variable, test::texts());
    }
    return BorrowedText();
  };
  CHECK(form("LOKI_STRICT") == "true or false");
  CHECK(form("LOKI_FLUSH_BUDGET_MS") == "0 to 60000 ms");
  CHECK(form("LOKI_COMPRESSION_LEVEL") == "1 to 9");
  CHECK(form("LOKI_FLUSH_STRATEGY") == "adaptive, end or background");
  CHECK(form("LOKI_PLATFORM_FORMAT") == "json or text");
  CHECK(form("LOKI_MIN_LEVEL") == "trace, debug, info, warn, error or fatal");
}

}  // namespace sleipnir
