// Address: an IPv4 or IPv6 address with a port, ready for connect(2) and bind(2).
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string_view>

#include "base/fixed_text.h"
#include "base/result.h"

namespace sleipnir {

class Address {
 public:
  Address() = default;

  // An address literal: `127.0.0.1`, `::1`; without brackets. Names are the resolver's business.
  static Result<Address> from_literal(std::string_view literal, uint16_t port);
  // `address` is a sockaddr_in or sockaddr_in6 of `bytes` bytes; other families are refused.
  static Result<Address> from_socket(const sockaddr* address, socklen_t bytes, uint16_t port);
  static Address any_ipv4(uint16_t port);

  const sockaddr* socket_address() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t socket_bytes() const { return bytes_; }
  int family() const { return storage_.ss_family; }
  bool is_loopback() const;
  uint16_t port() const;

  // `127.0.0.1:3100`, `[::1]:3100`.
  FixedText<64> text() const;

 private:
  sockaddr_storage storage_{};
  socklen_t bytes_ = 0;
};

}  // namespace sleipnir
