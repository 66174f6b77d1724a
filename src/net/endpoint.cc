#include "net/endpoint.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <optional>

#include "base/ascii.h"

namespace sleipnir {

namespace {

constexpr std::string_view kPushPath = "/loki/api/v1/push";
constexpr std::string_view kLegacyPushPath = "/api/prom/push";
constexpr uint16_t kLokiPort = 3100;
constexpr size_t kHostBytesMax = 253;  // RFC 1035 without the root's dot

constexpr uint16_t scheme_port(bool tls) {
  return tls ? 443 : 80;
}

// A whole number of at most five digits, nothing else.
std::optional<uint32_t> parse_number(std::string_view text) {
  if (text.empty() || text.size() > 5) return std::nullopt;
  uint32_t number = 0;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    number = number * 10 + static_cast<uint32_t>(c - '0');
  }
  return number;
}

std::string_view without_trailing(std::string_view text, char c) {
  while (!text.empty() && text.back() == c) text.remove_suffix(1);
  return text;
}

std::optional<uint16_t> parse_port(std::string_view text) {
  const std::optional<uint32_t> port = parse_number(text);
  if (!port || *port == 0 || *port > 65535) return std::nullopt;
  return static_cast<uint16_t>(*port);
}

// 4 or 16 bytes of an address literal.
struct AddressBytes {
  size_t count = 0;
  uint8_t bytes[16] = {};
};

AddressBytes parse_address(std::string_view literal) {
  AddressBytes address;
  char text[INET6_ADDRSTRLEN] = "";
  if (literal.size() >= sizeof(text)) return address;
  memcpy(text, literal.data(), literal.size());
  if (inet_pton(AF_INET, text, address.bytes) == 1) {
    address.count = 4;
  } else if (inet_pton(AF_INET6, text, address.bytes) == 1) {
    address.count = 16;
  }
  return address;
}

// False: a '%' without two hex digits behind it.
bool percent_decode(std::string_view text, BorrowedText& decoded, TextStore& texts) {
  char* const begin = texts.room(text.size());
  char* end = begin;
  for (size_t i = 0; i < text.size(); i++) {
    if (text[i] != '%') {
      *end++ = text[i];
      continue;
    }
    if (text.size() - i < 3) return false;
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return false;
    *end++ = static_cast<char>(high * 16 + low);
    i += 2;
  }
  decoded = TextStore::close(begin, end);
  return true;
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<uint8_t>(c) < 0x20 || c == 0x7f; });
}

Status parse_user_info(std::string_view text, Endpoint& endpoint, TextStore& texts) {
  const std::string_view user = text.substr(0, text.find(':'));
  const std::string_view password = text.substr(std::min(user.size() + 1, text.size()));
  if (!percent_decode(user, endpoint.user, texts) || !percent_decode(password, endpoint.password, texts)) {
    return Error::make("has a '%%' in its user info that is not followed by two hex digits; write a plain %% as %%25");
  }
  if (has_control(endpoint.user) || has_control(endpoint.password)) {
    return Error::make("has a control character in its user info");
  }
  if (endpoint.user.find(':') != std::string_view::npos) return Error::make("has a colon in its user name");
  endpoint.has_user_info = !text.empty() && text != ":";
  return Done{};
}

// `host`, `host:port`, `[literal]`, `[literal]:port`. `host` as it is written; `port` stays 0 where none is given.
Status parse_host_port(std::string_view text, std::string_view& host, uint16_t& port) {
  std::string_view port_text;
  bool has_port = false;
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    if (end == std::string_view::npos) return Error::make("has a '[' without ']'");
    const std::string_view literal = text.substr(1, end - 1);
    if (parse_address(literal).count != 16) return Error::make("has no IPv6 address between '[' and ']'");
    host = literal;
    const std::string_view rest = text.substr(end + 1);
    has_port = !rest.empty();
    if (has_port && rest.front() != ':') return Error::make("has something after ']' that is no port");
    if (has_port) port_text = rest.substr(1);
  } else {
    const size_t colon = text.find(':');
    has_port = colon != std::string_view::npos;
    if (has_port) port_text = text.substr(colon + 1);
    if (port_text.find(':') != std::string_view::npos) {
      return Error::make("has more than one colon in its host; an IPv6 address is written in brackets: [::1]");
    }
    std::string_view name = text.substr(0, colon);
    if (name.empty()) return Error::make("has no host");
    // "host." is the same host to a resolver without search list, but not to a certificate.
    if (name.size() > 1 && name.back() == '.') name.remove_suffix(1);
    if (!valid_host_name(name)) {
      return Error::make(
          "has a host name with other characters than letters, digits, '-', '_' and '.', or an empty part");
    }
    host = name;
  }
  if (!has_port) return Done{};
  const std::optional<uint16_t> parsed = parse_port(port_text);
  if (!parsed) return Error::make("has a port that is not a number from 1 to 65535");
  port = *parsed;
  return Done{};
}

bool same_prefix(const AddressBytes& a, const AddressBytes& b, size_t bits) {
  const size_t whole = bits / 8;
  if (memcmp(a.bytes, b.bytes, whole) != 0) return false;
  if (bits % 8 == 0) return true;
  const int mask = 0xff00 >> (bits % 8) & 0xff;
  return (a.bytes[whole] & mask) == (b.bytes[whole] & mask);
}

// One entry of a NO_PROXY list that is an address or a network: `10.1.2.3`, `10.0.0.0/8`, `fd00::/8`.
bool network_covers(std::string_view entry, const AddressBytes& host) {
  const size_t slash = entry.find('/');
  const AddressBytes network = parse_address(entry.substr(0, slash));
  if (network.count == 0 || network.count != host.count) return false;
  size_t bits = host.count * 8;
  if (slash != std::string_view::npos) {
    const std::optional<uint32_t> given = parse_number(entry.substr(slash + 1));
    if (!given || *given > bits) return false;
    bits = *given;
  }
  return same_prefix(network, host, bits);
}

bool no_proxy_entry_covers(std::string_view entry, const Endpoint& endpoint) {
  if (entry == "*") return true;
  if (const AddressBytes host = parse_address(endpoint.host); host.count != 0) {
    if (entry.starts_with('[')) {
      std::string_view literal;
      uint16_t port = 0;
      if (!parse_host_port(entry, literal, port)) return false;
      return equal_ignoring_case(literal, endpoint.host) && (port == 0 || port == endpoint.port);
    }
    if (network_covers(entry, host)) return true;
  }
  if (const size_t colon = entry.rfind(':'); colon != std::string_view::npos) {
    if (parse_port(entry.substr(colon + 1)) != endpoint.port) return false;
    entry = entry.substr(0, colon);
  }
  if (entry.starts_with("*.")) entry.remove_prefix(1);
  if (entry.starts_with('.')) entry.remove_prefix(1);
  if (entry.empty()) return false;
  std::string_view host = endpoint.host;
  if (equal_ignoring_case(host, entry)) return true;
  if (host.size() <= entry.size()) return false;
  host.remove_prefix(host.size() - entry.size() - 1);
  return host.front() == '.' && equal_ignoring_case(host.substr(1), entry);
}

}  // namespace

bool valid_host_name(std::string_view name) {
  if (name.empty() || name.size() > kHostBytesMax) return false;
  char previous = '.';
  for (const char c : name) {
    if (c == '.' ? previous == '.' : !is_letter_or_digit(c) && c != '-' && c != '_') return false;
    previous = c;
  }
  return previous != '.';
}

bool valid_server_name(std::string_view name) {
  return valid_host_name(name) || parse_address(name).count != 0;
}

BorrowedText Endpoint::url(TextStore& texts) const {
  return texts.keep({tls ? "https://" : "http://", host_header, path});
}

bool Endpoint::is_loopback() const {
  if (host == "localhost" || host.ends_with(".localhost")) return true;
  const AddressBytes address = parse_address(host);
  if (address.count == 4) return address.bytes[0] == 127;
  static constexpr uint8_t kLoopback6[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return address.count == 16 && memcmp(address.bytes, kLoopback6, sizeof(kLoopback6)) == 0;
}

Result<Endpoint> parse_endpoint(std::string_view text, EndpointDefaults defaults, TextStore& texts) {
  if (text.empty()) return Error::make("is empty");
  for (const char c : text) {
    if (c == '\r' || c == '\n') return Error::make("contains a line break");
    if (c == ' ' || c == '\t') return Error::make("contains a space");
    if (static_cast<uint8_t>(c) < 0x20 || c == 0x7f) return Error::make("contains a control character");
    if (static_cast<uint8_t>(c) >= 0x80) {
      return Error::make("contains a character that is not ASCII; write a path percent-encoded and a host in punycode");
    }
  }

  Endpoint endpoint;
  const size_t scheme_end = text.find("://");
  const bool has_scheme = scheme_end != std::string_view::npos && text.find_first_of("/@?#") > scheme_end;
  if (has_scheme) {
    const std::string_view scheme = text.substr(0, scheme_end);
    endpoint.tls = equal_ignoring_case(scheme, "https");
    if (!endpoint.tls && !equal_ignoring_case(scheme, "http")) {
      return Error::make("has an unknown scheme; https:// and http:// are possible");
    }
    text.remove_prefix(scheme_end + 3);
  }

  if (text.find('#') != std::string_view::npos) {
    return Error::make("contains a '#'; inside user info or a path it is written %%23");
  }
  const size_t authority_end = std::min(text.find_first_of("/?"), text.size());
  std::string_view authority = text.substr(0, authority_end);
  std::string_view target = text.substr(authority_end);

  if (const size_t at = authority.rfind('@'); at != std::string_view::npos) {
    if (const Status parsed = parse_user_info(authority.substr(0, at), endpoint, texts); !parsed) return parsed.error();
    authority.remove_prefix(at + 1);
  }
  if (authority.empty()) return Error::make("has no host");
  std::string_view host;
  uint16_t port = 0;
  if (const Status parsed = parse_host_port(authority, host, port); !parsed) return parsed.error();
  endpoint.host = texts.lowered(host);

  if (!has_scheme) {
    using Scheme = EndpointDefaults::Scheme;
    endpoint.tls =
        defaults.scheme == Scheme::kHttps || (defaults.scheme == Scheme::kHttpsUnlessPort3100 && port != kLokiPort);
    if (port == 0) port = defaults.port;
  }
  endpoint.port = port != 0 ? port : scheme_port(endpoint.tls);

  const size_t query = std::min(target.find('?'), target.size());
  const std::string_view path = without_trailing(target.substr(0, query), '/');
  endpoint.path = texts.keep({path.empty() ? "/" : path, target.substr(query)});

  const bool literal6 = host.find(':') != std::string_view::npos;
  char port_text[sizeof(":65535")];
  snprintf(port_text, sizeof(port_text), ":%u", endpoint.port);
  endpoint.authority = texts.keep({literal6 ? "[" : "", endpoint.host, literal6 ? "]" : "", port_text});
  endpoint.host_header = endpoint.authority;
  if (endpoint.port == scheme_port(endpoint.tls)) {
    endpoint.host_header = endpoint.host_header.substr(0, endpoint.host_header.rfind(':'));
  }
  return endpoint;
}

BorrowedText push_path(std::string_view path, TextStore& texts) {
  const size_t query = std::min(path.find('?'), path.size());
  std::string_view base = without_trailing(path.substr(0, query), '/');
  std::string_view added = kPushPath;
  if (base.ends_with(kLegacyPushPath)) {
    base.remove_suffix(kLegacyPushPath.size());
  } else if (base.ends_with("/push")) {
    added = {};
  }
  return texts.keep({base, added, path.substr(query)});
}

bool proxy_exempt(std::string_view no_proxy, const Endpoint& endpoint) {
  if (endpoint.is_loopback()) return true;
  while (!no_proxy.empty()) {
    const size_t comma = std::min(no_proxy.find(','), no_proxy.size());
    std::string_view entry = no_proxy.substr(0, comma);
    no_proxy.remove_prefix(std::min(comma + 1, no_proxy.size()));
    while (entry.starts_with(' ')) entry.remove_prefix(1);
    entry = without_trailing(entry, ' ');
    if (!entry.empty() && no_proxy_entry_covers(entry, endpoint)) return true;
  }
  return false;
}

}  // namespace sleipnir
