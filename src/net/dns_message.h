// A query to a DNS server and what an answer says to it: bytes in, bytes out. Any bytes are fine as an answer.
//
// One question a query, for addresses, recursion asked for, no extensions: an answer of more than 512 bytes comes
// truncated and is asked for again over TCP (net/name_lookup.h). Pure. Source: RFC 1035, RFC 3596 (AAAA).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "net/address.h"
#include "net/resolver.h"

namespace sleipnir {

enum class DnsType : uint8_t { kA = 1, kAaaa = 28 };

struct DnsAnswer {
  enum class Kind : uint8_t {
    kForeign,     // not an answer to this query: to be ignored, the real one may still come
    kAddresses,   // `count` of them, which may be 0: the name has none of this type
    kNoSuchName,  // neither this type nor another
    kFailed,      // the server could not or would not say
  };
  Kind kind = Kind::kForeign;
  bool truncated = false;  // there is more than it holds; valid with kAddresses
  size_t count = 0;
  std::array<Address, Resolution::kAddressesMax> addresses;  // the first of them
};

// Header, name of at most 253 bytes, type and class.
inline constexpr size_t kDnsQueryBytesMax = 12 + 255 + 4;

// Returns how long the query is; 0: no such name can be, because a label is empty or longer than 63 bytes, or all of
// it longer than 253.
size_t write_dns_query(std::span<unsigned char, kDnsQueryBytesMax> out, uint16_t id, std::string_view name,
                       DnsType type);

// `query` is one that write_dns_query() wrote. An answer has its id and repeats its question, whatever the case of the
// letters. Addresses of other names than the one asked for are those behind its aliases. An answer that ends within a
// record has the records before it. `port` is put into the addresses.
DnsAnswer read_dns_answer(std::span<const unsigned char> answer, std::span<const unsigned char> query, uint16_t port);

}  // namespace sleipnir
