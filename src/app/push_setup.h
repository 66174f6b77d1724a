// What a push is made of before there is a record: its head and its labels, out of the configuration.
//
// For the extension and for the words that push (`check`, `replay`). Pure.
#pragma once

#include "app/config.h"
#include "lambda/runtime_event.h"
#include "loki/labels.h"
#include "loki/push_request.h"

namespace sleipnir {

// REQUIRES: config.endpoint.
PushRequestHead push_head(const Config& config);
// The same with another identity (app/config_identity.h).
PushRequestHead push_head(const Endpoint& endpoint, std::string_view authorization, std::string_view tenant_id,
                          const std::vector<NameValue>& headers);

// `told` stands in for what Lambda's environment does not say.
StreamLabels push_labels(const Config& config, const RegisterAnswer& told);

}  // namespace sleipnir
