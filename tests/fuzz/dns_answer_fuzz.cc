// What a DNS server may send, and the two files beside it, from any bytes: no read outside, nothing found that is not
// there.
//
// Input: the name asked for and a newline; the answer's bytes behind the question, which is put before them with the
// id, so that mutations reach the records. The same bytes are read as an answer as they are, as hosts and as
// resolv.conf.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "net/dns_message.h"
#include "net/name_files.h"

using namespace sleipnir;

namespace {

void require(bool condition) {
  if (!condition) abort();
}

void read(std::span<const unsigned char> answer, std::span<const unsigned char> query, int family) {
  const DnsAnswer found = read_dns_answer(answer, query, 443);
  require(found.count <= found.addresses.size());
  require(found.count == 0 || found.kind == DnsAnswer::Kind::kAddresses);
  // A record of an address has 14 bytes at least.
  require(found.count * 14 <= answer.size());
  for (size_t i = 0; i < found.count; i++) require(found.addresses[i].family() == family);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t line = std::min(input.find('\n'), input.size());
  const std::string_view name = input.substr(0, line);
  const std::string_view rest = input.substr(std::min(line + 1, input.size()));

  for (const DnsType type : {DnsType::kA, DnsType::kAaaa}) {
    const int family = type == DnsType::kA ? AF_INET : AF_INET6;
    unsigned char query[kDnsQueryBytesMax];
    const size_t bytes = write_dns_query(query, 7, name, type);
    require(bytes == 0 || bytes == name.size() + 18);
    if (bytes == 0) continue;
    // Two counters of the header come from the input too.
    std::string answer(reinterpret_cast<const char*>(query), bytes);
    answer[2] = static_cast<char>(0x80 | (rest.empty() ? 0 : rest[0] & 2));
    answer[7] = static_cast<char>(rest.size() < 2 ? 1 : rest[1]);
    answer += rest.substr(std::min<size_t>(2, rest.size()));
    read({reinterpret_cast<const unsigned char*>(answer.data()), answer.size()}, {query, bytes}, family);
    read({reinterpret_cast<const unsigned char*>(rest.data()), rest.size()}, {query, bytes}, family);
  }

  const NameServers servers = read_resolv_conf(rest);
  require(servers.count >= 1 && servers.count <= servers.servers.size());
  require(servers.dots_first <= 15 && servers.timeout_s - 1 < 60 && servers.attempts - 1 < 10);
  const HostsEntry entry = find_in_hosts(rest, name, 443, AF_INET6);
  require(entry.count <= entry.addresses.size() && (entry.found || entry.count == 0));
  require(!entry.found || rest.find(' ') != std::string_view::npos ||
          rest.find_first_of("\t\v\f\r") != std::string_view::npos);
  return 0;
}
