#include "net/dns_message.h"

#include <cstring>

#include "base/ascii.h"

namespace sleipnir {

namespace {

using Message = std::span<const unsigned char>;

constexpr size_t kHeaderBytes = 12;
constexpr size_t kNameBytesMax = 253;
constexpr size_t kLabelBytesMax = 63;
constexpr unsigned char kClassInternet = 1;

// In the header's third byte.
constexpr unsigned kIsAnswer = 0x80;
constexpr unsigned kTruncated = 0x02;
constexpr unsigned kRecursionWanted = 0x01;
// In its fourth: how it went.
constexpr unsigned kOutcome = 0x0f;
constexpr unsigned kNoSuchName = 3;

// REQUIRES: two bytes at `at`.
size_t number16(Message message, size_t at) {
  return static_cast<size_t>(message[at] << 8 | message[at + 1]);
}

// Where the name at `at` ends, which is beyond the message for one that does not end in it.
size_t name_end(Message message, size_t at) {
  while (at < message.size()) {
    const size_t label = message[at];
    if (label == 0) return at + 1;
    if (label > kLabelBytesMax) return at + 2;  // a pointer to the rest
    at += 1 + label;
  }
  return message.size() + 1;
}

std::string_view as_text(Message bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Address address_of(Message data, uint16_t port) {
  sockaddr_in6 v6{};
  sockaddr_in v4{};
  const bool is_v6 = data.size() == sizeof(v6.sin6_addr);
  v6.sin6_family = AF_INET6;
  v4.sin_family = AF_INET;
  memcpy(is_v6 ? static_cast<void*>(&v6.sin6_addr) : &v4.sin_addr, data.data(), data.size());
  return (is_v6 ? Address::from_socket(reinterpret_cast<const sockaddr*>(&v6), sizeof(v6), port)
                : Address::from_socket(reinterpret_cast<const sockaddr*>(&v4), sizeof(v4), port))
      .value();
}

}  // namespace

size_t write_dns_query(std::span<unsigned char, kDnsQueryBytesMax> out, uint16_t id, std::string_view name,
                       DnsType type) {
  if (name.empty() || name.size() > kNameBytesMax) return 0;
  memset(out.data(), 0, out.size());
  out[0] = static_cast<unsigned char>(id >> 8);
  out[1] = static_cast<unsigned char>(id);
  out[2] = kRecursionWanted;
  out[5] = 1;  // questions
  // Each label behind its length, which stands where the dot before it was.
  size_t length_at = kHeaderBytes;
  memcpy(&out[length_at + 1], name.data(), name.size());
  const size_t end = length_at + 1 + name.size();
  for (size_t at = length_at + 1; at <= end; at++) {
    if (at != end && out[at] != '.') continue;
    const size_t label = at - length_at - 1;
    if (label == 0 || label > kLabelBytesMax) return 0;
    out[length_at] = static_cast<unsigned char>(label);
    length_at = at;
  }
  out[end] = 0;
  out[end + 2] = static_cast<unsigned char>(type);
  out[end + 4] = kClassInternet;
  return end + 5;
}

DnsAnswer read_dns_answer(Message answer, Message query, uint16_t port) {
  DnsAnswer read;
  if (answer.size() < query.size() || number16(answer, 0) != number16(query, 0) || (answer[2] & kIsAnswer) == 0 ||
      number16(answer, 4) != 1 ||
      !equal_ignoring_case(as_text(answer.subspan(kHeaderBytes, query.size() - kHeaderBytes)),
                           as_text(query.subspan(kHeaderBytes)))) {
    return read;
  }
  const unsigned outcome = answer[3] & kOutcome;
  if (outcome != 0) {
    read.kind = outcome == kNoSuchName ? DnsAnswer::Kind::kNoSuchName : DnsAnswer::Kind::kFailed;
    return read;
  }
  read.kind = DnsAnswer::Kind::kAddresses;
  read.truncated = (answer[2] & kTruncated) != 0;
  const Message wanted = query.last(4);  // type and class
  const size_t address_bytes = wanted[1] == static_cast<unsigned char>(DnsType::kA) ? 4 : 16;
  size_t at = query.size();
  for (size_t left = number16(answer, 6); left != 0 && read.count < read.addresses.size(); left--) {
    // Type, class, how long it may be kept, and the bytes of its data.
    at = name_end(answer, at);
    constexpr size_t kFieldsBytes = 10;
    if (at > answer.size() || answer.size() - at < kFieldsBytes) break;
    const bool is_wanted = memcmp(&answer[at], wanted.data(), wanted.size()) == 0;
    const size_t bytes = number16(answer, at + 8);
    at += kFieldsBytes;
    if (answer.size() - at < bytes) break;
    if (is_wanted && bytes == address_bytes) read.addresses[read.count++] = address_of(answer.subspan(at, bytes), port);
    at += bytes;
  }
  return read;
}

}  // namespace sleipnir
