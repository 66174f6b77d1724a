#include "net/address.h"

#include <arpa/inet.h>

#include <cstdio>
#include <cstring>

namespace sleipnir {

Result<Address> Address::from_literal(std::string_view literal, uint16_t port) {
  char text[INET6_ADDRSTRLEN + 1];
  if (literal.size() >= sizeof(text)) return Error::make("not an IP address");
  memcpy(text, literal.data(), literal.size());
  text[literal.size()] = '\0';
  sockaddr_in v4{};
  if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    return from_socket(reinterpret_cast<const sockaddr*>(&v4), sizeof(v4), port);
  }
  sockaddr_in6 v6{};
  if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    return from_socket(reinterpret_cast<const sockaddr*>(&v6), sizeof(v6), port);
  }
  return Error::make("not an IP address");
}

Result<Address> Address::from_socket(const sockaddr* address, socklen_t bytes, uint16_t port) {
  Address result;
  if (address->sa_family == AF_INET && bytes >= sizeof(sockaddr_in)) {
    sockaddr_in v4;
    memcpy(&v4, address, sizeof(v4));
    v4.sin_port = htons(port);
    memcpy(&result.storage_, &v4, sizeof(v4));
    result.bytes_ = sizeof(v4);
    return result;
  }
  if (address->sa_family == AF_INET6 && bytes >= sizeof(sockaddr_in6)) {
    sockaddr_in6 v6;
    memcpy(&v6, address, sizeof(v6));
    v6.sin6_port = htons(port);
    memcpy(&result.storage_, &v6, sizeof(v6));
    result.bytes_ = sizeof(v6);
    return result;
  }
  return Error::make("unknown address family %d", address->sa_family);
}

Address Address::any_ipv4(uint16_t port) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  Address result;
  memcpy(&result.storage_, &v4, sizeof(v4));
  result.bytes_ = sizeof(v4);
  return result;
}

bool Address::is_loopback() const {
  if (family() == AF_INET) {
    sockaddr_in v4;
    memcpy(&v4, &storage_, sizeof(v4));
    return (ntohl(v4.sin_addr.s_addr) >> 24) == 127;
  }
  if (family() == AF_INET6) {
    sockaddr_in6 v6;
    memcpy(&v6, &storage_, sizeof(v6));
    return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
  }
  return false;
}

uint16_t Address::port() const {
  // sin_port and sin6_port lie at the same place.
  sockaddr_in v4;
  memcpy(&v4, &storage_, sizeof(v4));
  return ntohs(v4.sin_port);
}

FixedText<64> Address::text() const {
  char host[INET6_ADDRSTRLEN] = "?";
  char text[64];
  if (family() == AF_INET6) {
    sockaddr_in6 v6;
    memcpy(&v6, &storage_, sizeof(v6));
    inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof(host));
    snprintf(text, sizeof(text), "[%s]:%u", host, port());
  } else {
    sockaddr_in v4;
    memcpy(&v4, &storage_, sizeof(v4));
    inet_ntop(AF_INET, &v4.sin_addr, host, sizeof(host));
    snprintf(text, sizeof(text), "%s:%u", host, port());
  }
  return FixedText<64>(text);
}

}  // namespace sleipnir
