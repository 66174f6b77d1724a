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
                          std::span<const NameValue> headers);

// The push body up to its entries. `told` stands in for what Lambda's environment does not say.
std::string push_prefix_of(const Config& config, const RegisterAnswer& told);

}  // namespace sleipnir
