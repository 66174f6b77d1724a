#include "app/config_secrets.h"

#include <iterator>

#include "app/config_aws.h"
#include "aws/secret_reference.h"

namespace sleipnir {

namespace {

struct Row {
  BorrowedText Credentials::* field;
  const char* variable;
};

constexpr Row kRows[] = {
    {&Credentials::headers, "LOKI_HEADERS"},
    {&Credentials::token, "LOKI_AUTH_TOKEN"},
    {&Credentials::user, "LOKI_USER"},
    {&Credentials::api_key, "LOKI_API_KEY"},
    {&Credentials::username, "LOKI_USERNAME"},
    {&Credentials::password, "LOKI_PASSWORD"},
    {&Credentials::client_cert, "LOKI_CLIENT_CERT"},
    {&Credentials::client_key, "LOKI_CLIENT_KEY"},
};
static_assert(std::size(kRows) == kSecretsMax);

std::optional<AwsService> service_of(const Settings& settings, const Row& row, const SecretReference& reference,
                                     Config& config, Problems& problems) {
  const std::string_view region = reference.region.empty() ? config.lambda.region : reference.region;
  if (!valid_host_name(region)) {
    problems.error(
        "%s is a secret's name, but its region is not known and it is not used; give its ARN, or set AWS_REGION",
        row.variable);
    return std::nullopt;
  }
  const bool ssm = reference.store == SecretStore::kParameterStore;
  return load_service(settings, {.variable = row.variable, .service = service_name(reference.store), .region = region},
                      endpoint_options(settings, ssm ? "AWS_ENDPOINT_URL_SSM" : "AWS_ENDPOINT_URL_SECRETS_MANAGER"),
                      problems, config.texts);
}

}  // namespace

void load_secrets(const Settings& settings, Config& config, Problems& problems) {
  for (const Row& row : kRows) {
    BorrowedText& value = config.credentials.*row.field;
    const std::optional<SecretReference> reference = parse_secret_reference(value);
    if (!reference) continue;
    const std::optional<AwsService> service = service_of(settings, row, *reference, config, problems);
    if (service) {
      config.secrets.add({.field = row.field, .variable = row.variable, .reference = value, .service = *service});
    }
    // Headers are none until they are known.
    value = service && row.field != &Credentials::headers ? "to be fetched" : "";
  }
}

}  // namespace sleipnir
