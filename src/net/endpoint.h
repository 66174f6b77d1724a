// Endpoint: where requests go, taken apart from the text a user wrote. Pure: no name is resolved here.
//
// Used for the push endpoint and for the proxy. Made once at start by app/config, read-only afterwards. All of its
// texts are in the store that was given, and so nothing is to be freed, and a copy is as good.
//
//   Result<Endpoint> endpoint = parse_endpoint("https://user:pw@loki.example.com/base", {}, texts);
//   endpoint->host        -> "loki.example.com"
//   endpoint->path        -> "/base"
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "base/text_store.h"

namespace sleipnir {

struct Endpoint {
  bool tls = true;
  // Name or address literal, lower case, without the brackets of an IPv6 literal: as resolver and SNI want it.
  BorrowedText host;
  uint16_t port = 443;
  // The request target: begins with '/', may carry a query ("/push?x=1"), never a fragment.
  BorrowedText path = "/";
  // "loki.example.com:8443", "[::1]:3100": with its port, as CONNECT wants it.
  BorrowedText authority;
  // Value of the Host header: brackets around an IPv6 literal, the port only where it is not the scheme's own.
  std::string_view host_header;

  // User info of the URL, percent-decoded. Valid only when has_user_info.
  bool has_user_info = false;
  BorrowedText user;
  BorrowedText password;

  // "https://loki.example.com:8443/loki/api/v1/push"; never the user info.
  BorrowedText url(TextStore& texts) const;
  // localhost, *.localhost, 127.0.0.0/8 or ::1, judged by the text alone.
  bool is_loopback() const;
};

// What is assumed where the text does not say it. Port 0: the scheme's own (443, 80).
struct EndpointDefaults {
  enum class Scheme : uint8_t {
    kHttps,
    kHttp,
    kHttpsUnlessPort3100,  // https, but http on Loki's own port 3100
  };
  Scheme scheme = Scheme::kHttpsUnlessPort3100;
  // Used only when the text has neither scheme nor port.
  uint16_t port = 0;
};

// True for letters, digits, '-', '_' and '.', as a name in DNS or in a certificate may look: no empty label, at most
// 253 bytes.
bool valid_host_name(std::string_view name);

// A host name, or an address literal without brackets: what a certificate can be issued to.
bool valid_server_name(std::string_view name);

// Takes `scheme://user:password@host:port/path?query`, each part but the host optional. The path is kept as written
// except that trailing slashes are dropped ("/" stays). The error reads on after the variable's name and repeats no
// part of the text that could be a password.
Result<Endpoint> parse_endpoint(std::string_view text, EndpointDefaults defaults, TextStore& texts);

// The push path for what the user wrote: a path that ends in "/push" as it is (the legacy "/api/prom/push" becomes
// "/loki/api/v1/push"), any other with "/loki/api/v1/push" appended. A query stays at the end.
BorrowedText push_path(std::string_view path, TextStore& texts);

// True if no proxy is to be used for the endpoint: it is loopback, or `no_proxy` names it. That is a comma-separated
// list of `*`, hosts and domains (`.example.com` and `example.com` both cover every name below), address literals and
// `10.0.0.0/8`; hosts and domains may carry a port, which then has to match.
bool proxy_exempt(std::string_view no_proxy, const Endpoint& endpoint);

}  // namespace sleipnir
