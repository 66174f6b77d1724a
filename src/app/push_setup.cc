#include "app/push_setup.h"

#include "app/own_version.h"

namespace sleipnir {

PushRequestHead push_head(const Config& config) {
  return push_head(*config.endpoint, config.authorization, config.tenant_id, config.headers);
}

PushRequestHead push_head(const Endpoint& endpoint, std::string_view authorization, std::string_view tenant_id,
                          std::span<const NameValue> headers) {
  return PushRequestHead(PushTarget{
      .path = endpoint.path,
      .host = endpoint.host_header,
      .version = version_text(),
      .tenant_id = tenant_id,
      .authorization = authorization,
      .extra = headers,
  });
}

std::string push_prefix_of(const Config& config, const RegisterAnswer& told) {
  const auto or_else = [](std::string_view first, std::string_view second) { return first.empty() ? second : first; };
  const FunctionIdentity function{
      .function_name = or_else(config.lambda.function_name, told.function_name.view()),
      .function_version = or_else(config.lambda.function_version, told.function_version.view()),
      .region = config.lambda.region,
      .account_id = told.account_id.view(),
  };
  return build_push_prefix(function, config.labels);
}

}  // namespace sleipnir
