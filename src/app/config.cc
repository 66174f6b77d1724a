#include "app/config.h"

#include <algorithm>

#include "app/config_aws.h"
#include "app/config_identity.h"
#include "app/config_labels.h"
#include "app/config_problems.h"
#include "app/config_rules.h"
#include "app/config_secrets.h"
#include "app/config_settings.h"
#include "app/config_target.h"
#include "app/config_texts.h"
#include "app/config_values.h"
#include "base/ascii.h"

namespace sleipnir {

namespace {

void note_not_understood(const Variable& variable, const Setting& setting, Problems& problems) {
  TextStore texts;
  const BorrowedText fallback = default_text(variable, texts);
  problems.error("%s=%s is not understood; accepted: %s; %s%s is used", Shown(setting.name).text(),
                 Shown(setting.value).text(), accepted_form(variable, texts).c_str(),
                 fallback.empty() ? "the default" : "the default ", fallback.c_str());
}

// The number, clamped into the row's range; nothing if the text is none.
std::optional<uint64_t> parse_number(const Variable& variable, const Setting& setting, Problems& problems) {
  const std::optional<Integer> parsed = parse_integer(setting.value);
  if (!parsed) {
    note_not_understood(variable, setting, problems);
    return std::nullopt;
  }
  const Range& range = variable.range();
  const bool negative = parsed->negative && parsed->value != 0;
  const uint64_t clamped = negative ? range.least : std::clamp(parsed->value, range.least, range.most);
  if (negative || clamped != parsed->value) {
    TextStore texts;
    problems.warning("%s=%s is out of range; accepted: %s; %llu is used", Shown(setting.name).text(),
                     Shown(setting.value).text(), accepted_form(variable, texts).c_str(),
                     static_cast<unsigned long long>(clamped));
  }
  return clamped;
}

void apply(const Variable& variable, const Setting& setting, Config& config, Problems& problems) {
  const Field& field = variable.field();
  switch (field.kind) {
    case Field::Kind::kFlag:
      if (const std::optional<bool> flag = parse_bool(setting.value)) {
        config.*field.flag = *flag;
      } else {
        note_not_understood(variable, setting, problems);
      }
      return;
    case Field::Kind::kCount:
      if (const auto number = parse_number(variable, setting, problems)) {
        config.*field.count = static_cast<size_t>(*number);
      }
      return;
    case Field::Kind::kPort:
      if (const auto number = parse_number(variable, setting, problems)) {
        config.*field.port = static_cast<uint16_t>(*number);
      }
      return;
    case Field::Kind::kDuration:
      if (const auto number = parse_number(variable, setting, problems)) {
        config.*field.duration = Milliseconds(static_cast<int64_t>(*number));
      }
      return;
    case Field::Kind::kChoice: {
      const std::string_view word = equal_ignoring_case(trimmed(setting.value), "warning") ? "warn" : setting.value;
      if (const std::optional<uint8_t> index = parse_choice(word, variable.form())) {
        field.choice(config) = *index;
      } else {
        note_not_understood(variable, setting, problems);
      }
      return;
    }
    case Field::Kind::kText: config.*field.text = setting.value; return;
    case Field::Kind::kOther: return;  // parsed by name below
  }
}

void apply_events(const Setting& setting, Config& config, Problems& problems) {
  if (!setting) return;
  ShippedEvents events{.platform = false, .function = false, .extension = false};
  std::string_view rest = setting.value;
  for (std::string_view item; !(item = next_item(rest)).empty();) {
    const std::optional<uint8_t> index = parse_choice(item, "platform|function|extension");
    if (!index) {
      problems.error(
          "LOKI_EVENTS: %s is not understood and is left out; accepted: a list of platform, function, extension",
          Shown(item).text());
      continue;
    }
    events.platform |= *index == 0;
    events.function |= *index == 1;
    events.extension |= *index == 2;
  }
  if (events.platform || events.function || events.extension) {
    config.events = events;
  } else {
    problems.error("LOKI_EVENTS=%s names nothing to ship; the default platform,function is used",
                   Shown(setting.value).text());
  }
}

void apply_drop_platform(const Setting& setting, Config& config, Problems& problems) {
  static constexpr std::string_view kPrefix = "platform.";
  if (!setting) return;
  config.drop_platform = {};
  if (equal_ignoring_case(trimmed(setting.value), "none")) return;
  std::string_view rest = setting.value;
  for (std::string_view item; !(item = next_item(rest)).empty();) {
    const std::string_view type = item.starts_with(kPrefix) ? item.substr(kPrefix.size()) : item;
    const bool word = !type.empty() &&
                      std::all_of(type.begin(), type.end(), [](char c) { return is_letter_or_digit(c) || c == '_'; });
    if (word) {
      const std::string_view before = config.drop_platform;
      config.drop_platform = config.texts.keep({before, before.empty() ? "" : ",", kPrefix, type});
    } else {
      problems.error(
          "LOKI_DROP_PLATFORM: %s is no platform event type and is left out; accepted: a list such as "
          "platform.start,platform.report, or none",
          Shown(item).text());
    }
  }
}

// What holds between values, and what a plain text must look like.
void check_values(const Settings& settings, Config& config, Problems& problems) {
  const size_t quarter = config.memory_limit_bytes / 4;
  if (config.batch_bytes_max > quarter) {
    problems.warning("LOKI_MAX_BATCH_SIZE_BYTES=%zu is more than a quarter of LOKI_MEMORY_LIMIT_BYTES=%zu; %zu is used",
                     config.batch_bytes_max, config.memory_limit_bytes, quarter);
    config.batch_bytes_max = quarter;
  }
  if (config.request_id_as == RequestIdAs::kLabel) {
    problems.warning(
        "LOKI_REQUEST_ID_AS=label makes one stream of each request, which slows Loki down and soon meets its "
        "limit on streams; metadata is the way meant for it");
  }
  if (!config.spool_dir.starts_with('/')) {
    problems.error("LOKI_SPOOL_DIR=%s is no absolute path; the default %s is used", Shown(config.spool_dir).text(),
                   Config::kSpoolDir);
    config.spool_dir = Config::kSpoolDir;
  }
  if (!config.ca_pem.empty() && config.ca_pem.find("-----BEGIN CERTIFICATE-----") == std::string_view::npos) {
    problems.error("LOKI_CA_PEM holds no certificate and is not used; it begins with -----BEGIN CERTIFICATE-----");
    config.ca_pem = {};
  }
  if (const Setting& name = settings["LOKI_TLS_SERVER_NAME"]; name && !valid_server_name(name.value)) {
    problems.error("LOKI_TLS_SERVER_NAME=%s is neither a host name nor an address; the endpoint's host is used",
                   Shown(name.value).text());
    config.tls_server_name = {};
  }
  if (config.tls_insecure_skip_verify) {
    problems.warning(
        "LOKI_TLS_INSECURE_SKIP_VERIFY=true: the server's certificate is not verified, anybody in between can "
        "read the logs and the credentials; a private authority belongs into LOKI_CA_FILE");
  }
}

// A certificate and its key, each in a file or in the variable itself.
void check_client_certificate(Config& config, Problems& problems) {
  Credentials& given = config.credentials;
  const bool certificate = !config.client_cert_file.empty() || !given.client_cert.empty();
  const bool key = !config.client_key_file.empty() || !given.client_key.empty();
  if (certificate == key) return;
  const char* const only = certificate ? given.client_cert.empty() ? "LOKI_CLIENT_CERT_FILE" : "LOKI_CLIENT_CERT"
                           : given.client_key.empty() ? "LOKI_CLIENT_KEY_FILE"
                                                      : "LOKI_CLIENT_KEY";
  problems.error("%s is set without %s; mutual TLS needs both and is not used", only,
                 certificate ? "LOKI_CLIENT_KEY_FILE" : "LOKI_CLIENT_CERT_FILE");
  config.client_cert_file = config.client_key_file = given.client_cert = given.client_key = {};
}

void load_lambda(const Settings& settings, LambdaEnvironment& lambda) {
  lambda.runtime_api = settings["AWS_LAMBDA_RUNTIME_API"].value;
  lambda.function_name = settings["AWS_LAMBDA_FUNCTION_NAME"].value;
  lambda.function_version = settings["AWS_LAMBDA_FUNCTION_VERSION"].value;
  lambda.region = settings["AWS_REGION"].value;
  lambda.json_log_format = equal_ignoring_case(settings["AWS_LAMBDA_LOG_FORMAT"].value, "JSON");
  lambda.access_key_id = settings["AWS_ACCESS_KEY_ID"].value;
  lambda.secret_access_key = settings["AWS_SECRET_ACCESS_KEY"].value;
  lambda.session_token = settings["AWS_SESSION_TOKEN"].value;
  lambda.container_credentials_uri = settings["AWS_CONTAINER_CREDENTIALS_FULL_URI"].value;
  lambda.container_credentials_token = settings["AWS_CONTAINER_AUTHORIZATION_TOKEN"].value;
  const std::optional<Integer> memory = parse_integer(settings["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"].value);
  if (memory && !memory->negative && memory->value <= UINT32_MAX)
    lambda.memory_mb = static_cast<uint32_t>(memory->value);
  const auto type = parse_choice(settings["AWS_LAMBDA_INITIALIZATION_TYPE"].value,
                                 "on-demand|provisioned-concurrency|snap-start|lambda-managed-instances");
  // A type we do not know is treated like the ordinary one.
  if (type) lambda.initialization_type = static_cast<InitializationType>(*type);
}

void load_credentials(const Settings& settings, Credentials& credentials) {
  const Setting& token = settings["LOKI_AUTH_TOKEN"];
  const Setting& username = settings["LOKI_USERNAME"];
  credentials.headers = settings["LOKI_HEADERS"].value;
  credentials.tenant_id = settings["LOKI_TENANT_ID"].value;
  credentials.token = token.value;
  credentials.user = settings.exactly("LOKI_USER");
  credentials.api_key = settings["LOKI_API_KEY"].value;
  credentials.username = username.value;
  credentials.password = settings["LOKI_PASSWORD"].value;
  credentials.client_cert = settings["LOKI_CLIENT_CERT"].value;
  credentials.client_key = settings["LOKI_CLIENT_KEY"].value;
  if (token) credentials.token_variable = token.name;
  if (username) credentials.username_variable = username.name;
}

}  // namespace

bool Config::has_errors() const {
  return std::any_of(problems.begin(), problems.end(),
                     [](const ConfigProblem& problem) { return problem.severity == Severity::kError; });
}

Config load_config(Environment environment) {
  Config config;
  TextStore& texts = config.texts;
  Problems problems(config.problems, texts);
  const Settings settings(environment, problems);

  const std::span<const Variable> rows = variables();
  for (size_t row = 0; row < rows.size(); row++) {
    if (settings[row]) apply(rows[row], settings[row], config, problems);
  }
  apply_events(settings["LOKI_EVENTS"], config, problems);
  apply_drop_platform(settings["LOKI_DROP_PLATFORM"], config, problems);
  apply_masks(settings["LOKI_MASK"], config, problems);
  apply_sample(settings["LOKI_SAMPLE"], config, problems);
  check_values(settings, config, problems);

  load_lambda(settings, config.lambda);
  config.labels = load_labels(settings, config.request_id_as, config.lambda.function_name, problems, texts);
  // Who switched us off does not have to say where Loki is.
  if (config.extension_enabled) config.endpoint = load_endpoint(settings, problems, texts);
  if (config.endpoint) config.proxy = load_proxy(settings, *config.endpoint, problems, texts);

  load_credentials(settings, config.credentials);
  load_secrets(settings, config, problems);
  check_client_certificate(config, problems);
  config.dead_letter = load_dead_letter(settings, config.lambda, problems, texts);
  const Endpoint* const endpoint = config.endpoint ? &*config.endpoint : nullptr;
  const RequestIdentity identity = compose_identity(config.credentials, endpoint, problems, texts);
  config.authorization = identity.authorization;
  config.authorization_source = identity.source;
  config.tenant_id = identity.tenant_id;
  config.headers = identity.headers;
  return config;
}

}  // namespace sleipnir
