#include "aws/service_endpoint.h"

namespace sleipnir {

namespace {

struct Partition {
  std::string_view region_begin;
  std::string_view suffix;
  std::string_view dual_stack_suffix;  // empty: it has none
};

// The last one is for all other regions.
constexpr Partition kPartitions[] = {
    {"cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
    {"eusc-", "amazonaws.eu", "api.amazonwebservices.eu"},
    {"us-iso-", "c2s.ic.gov", ""},
    {"us-isob-", "sc2s.sgov.gov", ""},
    {"eu-isoe-", "cloud.adc-e.uk", ""},
    {"us-isof-", "csp.hci.ic.gov", ""},
    {"", "amazonaws.com", "api.aws"},
};

}  // namespace

std::string_view service_url(std::string_view service, std::string_view region, const AwsEndpointOptions& options,
                             TextStore& texts) {
  if (!options.override_url.empty()) return options.override_url;
  const Partition* partition = kPartitions;
  while (!region.starts_with(partition->region_begin)) partition++;
  const bool dual = options.dual_stack && !partition->dual_stack_suffix.empty();
  // S3 has dual stack under the same suffix.
  const bool s3 = service == "s3";
  return texts.keep({"https://", options.bucket, options.bucket.empty() ? "" : ".", service,
                     options.fips ? "-fips" : "", dual && s3 ? ".dualstack." : ".", region, ".",
                     dual && !s3 ? partition->dual_stack_suffix : partition->suffix});
}

}  // namespace sleipnir
