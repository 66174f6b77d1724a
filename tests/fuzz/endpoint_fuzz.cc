// Endpoint, push path and proxy exemption from any bytes: no crash, and what is accepted is safe to put into a request.
//
// Input: the endpoint's text, up to the first NUL byte; what is behind it is a NO_PROXY list.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "net/endpoint.h"

using namespace sleipnir;

namespace {

void require(bool condition) {
  if (!condition) abort();
}

bool printable(std::string_view text) {
  for (const char c : text) {
    if (c <= ' ' || c >= 0x7f) return false;
  }
  return true;
}

void try_defaults(std::string_view text, std::string_view no_proxy, EndpointDefaults defaults) {
  TextStore texts;
  const Result<Endpoint> parsed = parse_endpoint(text, defaults, texts);
  if (!parsed) {
    require(*parsed.error().text() != '\0');
    return;
  }
  const Endpoint& endpoint = parsed.value();
  require(!endpoint.host.empty() && valid_server_name(endpoint.host));
  require(endpoint.port != 0);
  require(endpoint.path.starts_with('/') && printable(endpoint.path));
  require(printable(endpoint.host_header) && printable(endpoint.authority));
  require(endpoint.has_user_info || (endpoint.user.empty() && endpoint.password.empty()));

  const std::string_view push = push_path(endpoint.path, texts);
  const std::string_view path = push.substr(0, push.find('?'));
  require(path.starts_with('/') && path.ends_with("/push"));
  require(push_path(push, texts) == push);

  // What an endpoint says of itself is read back as the same endpoint.
  const Result<Endpoint> again = parse_endpoint(endpoint.url(texts), {}, texts);
  require(static_cast<bool>(again));
  require(again->url(texts) == endpoint.url(texts) && again->host == endpoint.host && again->port == endpoint.port &&
          again->tls == endpoint.tls && again->path == endpoint.path && !again->has_user_info);

  require(proxy_exempt("*", endpoint));
  require(proxy_exempt(endpoint.host, endpoint));
  (void)proxy_exempt(no_proxy, endpoint);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t nul = input.find('\0');
  const std::string_view text = input.substr(0, nul);
  const std::string_view no_proxy = nul == std::string_view::npos ? std::string_view() : input.substr(nul + 1);
  using Scheme = EndpointDefaults::Scheme;
  try_defaults(text, no_proxy, {});
  try_defaults(text, no_proxy, {.scheme = Scheme::kHttps});
  try_defaults(text, no_proxy, {.scheme = Scheme::kHttp, .port = 3100});
  TextStore texts;
  (void)push_path(text, texts);
  return 0;
}
