// look_up_name: a host name's addresses, from /etc/hosts or a DNS server. It blocks, for five seconds where no server
// answers: called in a thread of its own, see net/thread_resolver.h.
//
// Instead of getaddrinfo(3), which brings 14 kB of the C library. It does what musl's does: all name servers are asked
// at once and the first answer counts, a name that is incomplete gets the search list's domains first, truncated
// answers are asked for again over TCP. Other than there a server that says it cannot, or whose host refuses, is not
// waited for. One socket a server, connected: the kernel takes no datagram from anywhere else, and draws the port; the
// id of each query is random. Nothing is kept from one call to the next.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "net/address.h"
#include "net/name_files.h"
#include "net/resolver.h"

namespace sleipnir {

struct NamesFound {
  enum class Outcome : uint8_t {
    kAddresses,
    kNoSuchName,  // neither by this family nor by the other
    kNoAddress,   // none of this family
    kNoAnswer,    // of any server, in time, that says so or otherwise
    kFailed,      // no socket: os_error
  };
  Outcome outcome = Outcome::kNoAddress;
  int os_error = 0;  // valid with kFailed
  size_t count = 0;  // not 0 with kAddresses, 0 with all others
  std::array<Address, Resolution::kAddressesMax> addresses;
};

// `family` is AF_INET or AF_INET6; `port` is put into the addresses. Reads the two files each time.
NamesFound look_up_name(const char* name, uint16_t port, int family);

// The same with what these files say. `hosts` and `servers` may be anything.
NamesFound look_up_name(std::string_view name, uint16_t port, int family, std::string_view hosts,
                        const NameServers& servers);

}  // namespace sleipnir
