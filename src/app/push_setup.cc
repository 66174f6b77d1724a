#include "app/push_setup.h"

#include "app/own_version.h"

namespace sleipnir {

PushRequestHead push_head(const Config& config) {
  return push_head(*config.endpoint, config.authorization, config.tenant_id, config.headers);
}

PushRequestHead push_head(const Endpoint& endpoint, std::string_view authorization, std::string_view tenant_id,
                          const std::vector<NameValue>& headers) {
  std::vector<HeaderField> extra;
  for (const NameValue& header : headers) extra.push_back({.name = header.name, .value = header.value});
  return PushRequestHead(PushTarget{
      .path = endpoint.path,
      .host = endpoint.host_header,
      .version = version_text(),
      .tenant_id = tenant_id,
      .authorization = authorization,
      .extra = extra,
  });
}

StreamLabels push_labels(const Config& config, const RegisterAnswer& told) {
  const auto or_else = [](const std::string& first, std::string_view second) {
    return first.empty() ? second : std::string_view(first);
  };
  const FunctionIdentity function{
      .function_name = or_else(config.lambda.function_name, told.function_name.view()),
      .function_version = or_else(config.lambda.function_version, told.function_version.view()),
      .region = config.lambda.region,
      .account_id = told.account_id.view(),
  };
  std::vector<Label> custom;
  for (const NameValue& label : config.labels) custom.push_back({.name = label.name, .value = label.value});
  return build_stream_labels(function, "", custom,
                             config.request_id_is_label() ? RequestIdLabel::kReserve : RequestIdLabel::kNo);
}

}  // namespace sleipnir
