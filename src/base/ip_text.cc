#include "base/ip_text.h"

#include <algorithm>
#include <cstddef>
#include <cstdio>

#include "base/ascii.h"

namespace sleipnir {

namespace {

constexpr size_t kGroups = 8;

}  // namespace

bool parse_ipv4(std::string_view text, Ipv4Bytes& out) {
  size_t at = 0;
  for (size_t i = 0; i < out.size(); i++) {
    if (i != 0 && (at == text.size() || text[at++] != '.')) return false;
    const size_t begin = at;
    int value = 0;
    while (at < text.size() && is_digit(text[at]) && value <= UINT8_MAX) value = value * 10 + (text[at++] - '0');
    if (at == begin || value > UINT8_MAX || (text[begin] == '0' && at - begin > 1)) return false;
    out[i] = static_cast<uint8_t>(value);
  }
  return at == text.size();
}

bool parse_ipv6(std::string_view text, Ipv6Bytes& out) {
  out.fill(0);
  size_t filled = 0;            // bytes of `out`
  size_t gap = out.size() + 1;  // where `::` stands; beyond: nowhere yet
  if (text.starts_with("::")) {
    gap = 0;
    text.remove_prefix(2);
  }
  while (!text.empty()) {
    Ipv4Bytes v4;
    if (filled + v4.size() <= out.size() && parse_ipv4(text, v4)) {
      std::copy(v4.begin(), v4.end(), out.begin() + static_cast<ptrdiff_t>(filled));
      filled += v4.size();
      break;
    }
    unsigned value = 0;
    size_t digits = 0;
    for (; digits < text.size() && digits < 4 && hex_value(text[digits]) >= 0; digits++)
      value = value << 4 | static_cast<unsigned>(hex_value(text[digits]));
    if (digits == 0 || filled == out.size()) return false;
    out[filled++] = static_cast<uint8_t>(value >> 8);
    out[filled++] = static_cast<uint8_t>(value);
    text.remove_prefix(digits);
    if (text.empty()) break;
    if (text[0] != ':' || text.size() == 1) return false;
    text.remove_prefix(1);
    if (text[0] == ':') {
      if (gap <= out.size()) return false;
      gap = filled;
      text.remove_prefix(1);
    }
  }
  if (gap > out.size()) return filled == out.size();
  if (filled == out.size()) return false;  // `::` stands for one group at least
  std::rotate(out.begin() + static_cast<ptrdiff_t>(gap), out.begin() + static_cast<ptrdiff_t>(filled), out.end());
  return true;
}

void write_ipv4(const Ipv4Bytes& address, char* out) {
  snprintf(out, kIpTextRoom, "%u.%u.%u.%u", address[0], address[1], address[2], address[3]);
}

void write_ipv6(const Ipv6Bytes& address, char* out) {
  const auto group = [&](size_t index) { return address[2 * index] << 8 | address[2 * index + 1]; };
  size_t gap = kGroups;
  size_t longest = 1;  // a single group of zeros is written
  for (size_t begin = 0; begin < kGroups; begin++) {
    size_t end = begin;
    while (end < kGroups && group(end) == 0) end++;
    if (end - begin <= longest) continue;
    gap = begin;
    longest = end - begin;
  }
  const bool mapped = gap == 0 && longest == 5 && group(5) == 0xffff;
  size_t used = 0;
  for (size_t i = 0; i < kGroups; i++) {
    const char* const colon = i == 0 || used == 0 || out[used - 1] == ':' ? "" : ":";
    if (i == gap) {
      used += static_cast<size_t>(snprintf(out + used, kIpTextRoom - used, "::"));
      i += longest - 1;
    } else if (mapped && i == 6) {
      out[used++] = ':';
      write_ipv4({address[12], address[13], address[14], address[15]}, out + used);
      return;
    } else {
      used += static_cast<size_t>(snprintf(out + used, kIpTextRoom - used, "%s%x", colon, group(i)));
    }
  }
}

}  // namespace sleipnir
