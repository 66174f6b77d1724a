#include "app/config_table.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <type_traits>

namespace sleipnir {

namespace {

// A row as it is written below; the program holds it packed.
struct Row {
  std::string_view names;
  Field field{};
  Range range{};
  std::string_view form{};
  std::string_view default_note{};
  std::string_view meaning{};
  Secrecy secrecy = Secrecy::kOpen;
};

// The field as the number that each of these enumerations is.
template <auto Member>
uint8_t& choice(Config& config) {
  static_assert(std::is_same_v<std::underlying_type_t<std::remove_reference_t<decltype(config.*Member)>>, uint8_t>);
  return reinterpret_cast<uint8_t&>(config.*Member);
}

constexpr Field kAsWritten;

BorrowedText endpoint_text(const Config& config, TextStore& texts) {
  return config.endpoint ? config.endpoint->url(texts) : "";
}

BorrowedText proxy_text(const Config& config, TextStore& texts) {
  return config.proxy ? texts.keep({"http://", config.proxy->authority}) : "";
}

BorrowedText events_text(const Config& config, TextStore& texts) {
  const ShippedEvents& events = config.events;
  const char* const between = events.platform && (events.function || events.extension) ? "," : "";
  return texts.keep({events.platform ? "platform" : "", between, events.function ? "function" : "",
                     events.function && events.extension ? "," : "", events.extension ? "extension" : ""});
}

BorrowedText drop_platform_text(const Config& config, TextStore&) {
  return config.drop_platform.empty() ? "none" : config.drop_platform;
}

BorrowedText service_name_text(const Config& config, TextStore&) {
  for (const NameValue& label : config.labels) {
    if (label.name == "service_name") return label.value;
  }
  return "";
}

constexpr uint64_t kKiB = 1024;
constexpr uint64_t kMiB = 1024 * kKiB;
constexpr uint64_t kGiB = 1024 * kMiB;

constexpr Row kRows[] = {
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
     .field = choice<&Config::request_id_as>,
     .form = "metadata|label|line|none",
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
     .field = choice<&Config::min_level>,
     .form = "|trace|debug|info|warn|error|fatal",
     .meaning = "function records below it are not shipped, and counted as filtered"},
    {.names = "LOKI_PLATFORM_FORMAT",
     .field = choice<&Config::platform_format>,
     .form = "json|text",
     .meaning = "platform events as JSON, or as the lines CloudWatch shows"},
    {.names = "LOKI_MAX_LINE_SIZE",
     .field = &Config::max_line_bytes,
     .range = {1 * kKiB, 1 * kMiB},
     .form = "bytes",
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
     .form = "entries",
     .meaning = "at most so many in a push; 0: bytes alone decide"},
    {.names = "LOKI_MAX_BATCH_SIZE_BYTES",
     .field = &Config::batch_bytes_max,
     .range = {64 * kKiB, 3584 * kKiB},
     .form = "bytes",
     .meaning = "at most so many in a push, before compression; never over a quarter of LOKI_MEMORY_LIMIT_BYTES"},
    {.names = "LOKI_FLUSH_STRATEGY",
     .field = choice<&Config::flush_strategy>,
     .form = "adaptive|end|background",
     .meaning = "flush at the end of each invocation, in the background, or as the gaps between invocations suggest"},
    {.names = "LOKI_FLUSH_INTERVAL_MS",
     .field = &Config::flush_interval,
     .range = {50, 600'000},
     .form = "ms",
     .meaning = "time between background flushes while an invocation runs"},
    {.names = "LOKI_IDLE_FLUSH_MULTIPLIER",
     .field = &Config::idle_flush_multiplier,
     .range = {1, 100},
     .meaning = "so many times longer between invocations"},
    {.names = "LOKI_FLUSH_BUDGET_MS",
     .field = &Config::flush_budget,
     .range = {0, 60'000},
     .form = "ms",
     .meaning = "the longest an invocation is held after the function is done"},
    {.names = "DISPATCH_MIN_BATCH_SIZE",
     .field = &Config::dispatch_min_entries,
     .range = {1, 1'000'000},
     .form = "entries",
     .meaning = "background flushes wait for so many"},
    {.names = "LOKI_MAX_RETRIES",
     .field = &Config::flush_attempts,
     .range = {1, 100},
     .form = "attempts",
     .meaning = "within one flush; what is not delivered then is kept, not lost"},
    {.names = "LOKI_CRITICAL_FLUSH_RETRIES",
     .field = &Config::critical_flush_attempts,
     .range = {1, 100},
     .form = "attempts",
     .meaning = "within the flush at the end of an invocation and at shutdown"},
    {.names = "LOKI_ENABLE_GZIP", .field = &Config::gzip, .meaning = "compress pushes"},
    {.names = "LOKI_COMPRESSION_THRESHOLD",
     .field = &Config::compression_threshold_bytes,
     .range = {0, 16 * kMiB},
     .form = "bytes",
     .meaning = "smaller pushes are not compressed"},
    {.names = "LOKI_COMPRESSION_LEVEL",
     .field = &Config::compression_level,
     .range = {1, 9},
     .meaning = "higher is smaller and slower"},

    // --- Memory and disk ---
    {.names = "BUFFER_SIZE",
     .field = &Config::buffer_entries_max,
     .range = {0, 10'000'000},
     .form = "entries",
     .meaning = "at most so many in memory; 0: bytes alone decide"},
    {.names = "LOKI_MEMORY_LIMIT_BYTES",
     .field = &Config::memory_limit_bytes,
     .range = {4 * kMiB, 1 * kGiB},
     .form = "bytes",
     .meaning = "ceiling for everything that holds records"},
    {.names = "LOKI_SPOOL_DIR",
     .field = &Config::spool_dir,
     .form = "absolute path",
     .meaning = "where records wait on disk that memory cannot hold or a restart would lose"},
    {.names = "LOKI_SPOOL_MAX_BYTES",
     .field = &Config::spool_bytes_max,
     .range = {0, 10 * kGiB},
     .form = "bytes",
     .meaning = "at most so many on disk; 0 switches the spool off"},
    {.names = "LOKI_DEAD_LETTER_S3_URI",
     .field = &Config::dead_letter_uri,
     .form = "s3://bucket/prefix",
     .meaning = "where records are put that would be dropped; for `sleipnir replay`"},

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
    {.names = "LOKI_CLIENT_CERT",
     .field = kAsWritten,
     .form = "PEM text",
     .meaning = "in place of LOKI_CLIENT_CERT_FILE, the certificate itself"},
    {.names = "LOKI_CLIENT_KEY",
     .field = kAsWritten,
     .form = "PEM text",
     .meaning = "in place of LOKI_CLIENT_KEY_FILE, the key itself",
     .secrecy = Secrecy::kSecret},
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
     .form = "ms",
     .meaning = "for connecting and the TLS handshake"},
    {.names = "LOKI_REQUEST_TIMEOUT_MS",
     .field = &Config::request_timeout,
     .range = {10, 300'000},
     .form = "ms",
     .meaning = "for one push, from its first byte to the answer"},

    // --- Ourselves ---
    {.names = "LOKI_LOG_LEVEL DEBUG_MODE",
     .field = choice<&Config::log_level>,
     .form = "error|warn|info|debug",
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
    {.names = "AWS_ENDPOINT_URL_S3", .field = kAsWritten},
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

constexpr size_t kRowCount = std::size(kRows);

constexpr size_t kNameCount = [] {
  size_t count = kRowCount;
  for (const Row& row : kRows) count += static_cast<size_t>(std::count(row.names.begin(), row.names.end(), ' '));
  return count;
}();

constexpr size_t kTextBytes = [] {
  size_t bytes = 1;  // the empty text
  for (const Row& row : kRows) {
    for (const std::string_view text : {row.names, row.form, row.default_note, row.meaning}) {
      bytes += text.empty() ? 0 : text.size() + 1;
    }
  }
  return bytes;
}();
static_assert(kTextBytes <= UINT16_MAX);

constexpr size_t kRangeCount =
    1 + static_cast<size_t>(
            std::count_if(std::begin(kRows), std::end(kRows), [](const Row& row) { return row.range.most != 0; }));

constexpr bool is_own(const Field& field) {
  return field.kind != Field::Kind::kOther || field.other != nullptr;
}

constexpr size_t kFieldCount = 1 + static_cast<size_t>(std::count_if(std::begin(kRows), std::end(kRows),
                                                                     [](const Row& row) { return is_own(row.field); }));

struct Table {
  std::array<Field, kFieldCount> fields{};
  std::array<Range, kRangeCount> ranges{};
  std::array<char, kTextBytes> texts{};
  std::array<Variable, kRowCount> rows{};
  std::array<VariableName, kNameCount> names{};
};

constexpr Table kTable = [] {
  Table table;
  size_t at = 1;
  size_t name_count = 0;
  uint8_t field_count = 1;  // behind the one of all that have none
  uint8_t range_count = 1;
  const auto keep = [&](std::string_view text) {
    if (text.empty()) return uint16_t{0};
    const size_t begin = at;
    for (const char c : text) table.texts[at++] = c;
    at++;
    return static_cast<uint16_t>(begin);
  };
  for (uint8_t index = 0; index < kRowCount; index++) {
    const Row& row = kRows[index];
    table.rows[index] = {.secrecy = row.secrecy,
                         .field_at = is_own(row.field) ? field_count : uint8_t{0},
                         .range_at = row.range.most == 0 ? uint8_t{0} : range_count,
                         .names_at = keep(row.names),
                         .form_at = keep(row.form),
                         .default_note_at = keep(row.default_note),
                         .meaning_at = keep(row.meaning)};
    if (is_own(row.field)) table.fields[field_count++] = row.field;
    if (row.range.most != 0) table.ranges[range_count++] = row.range;
    size_t begin = 0;
    for (uint8_t rank = 0; begin < row.names.size(); rank++) {
      const size_t bytes = std::min(row.names.find(' ', begin), row.names.size()) - begin;
      table.names[name_count++] = {.at = static_cast<uint16_t>(table.rows[index].names_at + begin),
                                   .bytes = static_cast<uint8_t>(bytes),
                                   .row = index,
                                   .rank = rank};
      begin += bytes + 1;
    }
  }
  const auto text_of = [&](const VariableName& name) { return std::string_view(&table.texts[name.at], name.bytes); };
  std::sort(table.names.begin(), table.names.end(),
            [&](const auto& a, const auto& b) { return name_before(text_of(a), text_of(b)); });
  return table;
}();

constexpr const char* text_at(uint16_t at) {
  return &kTable.texts[at];
}

static_assert(std::adjacent_find(kTable.names.begin(), kTable.names.end(),
                                 [](const auto& a, const auto& b) {
                                   return std::string_view(text_at(a.at), a.bytes) ==
                                          std::string_view(text_at(b.at), b.bytes);
                                 }) == kTable.names.end(),
              "a name stands in the table once");

}  // namespace

std::string_view Variable::names() const {
  return text_at(names_at);
}
const Field& Variable::field() const {
  return kTable.fields[field_at];
}
const Range& Variable::range() const {
  return kTable.ranges[range_at];
}
const char* Variable::form() const {
  return text_at(form_at);
}
const char* Variable::default_note() const {
  return text_at(default_note_at);
}
const char* Variable::meaning() const {
  return text_at(meaning_at);
}

std::string_view VariableName::name() const {
  return {text_at(at), bytes};
}

std::span<const Variable> variables() {
  return kTable.rows;
}

std::span<const VariableName> variable_names() {
  return kTable.names;
}

}  // namespace sleipnir
