#include "app/config_secrets.h"

#include "app/config_values.h"
#include "aws/secret_reference.h"
#include "aws/service_endpoint.h"

namespace sleipnir {

namespace {

struct Row {
  std::string Credentials::* field;
  const char* variable;
};

constexpr Row kRows[] = {
    {&Credentials::headers, "LOKI_HEADERS"},   {&Credentials::token, "LOKI_AUTH_TOKEN"},
    {&Credentials::user, "LOKI_USER"},         {&Credentials::api_key, "LOKI_API_KEY"},
    {&Credentials::username, "LOKI_USERNAME"}, {&Credentials::password, "LOKI_PASSWORD"},
};

bool is_on(const Settings& settings, std::string_view name) {
  return parse_bool(settings[name].value).value_or(false);
}

// By its name it is for whatever is asked by https; LOKI_PROXY leads to Loki alone. What is wrong with it is said
// there.
std::optional<Endpoint> proxy_for(const Settings& settings, const Endpoint& endpoint) {
  std::string_view text = settings.exactly("HTTPS_PROXY");
  if (text.empty()) text = settings.exactly("https_proxy");
  if (text.empty() || !endpoint.tls || proxy_exempt(settings["NO_PROXY"].value, endpoint)) return std::nullopt;
  Result<Endpoint> parsed = parse_endpoint(text, {.scheme = EndpointDefaults::Scheme::kHttp});
  if (!parsed || parsed->tls) return std::nullopt;
  return std::move(parsed.value());
}

std::optional<SecretSource> load_secret(const Settings& settings, const Row& row, const SecretReference& reference,
                                        std::string_view region, Problems& problems) {
  SecretSource source{.field = row.field, .variable = row.variable};
  source.region = reference.region.empty() ? region : reference.region;
  if (!valid_host_name(source.region)) {
    problems.error(
        "%s is a secret's name, but its region is not known and it is not used; give its ARN, or set AWS_REGION",
        row.variable);
    return std::nullopt;
  }
  AwsEndpointOptions options{.fips = is_on(settings, "AWS_USE_FIPS_ENDPOINT"),
                             .dual_stack = is_on(settings, "AWS_USE_DUALSTACK_ENDPOINT")};
  if (!is_on(settings, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")) {
    const bool ssm = reference.store == SecretStore::kParameterStore;
    options.override_url = settings[ssm ? "AWS_ENDPOINT_URL_SSM" : "AWS_ENDPOINT_URL_SECRETS_MANAGER"].value;
    if (options.override_url.empty()) options.override_url = settings["AWS_ENDPOINT_URL"].value;
  }
  const std::string url = service_url(service_name(reference.store), source.region, options);
  Result<Endpoint> endpoint = parse_endpoint(url, {.scheme = EndpointDefaults::Scheme::kHttps});
  if (!endpoint) {
    problems.error("%s cannot be fetched from %s, which %s; correct AWS_ENDPOINT_URL", row.variable,
                   Shown::url(url).text(), endpoint.error().text());
    return std::nullopt;
  }
  source.endpoint = std::move(endpoint.value());
  source.proxy = proxy_for(settings, source.endpoint);
  return source;
}

}  // namespace

std::vector<SecretSource> load_secrets(const Settings& settings, std::string_view region, Credentials& credentials,
                                       Problems& problems) {
  std::vector<SecretSource> secrets;
  for (const Row& row : kRows) {
    const std::optional<SecretReference> reference = parse_secret_reference(credentials.*row.field);
    if (!reference) continue;
    std::optional<SecretSource> source = load_secret(settings, row, *reference, region, problems);
    std::string& value = credentials.*row.field;
    if (source) {
      source->reference = std::move(value);
      secrets.push_back(std::move(*source));
    }
    // Headers are none until they are known.
    value = source && row.field != &Credentials::headers ? "to be fetched" : "";
  }
  return secrets;
}

}  // namespace sleipnir
