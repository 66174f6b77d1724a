// IP addresses as text and back: what inet_pton(3) and inet_ntop(3) do.
//
// The release binary has these in the place of the C library's (base/runtime_cut.cc), which are 3 kB more. Native
// builds and all tests but their own use the system's. Pure; any thread. Source: RFC 4291 section 2.2, RFC 5952.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace sleipnir {

using Ipv4Bytes = std::array<uint8_t, 4>;
using Ipv6Bytes = std::array<uint8_t, 16>;

// Four decimal numbers without leading zeros, with dots between. False: `text` is none, `out` is then unspecified.
bool parse_ipv4(std::string_view text, Ipv4Bytes& out);
// Without brackets and zone; the last two groups may be an IPv4 address.
bool parse_ipv6(std::string_view text, Ipv6Bytes& out);

inline constexpr std::size_t kIpTextRoom = 46;  // INET6_ADDRSTRLEN: the longest text and its NUL
// `out` has kIpTextRoom bytes. Lower case, the longest run of zero groups as `::`, the first of equally long ones; a
// mapped IPv4 address (::ffff:192.0.2.1) with dots.
void write_ipv4(const Ipv4Bytes& address, char* out);
void write_ipv6(const Ipv6Bytes& address, char* out);

}  // namespace sleipnir
