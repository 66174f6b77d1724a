// What /etc/hosts and /etc/resolv.conf say, of which net/name_lookup.h makes use. Pure: texts in, values out.
//
// Read as musl and glibc read them. Not supported: addresses with a zone (fe80::1%eth0), sortlist, and options but
// ndots, timeout and attempts.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "base/fixed_text.h"
#include "net/address.h"
#include "net/resolver.h"

namespace sleipnir {

struct NameServers {
  static constexpr size_t kServersMax = 3;  // resolv.conf(5)
  static constexpr size_t kSearchBytesMax = 256;

  size_t count = 0;  // at least 1
  std::array<Address, kServersMax> servers;
  FixedText<kSearchBytesMax> search;  // domains, with blanks between them
  unsigned dots_first = 1;            // a name with so many dots or more is complete: no search (ndots)
  unsigned timeout_s = 5;             // for all attempts together, as with musl; 1 to 60
  unsigned attempts = 2;              // 1 to 10
};

// Cuts the next word off `text`; empty when there is none.
std::string_view take_word(std::string_view& text);

// Without a nameserver in the text: the one of this machine.
NameServers read_resolv_conf(std::string_view text);

struct HostsEntry {
  bool found = false;  // the name stands there, perhaps with addresses of the other family alone: no server is asked
  size_t count = 0;
  std::array<Address, Resolution::kAddressesMax> addresses;
};

// `family` is AF_INET or AF_INET6. A last line without its end is read too.
HostsEntry find_in_hosts(std::string_view text, std::string_view name, uint16_t port, int family);

}  // namespace sleipnir
