#include "app/config_target.h"

namespace sleipnir {

namespace {

constexpr uint16_t kLokiPort = 3100;

EndpointDefaults defaults_of(std::string_view variable) {
  using Scheme = EndpointDefaults::Scheme;
  if (variable == "LOKI_HOST") return {.scheme = Scheme::kHttps};
  if (variable == "LOKI_IP") return {.scheme = Scheme::kHttp, .port = kLokiPort};
  return {};
}

}  // namespace

std::optional<Endpoint> load_endpoint(const Settings& settings, Problems& problems, TextStore& texts) {
  const Setting& setting = settings["LOKI_ENDPOINT"];
  if (!setting) {
    problems.error(
        "LOKI_ENDPOINT is not set, so nothing is shipped; set it to https://host[:port][/path] of your Loki");
    return std::nullopt;
  }
  const Result<Endpoint> parsed = parse_endpoint(setting.value, defaults_of(setting.name), texts);
  if (!parsed) {
    problems.error("%s=%s %s, so nothing is shipped; the form is https://host[:port][/path]",
                   Shown(setting.name).text(), Shown::url(setting.value).text(), parsed.error().text());
    return std::nullopt;
  }
  Endpoint endpoint = parsed.value();
  // Whoever sets LOKI_IP is used to "/api/v1/push" being appended, so a base URL in it may end in "/loki".
  const bool base = setting.name == "LOKI_IP" && endpoint.path.ends_with("/loki");
  endpoint.path = base ? texts.keep({endpoint.path, "/api/v1/push"}) : push_path(endpoint.path, texts);
  return endpoint;
}

std::optional<Endpoint> load_proxy(const Settings& settings, const Endpoint& endpoint, Problems& problems,
                                   TextStore& texts) {
  const Setting& setting = settings["LOKI_PROXY"];
  if (!setting) return std::nullopt;
  // By its name it is for https alone; LOKI_PROXY is for whatever goes to Loki.
  if (setting.name != "LOKI_PROXY" && !endpoint.tls) return std::nullopt;

  const Result<Endpoint> parsed = parse_endpoint(setting.value, {.scheme = EndpointDefaults::Scheme::kHttp}, texts);
  if (!parsed) {
    problems.error("%s=%s %s, so no proxy is used; the form is http://[user:password@]host:port",
                   Shown(setting.name).text(), Shown::url(setting.value).text(), parsed.error().text());
    return std::nullopt;
  }
  if (parsed->tls) {
    problems.error(
        "%s=%s is a proxy to be spoken to by TLS, which is not supported, so no proxy is used; the form is "
        "http://[user:password@]host:port",
        Shown(setting.name).text(), Shown::url(setting.value).text());
    return std::nullopt;
  }
  if (proxy_exempt(settings["NO_PROXY"].value, endpoint)) return std::nullopt;
  return parsed.value();
}

}  // namespace sleipnir
