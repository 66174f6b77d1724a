#include "app/config_aws.h"

#include "app/config_values.h"
#include "aws/s3_location.h"
#include "aws/service_endpoint.h"

namespace sleipnir {

namespace {

bool is_on(const Settings& settings, std::string_view name) {
  return parse_bool(settings[name].value).value_or(false);
}

// By its name it is for whatever is asked by https; LOKI_PROXY leads to Loki alone. What is wrong with it is said
// there.
std::optional<Endpoint> proxy_for(const Settings& settings, const Endpoint& endpoint, TextStore& texts) {
  std::string_view text = settings.exactly("HTTPS_PROXY");
  if (text.empty()) text = settings.exactly("https_proxy");
  if (text.empty() || !endpoint.tls || proxy_exempt(settings["NO_PROXY"].value, endpoint)) return std::nullopt;
  const Result<Endpoint> parsed = parse_endpoint(text, {.scheme = EndpointDefaults::Scheme::kHttp}, texts);
  if (!parsed || parsed->tls) return std::nullopt;
  return parsed.value();
}

}  // namespace

AwsEndpointOptions endpoint_options(const Settings& settings, std::string_view endpoint_variable) {
  AwsEndpointOptions options{.fips = is_on(settings, "AWS_USE_FIPS_ENDPOINT"),
                             .dual_stack = is_on(settings, "AWS_USE_DUALSTACK_ENDPOINT")};
  if (!is_on(settings, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")) {
    options.override_url = settings[endpoint_variable].value;
    if (options.override_url.empty()) options.override_url = settings["AWS_ENDPOINT_URL"].value;
  }
  return options;
}

std::optional<AwsService> load_service(const Settings& settings, const ServiceWanted& wanted,
                                       const AwsEndpointOptions& options, Problems& problems, TextStore& texts) {
  const std::string_view url = service_url(wanted.service, wanted.region, options, texts);
  const Result<Endpoint> endpoint = parse_endpoint(url, {.scheme = EndpointDefaults::Scheme::kHttps}, texts);
  if (!endpoint) {
    problems.error("%s needs %s, which %s; correct AWS_ENDPOINT_URL", wanted.variable, Shown::url(url).text(),
                   endpoint.error().text());
    return std::nullopt;
  }
  return AwsService{
      .region = wanted.region, .endpoint = endpoint.value(), .proxy = proxy_for(settings, endpoint.value(), texts)};
}

std::optional<AwsService> load_dead_letter(const Settings& settings, const LambdaEnvironment& lambda,
                                           Problems& problems, TextStore& texts) {
  const Setting& setting = settings["LOKI_DEAD_LETTER_S3_URI"];
  if (!setting) return std::nullopt;
  const std::optional<S3Location> location = parse_s3_location(setting.value);
  if (!location) {
    problems.error(
        "LOKI_DEAD_LETTER_S3_URI=%s is not understood; accepted: s3://bucket/prefix; there is no dead letter",
        Shown(setting.value).text());
    return std::nullopt;
  }
  if (!valid_host_name(lambda.region)) {
    problems.error("LOKI_DEAD_LETTER_S3_URI is not used, as the bucket's region is not known; set AWS_REGION");
    return std::nullopt;
  }
  AwsEndpointOptions options = endpoint_options(settings, "AWS_ENDPOINT_URL_S3");
  // Its own certificate is for one label in front, and whoever serves another address knows paths at least.
  const bool in_host = options.override_url.empty() && location->bucket.find('.') == std::string_view::npos;
  if (in_host) options.bucket = location->bucket;
  std::optional<AwsService> service =
      load_service(settings, {.variable = "LOKI_DEAD_LETTER_S3_URI", .service = "s3", .region = lambda.region}, options,
                   problems, texts);
  if (service) {
    service->endpoint.path = s3_path(in_host ? "" : location->bucket, location->prefix, lambda.function_name, texts);
  }
  return service;
}

}  // namespace sleipnir
