#include "net/name_files.h"

#include <algorithm>

#include "base/ascii.h"

namespace sleipnir {

namespace {

constexpr uint16_t kDnsPort = 53;

bool is_blank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

// Cuts the next line off `text`, without what stands behind a `#`.
std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line.substr(0, line.find('#'));
}

// `option` is `name` and digits: the number goes into `value`.
void read_option(std::string_view option, std::string_view name, unsigned least, unsigned most, unsigned& value) {
  if (!option.starts_with(name)) return;
  unsigned number = 0;
  size_t digits = 0;
  for (const char c : option.substr(name.size())) {
    if (!is_digit(c)) break;
    number = std::min(number * 10 + static_cast<unsigned>(c - '0'), most);
    digits++;
  }
  if (digits != 0) value = std::max(number, least);
}

}  // namespace

std::string_view take_word(std::string_view& text) {
  size_t begin = 0;
  while (begin < text.size() && is_blank(text[begin])) begin++;
  size_t end = begin;
  while (end < text.size() && !is_blank(text[end])) end++;
  const std::string_view word = text.substr(begin, end - begin);
  text.remove_prefix(end);
  return word;
}

NameServers read_resolv_conf(std::string_view text) {
  NameServers read;
  while (!text.empty()) {
    std::string_view line = take_line(text);
    const std::string_view keyword = take_word(line);
    if (keyword == "nameserver" && read.count < read.servers.size()) {
      const Result<Address> server = Address::from_literal(take_word(line), kDnsPort);
      if (server) read.servers[read.count++] = server.value();
    } else if (keyword == "search" || keyword == "domain") {
      // The last one counts. One that does not fit is left out: half a domain's name is another's.
      if (line.size() <= NameServers::kSearchBytesMax) read.search.assign(line);
    } else if (keyword == "options") {
      for (std::string_view option = take_word(line); !option.empty(); option = take_word(line)) {
        read_option(option, "ndots:", 0, 15, read.dots_first);
        read_option(option, "timeout:", 1, 60, read.timeout_s);
        read_option(option, "attempts:", 1, 10, read.attempts);
      }
    }
  }
  if (read.count == 0) read.servers[read.count++] = Address::from_literal("127.0.0.1", kDnsPort).value();
  return read;
}

HostsEntry find_in_hosts(std::string_view text, std::string_view name, uint16_t port, int family) {
  HostsEntry entry;
  while (!text.empty() && entry.count < entry.addresses.size()) {
    std::string_view line = take_line(text);
    const std::string_view literal = take_word(line);
    for (std::string_view word = take_word(line); !word.empty(); word = take_word(line)) {
      if (!equal_ignoring_case(word, name)) continue;
      const Result<Address> address = Address::from_literal(literal, port);
      if (!address) break;
      entry.found = true;
      if (address->family() == family) entry.addresses[entry.count++] = address.value();
      break;
    }
  }
  return entry;
}

}  // namespace sleipnir
