// What is asked of AWS, and where: services by region and the standard variables, and where dead letters go. Runs once
// at start; nothing is asked here.
#pragma once

#include <optional>

#include "app/config_settings.h"
#include "aws/service_endpoint.h"

namespace sleipnir {

struct ServiceWanted {
  const char* variable;  // that wants it, for lines about it
  std::string_view service;
  std::string_view region;
};

// By the standard variables; `endpoint_variable`: AWS_ENDPOINT_URL_<SERVICE>. Views into the settings.
AwsEndpointOptions endpoint_options(const Settings& settings, std::string_view endpoint_variable);

// Nothing, with a line: the endpoint cannot be used.
std::optional<AwsService> load_service(const Settings& settings, const ServiceWanted& wanted,
                                       const AwsEndpointOptions& options, Problems& problems, TextStore& texts);

// S3, with the beginning of all objects' keys as the endpoint's path: "/prefix/function/". Nothing: none is wanted, or,
// with a line, it cannot be used.
std::optional<AwsService> load_dead_letter(const Settings& settings, const LambdaEnvironment& lambda,
                                           Problems& problems, TextStore& texts);

}  // namespace sleipnir
