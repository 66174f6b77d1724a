// Where an AWS service is: by region and partition, FIPS and dual stack, or as the environment says. Pure.
#pragma once

#include <string_view>

#include "base/text_store.h"

namespace sleipnir {

struct AwsEndpointOptions {
  // AWS_ENDPOINT_URL_<SERVICE>, else AWS_ENDPOINT_URL; empty: AWS's own.
  std::string_view override_url = {};
  bool fips = false;
  bool dual_stack = false;
  // S3 only, goes in front of AWS's own host; empty: it stands in the path.
  std::string_view bucket = {};
};

// A URL, for parse_endpoint(). REQUIRES: region not empty.
std::string_view service_url(std::string_view service, std::string_view region, const AwsEndpointOptions& options,
                             TextStore& texts);

}  // namespace sleipnir
