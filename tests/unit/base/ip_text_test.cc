#include "base/ip_text.h"

#include <arpa/inet.h>

#include <catch2/catch_test_macros.hpp>
#include <cstring>
#include <random>
#include <string>

namespace sleipnir {

namespace {

void compare_reading(const std::string& text) {
  CAPTURE(text);
  Ipv4Bytes ours4{};
  Ipv4Bytes theirs4{};
  const bool is_v4 = inet_pton(AF_INET, text.c_str(), theirs4.data()) == 1;
  REQUIRE(parse_ipv4(text, ours4) == is_v4);
  if (is_v4) REQUIRE(ours4 == theirs4);
  Ipv6Bytes ours6{};
  Ipv6Bytes theirs6{};
  const bool is_v6 = inet_pton(AF_INET6, text.c_str(), theirs6.data()) == 1;
  REQUIRE(parse_ipv6(text, ours6) == is_v6);
  if (is_v6) REQUIRE(ours6 == theirs6);
}

std::string written(const Ipv6Bytes& address) {
  char text[kIpTextRoom];
  write_ipv6(address, text);
  return text;
}

}  // namespace

TEST_CASE("ip_addresses_are_read_as_the_c_library_reads_them") {
  for (const char* const text : {"127.0.0.1",
                                 "0.0.0.0",
                                 "255.255.255.255",
                                 "256.1.1.1",
                                 "1.2.3",
                                 "1.2.3.4.5",
                                 "1.2.3.",
                                 ".1.2.3",
                                 "01.2.3.4",
                                 "1.2.3.4 ",
                                 "1..2.3",
                                 "",
                                 "1",
                                 "::",
                                 "::1",
                                 "1::",
                                 "1::2",
                                 ":1",
                                 "1:",
                                 ":::",
                                 "1:::2",
                                 "1::2::3",
                                 "1:2:3:4:5:6:7:8",
                                 "1:2:3:4:5:6:7",
                                 "1:2:3:4:5:6:7:8:9",
                                 "::2:3:4:5:6:7:8",
                                 "1:2:3:4:5:6:7::",
                                 "1:2:3:4:5:6:7:8::",
                                 "::1:2:3:4:5:6:7:8",
                                 "12345::",
                                 "ABCD::ef",
                                 "g::",
                                 "::ffff:192.0.2.1",
                                 "::192.0.2.1",
                                 "1:2:3:4:5:6:192.0.2.1",
                                 "1:2:3:4:5:6:7:192.0.2.1",
                                 "::192.0.2.1:1",
                                 "::192.0.2",
                                 "fe80::1%eth0",
                                 "[::1]"})
    compare_reading(text);
}

TEST_CASE("anything_like_an_ip_address_is_read_as_the_c_library_reads_it") {
  std::mt19937 random(11);
  constexpr std::string_view kLetters = "00112259afF::::....";
  for (int i = 0; i < 200'000; i++) {
    std::string text;
    for (auto letters = random() % 22; letters != 0; letters--) text += kLetters[random() % kLetters.size()];
    compare_reading(text);
  }
}

TEST_CASE("ip_addresses_are_written_as_rfc_5952_wants_them") {
  const auto again = [](const char* text) {
    Ipv6Bytes address{};
    REQUIRE(inet_pton(AF_INET6, text, address.data()) == 1);
    return written(address);
  };
  CHECK(again("::") == "::");
  CHECK(again("::1") == "::1");
  CHECK(again("1::") == "1::");
  CHECK(again("2001:DB8:0:0:1:0:0:1") == "2001:db8::1:0:0:1");
  CHECK(again("2001:db8:0:0:1:0:0:0") == "2001:db8:0:0:1::");
  CHECK(again("1:0:3:4:5:6:7:8") == "1:0:3:4:5:6:7:8");
  CHECK(again("0:2:3:4:5:6:7:8") == "0:2:3:4:5:6:7:8");
  CHECK(again("1:2:3:4:5:6:0:0") == "1:2:3:4:5:6::");
  CHECK(again("::ffff:192.0.2.1") == "::ffff:192.0.2.1");
  CHECK(again("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff") == "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
  char text[kIpTextRoom];
  write_ipv4({192, 0, 2, 255}, text);
  CHECK(std::string(text) == "192.0.2.255");
}

TEST_CASE("ip_addresses_written_are_read_as_the_same") {
  std::mt19937 random(13);
  for (int i = 0; i < 20'000; i++) {
    Ipv6Bytes address{};
    for (size_t at = 0; at < address.size(); at += 2) {
      if (random() % 3 == 0) continue;
      address[at] = static_cast<uint8_t>(random() % 3);
      address[at + 1] = static_cast<uint8_t>(random());
    }
    CAPTURE(written(address));
    Ipv6Bytes again{};
    REQUIRE(parse_ipv6(written(address), again));
    REQUIRE(again == address);
    char theirs[INET6_ADDRSTRLEN];
    inet_ntop(AF_INET6, address.data(), theirs, sizeof(theirs));
    // The C libraries write what is compatible with IPv4 (::1.2.3.4, long gone) with dots.
    if (strchr(theirs, '.') == nullptr) REQUIRE(written(address) == theirs);
  }
}

}  // namespace sleipnir
