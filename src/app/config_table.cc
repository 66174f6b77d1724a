#include "app/config_table.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <iterator>
#include <type_traits>

namespace sleipnir {

namespace {

template <auto Member>
constexpr ChoiceField choice(const char* words) {
  return {
      .words = words,
      .set =
          [](Config& config, uint8_t index) {
            config.*Member = static_cast<std::remove_reference_t<decltype(config.*Member)>>(index);
          },
      .get = [](const Config& config) { return static_cast<uint8_t>(config.*Member); },
  };
}

// A row whose value is no single field, and which shows what the variable says.
constexpr Field kAsWritten{static_cast<std::string (*)(const Config&)>(nullptr)};

std::string endpoint_text(const Config& config) {
  return config.endpoint ? config.endpoint->url() : "";
}

std::string proxy_text(const Config& config) {
  return config.proxy ? "http://" + config.proxy->authority() : "";
}

std::string events_text(const Config& config) {
  std::string text;
  if (config.events.platform) text += ",platform";
  if (config.events.function) text += ",function";
  if (config.events.extension) text += ",extension";
  return text.empty() ? text : text.substr(1);
}

std::string drop_platform_text(const Config& config) {
  std::string text;
  for (const std::string& type : config.drop_platform) text += (text.empty() ? "" : ",") + type;
  return text.empty() ? "none" : text;
}

std::string service_name_text(const Config& config) {
  for (const NameValue& label : config.labels) {
    if (label.name == "service_name") return label.value;
  }
  return "";
}

constexpr uint64_t kKiB = 1024;
constexpr uint64_t kMiB = 1024 * kKiB;
constexpr uint64_t kGiB = 1024 * kMiB;

constexpr Variable kVariables[] = {
    // --- Where to, and as whom ---
    {.names = "LOKI_ENDPOINT LOKI_URL LOKI_PUSH_ENDPOINT LOKI_PUSH_URL LOKI_ENDPOINT_URL LOKI_HOST LOKI_IP",
     .field = endpoint_text,
     .form = "https://host[:port][/path]",
     .meaning =
         "where Loki is; a path that does not end in /push gets /loki/api/v1/push appended; without a scheme "
         "https, but http on port 3100; LOKI_HOST: host only, https; LOKI_IP: host or base URL, http, port 3100"},
    {.names = "LOKI_TENANT_ID",
     .field = &Config::tenant_id,
     .form = "letters, digits and !-_.*'(), at most 150 bytes",
     .meaning = "sent as X-Scope-OrgID"},
    {.names = "LOKI_AUTH_TOKEN LOKI_BEARER_TOKEN",
     .field = kAsWritten,
     .form = "text",
     .meaning = "bearer token; a value that begins with `Bearer ` or `Basic ` is sent as it is",
     .secrecy = Secrecy::kSecret},
    {.names = "LOKI_USERNAME LOKI_USER",
     .field = kAsWritten,
     .form = "text without a colon",
     .meaning = "basic authorization with LOKI_PASSWORD; LOKI_USER also with LOKI_API_KEY"},
    {.names = "LOKI_PASSWORD",
     .field = kAsWritten,
     .form = "text",
     .meaning = "basic authorization with LOKI_USERNAME",
     .secrecy = Secrecy::kSecret},
    {.names = "LOKI_API_KEY",
     .field = kAsWritten,
     .form = "text",
     .meaning = "beside LOKI_USER the password of basic authorization, else a bearer token",
     .secrecy = Secrecy::kSecret},
    {.names = "LOKI_HEADERS",
     .field = kAsWritten,
     .form = "JSON object of texts",
     .default_note = "{}",
     .meaning = "further request headers; Authorization or X-Scope-OrgID in it come before all other variables",
     .secrecy = Secrecy::kSecret},

    // --- What is sent ---
    {.names = "LOKI_LABELS", .field = kAsWritten, .form = "JSON object of texts", .meaning = "custom labels"},
    {.names = "LOKI_LOG_LABELS", .field = kAsWritten, .form = "name=value,name=value", .meaning = "custom labels"},
    {.names = "LOKI_EXTRA_LABELS", .field = kAsWritten, .form = "name,value,name,value", .meaning = "custom labels"},
    {.names = "OTEL_LABEL_*",
     .field = kAsWritten,
     .form = "text",
     .meaning = "one custom label each, named in lower case: OTEL_LABEL_TEAM is the label team"},
    {.names = "LOKI_APPLICATION_LABEL", .field = kAsWritten, .form = "text", .meaning = "label application"},
    {.names = "LOKI_ENV_LABEL", .field = kAsWritten, .form = "text", .meaning = "label environment"},
    {.names = "SERVICE_NAME",
     .field = service_name_text,
     .form = "text",
     .default_note = "the function's name",
     .meaning = "label service_name"},
    {.names = "LOKI_EXTRACT_REQUEST_ID", .field = &Config::extract_request_id, .meaning = "attach the request id"},
    {.names = "LOKI_REQUEST_ID_AS",
     .field = choice<&Config::request_id_as>("metadata|label|line|none"),
     .meaning = "how it is attached: structured metadata; a label (one stream for each request: costly); in front of "
                "the line, for a Loki without structured metadata"},
    {.names = "LOKI_STRUCTURED_METADATA",
     .field = &Config::structured_metadata,
     .meaning = "false: labels only, for a Loki before 3.0"},
    {.names = "LOKI_EVENTS",
     .field = events_text,
     .form = "list of platform, function, extension",
     .meaning = "what is shipped"},
    {.names = "LOKI_DROP_PLATFORM",
     .field = drop_platform_text,
     .form = "list of platform event types, or none",
     .meaning = "platform events that are not shipped"},
    {.names = "LOKI_MIN_LEVEL",
     .field = choice<&Config::min_level>("|trace|debug|info|warn|error|fatal"),
     .meaning = "function records below it are not shipped, and counted as filtered"},
    {.names = "LOKI_PLATFORM_FORMAT",
     .field = choice<&Config::platform_format>("json|text"),
     .meaning = "platform events as JSON, or as the lines CloudWatch shows"},
    {.names = "LOKI_MAX_LINE_SIZE",
     .field = &Config::max_line_bytes,
     .range = {1 * kKiB, 1 * kMiB},
     .unit = "bytes",
     .meaning = "longer lines are split, nothing is cut away"},

    {.names = "LOKI_DROP_MATCH",
     .field = &Config::drop_match,
     .form = "text",
     .meaning = "lines of the function with this text in them are not shipped, and counted as filtered"},
    {.names = "LOKI_MASK",
     .field = kAsWritten,
     .form = "JSON array of texts and patterns",
     .meaning = "what is replaced in the function's lines before they are kept or sent: see below",
     .secrecy = Secrecy::kSecret},

    {.names = "LOKI_SAMPLE",
     .field = kAsWritten,
     .form = "number from 0 to 1",
     .default_note = "1",
     .meaning = "share of the invocations that are shipped; those that fail, time out or log an error are shipped all"},

    // --- Batches and flushes ---
    {.names = "LOKI_BATCH_SIZE",
     .field = &Config::batch_entries_max,
     .range = {0, 10'000'000},
     .unit = "entries",
     .meaning = "at most so many in a push; 0: bytes alone decide"},
    {.names = "LOKI_MAX_BATCH_SIZE_BYTES",
     .field = &Config::batch_bytes_max,
     .range = {64 * kKiB, 3584 * kKiB},
     .unit = "bytes",
     .meaning = "at most so many in a push, before compression; never over a quarter of LOKI_MEMORY_LIMIT_BYTES"},
    {.names = "LOKI_FLUSH_STRATEGY",
     .field = choice<&Config::flush_strategy>("adaptive|end|background"),
     .meaning = "flush at the end of each invocation, in the background, or as the gaps between invocations suggest"},
    {.names = "LOKI_FLUSH_INTERVAL_MS",
     .field = &Config::flush_interval,
     .range = {50, 600'000},
     .unit = "ms",
     .meaning = "time between background flushes while an invocation runs"},
    {.names = "LOKI_IDLE_FLUSH_MULTIPLIER",
     .field = &Config::idle_flush_multiplier,
     .range = {1, 100},
     .meaning = "so many times longer between invocations"},
    {.names = "LOKI_FLUSH_BUDGET_MS",
     .field = &Config::flush_budget,
     .range = {0, 60'000},
     .unit = "ms",
     .meaning = "the longest an invocation is held after the function is done"},
    {.names = "DISPATCH_MIN_BATCH_SIZE",
     .field = &Config::dispatch_min_entries,
     .range = {1, 1'000'000},
     .unit = "entries",
     .meaning = "background flushes wait for so many"},
    {.names = "LOKI_MAX_RETRIES",
     .field = &Config::flush_attempts,
     .range = {1, 100},
     .unit = "attempts",
     .meaning = "within one flush; what is not delivered then is kept, not lost"},
    {.names = "LOKI_CRITICAL_FLUSH_RETRIES",
     .field = &Config::critical_flush_attempts,
     .range = {1, 100},
     .unit = "attempts",
     .meaning = "within the flush at the end of an invocation and at shutdown"},
    {.names = "LOKI_ENABLE_GZIP", .field = &Config::gzip, .meaning = "compress pushes"},
    {.names = "LOKI_COMPRESSION_THRESHOLD",
     .field = &Config::compression_threshold_bytes,
     .range = {0, 16 * kMiB},
     .unit = "bytes",
     .meaning = "smaller pushes are not compressed"},
    {.names = "LOKI_COMPRESSION_LEVEL",
     .field = &Config::compression_level,
     .range = {1, 9},
     .meaning = "higher is smaller and slower"},

    // --- Memory and disk ---
    {.names = "BUFFER_SIZE",
     .field = &Config::buffer_entries_max,
     .range = {0, 10'000'000},
     .unit = "entries",
     .meaning = "at most so many in memory; 0: bytes alone decide"},
    {.names = "LOKI_MEMORY_LIMIT_BYTES",
     .field = &Config::memory_limit_bytes,
     .range = {4 * kMiB, 1 * kGiB},
     .unit = "bytes",
     .meaning = "ceiling for everything that holds records"},
    {.names = "LOKI_SPOOL_DIR",
     .field = &Config::spool_dir,
     .form = "absolute path",
     .meaning = "where records wait on disk that memory cannot hold or a restart would lose"},
    {.names = "LOKI_SPOOL_MAX_BYTES",
     .field = &Config::spool_bytes_max,
     .range = {0, 10 * kGiB},
     .unit = "bytes",
     .meaning = "at most so many on disk; 0 switches the spool off"},

    // --- Network ---
    {.names = "LOKI_LISTENER_PORT",
     .field = &Config::listener_port,
     .range = {1024, 65535},
     .meaning = "where Lambda delivers telemetry, inside the execution environment"},
    {.names = "LOKI_CA_FILE SSL_CERT_FILE",
     .field = &Config::ca_file,
     .form = "path of a PEM file",
     .meaning = "certificate authorities trusted beside the system's"},
    {.names = "LOKI_CA_PEM",
     .field = &Config::ca_pem,
     .form = "PEM text",
     .meaning = "certificate authorities trusted beside the system's"},
    {.names = "LOKI_CLIENT_CERT_FILE",
     .field = &Config::client_cert_file,
     .form = "path of a PEM file",
     .meaning = "mutual TLS: our certificate, together with LOKI_CLIENT_KEY_FILE"},
    {.names = "LOKI_CLIENT_KEY_FILE",
     .field = &Config::client_key_file,
     .form = "path of a PEM file",
     .meaning = "mutual TLS: its private key"},
    {.names = "LOKI_TLS_SERVER_NAME",
     .field = &Config::tls_server_name,
     .form = "host name or address",
     .default_note = "the endpoint's host",
     .meaning = "the name the server's certificate has to carry, also sent as SNI"},
    {.names = "LOKI_TLS_INSECURE_SKIP_VERIFY",
     .field = &Config::tls_insecure_skip_verify,
     .meaning = "true: any certificate is taken, so anybody in between can read the logs and the credentials"},
    {.names = "LOKI_PROXY HTTPS_PROXY https_proxy",
     .field = proxy_text,
     .form = "http://[user:password@]host:port",
     .meaning = "HTTP CONNECT proxy on the way to Loki; never used for Lambda's own interfaces"},
    {.names = "NO_PROXY no_proxy",
     .field = kAsWritten,
     .form = "list of hosts, domains and networks, or *",
     .meaning = "where the proxy is not used"},
    {.names = "LOKI_CONNECT_TIMEOUT_MS",
     .field = &Config::connect_timeout,
     .range = {10, 60'000},
     .unit = "ms",
     .meaning = "for connecting and the TLS handshake"},
    {.names = "LOKI_REQUEST_TIMEOUT_MS",
     .field = &Config::request_timeout,
     .range = {10, 300'000},
     .unit = "ms",
     .meaning = "for one push, from its first byte to the answer"},

    // --- Ourselves ---
    {.names = "LOKI_LOG_LEVEL DEBUG_MODE",
     .field = choice<&Config::log_level>("error|warn|info|debug"),
     .meaning = "our own lines on stderr; DEBUG_MODE=true: debug"},
    {.names = "LOKI_EXTENSION_ENABLED", .field = &Config::extension_enabled, .meaning = "false: do nothing at all"},
    {.names = "LOKI_STRICT",
     .field = &Config::strict,
     .meaning = "true: an error in the configuration fails the function's start; without it the function always runs"},

    // --- What Lambda sets ---
    {.names = "AWS_ACCESS_KEY_ID", .field = kAsWritten},
    {.names = "AWS_CONTAINER_AUTHORIZATION_TOKEN", .field = kAsWritten, .secrecy = Secrecy::kSecret},
    {.names = "AWS_CONTAINER_CREDENTIALS_FULL_URI", .field = kAsWritten},
    {.names = "AWS_ENDPOINT_URL", .field = kAsWritten},
    {.names = "AWS_ENDPOINT_URL_SECRETS_MANAGER", .field = kAsWritten},
    {.names = "AWS_ENDPOINT_URL_SSM", .field = kAsWritten},
    {.names = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", .field = kAsWritten},
    {.names = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", .field = kAsWritten},
    {.names = "AWS_LAMBDA_FUNCTION_NAME", .field = kAsWritten},
    {.names = "AWS_LAMBDA_FUNCTION_VERSION", .field = kAsWritten},
    {.names = "AWS_LAMBDA_INITIALIZATION_TYPE", .field = kAsWritten},
    {.names = "AWS_LAMBDA_LOG_FORMAT", .field = kAsWritten},
    {.names = "AWS_LAMBDA_RUNTIME_API", .field = kAsWritten},
    {.names = "AWS_REGION AWS_DEFAULT_REGION", .field = kAsWritten},
    {.names = "AWS_SECRET_ACCESS_KEY", .field = kAsWritten, .secrecy = Secrecy::kSecret},
    {.names = "AWS_SESSION_TOKEN", .field = kAsWritten, .secrecy = Secrecy::kSecret},
    {.names = "AWS_USE_DUALSTACK_ENDPOINT", .field = kAsWritten},
    {.names = "AWS_USE_FIPS_ENDPOINT", .field = kAsWritten},
};

constexpr size_t count_names() {
  size_t count = 0;
  for (const Variable& variable : kVariables) {
    count += 1 + static_cast<size_t>(std::count(variable.names.begin(), variable.names.end(), ' '));
  }
  return count;
}

constexpr auto kNames = [] {
  std::array<VariableName, count_names()> names{};
  size_t count = 0;
  for (uint8_t row = 0; row < std::size(kVariables); row++) {
    std::string_view rest = kVariables[row].names;
    for (uint8_t rank = 0; !rest.empty(); rank++) {
      const std::string_view name = rest.substr(0, rest.find(' '));
      names[count++] = {name, row, rank};
      rest.remove_prefix(std::min(name.size() + 1, rest.size()));
    }
  }
  std::sort(names.begin(), names.end(), [](auto& a, auto& b) { return name_before(a.name, b.name); });
  return names;
}();

static_assert(std::adjacent_find(kNames.begin(), kNames.end(), [](auto& a, auto& b) { return a.name == b.name; }) ==
                  kNames.end(),
              "a name stands in the table once");

// "a, b or c" of "|a|b|c".
std::string spoken_words(std::string_view words) {
  std::string text;
  while (!words.empty()) {
    const std::string_view word = words.substr(0, words.find('|'));
    words.remove_prefix(word.size());
    const bool last = words.empty();
    if (!last) words.remove_prefix(1);
    if (word.empty()) continue;
    if (!text.empty()) text += last ? " or " : ", ";
    text += word;
  }
  return text;
}

std::string number_text(uint64_t number) {
  char text[24];
  snprintf(text, sizeof(text), "%llu", static_cast<unsigned long long>(number));
  return text;
}

std::string_view word_at(std::string_view words, size_t index) {
  for (; index != 0; index--) {
    const size_t bar = words.find('|');
    if (bar == std::string_view::npos) return {};
    words.remove_prefix(bar + 1);
  }
  return words.substr(0, words.find('|'));
}

}  // namespace

std::span<const Variable> variables() {
  return kVariables;
}

std::span<const VariableName> variable_names() {
  return kNames;
}

std::string effective_text(const Config& config, const Variable& variable) {
  const Field& field = variable.field;
  switch (field.kind) {
    case Field::Kind::kFlag: return config.*field.flag ? "true" : "false";
    case Field::Kind::kCount: return number_text(config.*field.count);
    case Field::Kind::kPort: return number_text(config.*field.port);
    case Field::Kind::kDuration: return number_text(static_cast<uint64_t>((config.*field.duration).count()));
    case Field::Kind::kText: return config.*field.text;
    case Field::Kind::kChoice: return std::string(word_at(field.choice.words, field.choice.get(config)));
    case Field::Kind::kOther: return field.other == nullptr ? std::string() : field.other(config);
  }
  return {};
}

std::string default_text(const Variable& variable) {
  return effective_text(Config{}, variable);
}

std::string accepted_form(const Variable& variable) {
  switch (variable.field.kind) {
    case Field::Kind::kFlag: return "true or false";
    case Field::Kind::kCount:
    case Field::Kind::kPort:
    case Field::Kind::kDuration: {
      std::string form = number_text(variable.range.least) + " to " + number_text(variable.range.most);
      if (*variable.unit != '\0') form.append(" ").append(variable.unit);
      return form;
    }
    case Field::Kind::kChoice: return spoken_words(variable.field.choice.words);
    case Field::Kind::kText:
    case Field::Kind::kOther: return variable.form;
  }
  return {};
}

}  // namespace sleipnir
