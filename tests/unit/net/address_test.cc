#include "net/address.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

namespace sleipnir::test {
namespace {

TEST_CASE("an_address_reads_and_prints_literals_of_both_families") {
  const Address v4 = Address::from_literal("127.0.0.1", 3100).value();
  CHECK(v4.family() == AF_INET);
  CHECK(v4.port() == 3100);
  CHECK(v4.text() == "127.0.0.1:3100");
  const Address v6 = Address::from_literal("2001:db8::1", 443).value();
  CHECK(v6.family() == AF_INET6);
  CHECK(v6.port() == 443);
  CHECK(v6.text() == "[2001:db8::1]:443");
  const Address longest = Address::from_literal("1111:2222:3333:4444:5555:6666:123.123.123.123", 65535).value();
  CHECK(longest.text() == "[1111:2222:3333:4444:5555:6666:7b7b:7b7b]:65535");
}

TEST_CASE("an_address_is_no_name_and_no_other_spelling") {
  for (const char* text :
       {"", "localhost", "127.0.0.1:80", "[::1]", "127.1", "256.0.0.1", "1.2.3", "::1%lo", " 127.0.0.1"}) {
    INFO(text);
    CHECK_FALSE(Address::from_literal(text, 80));
  }
  CHECK_FALSE(Address::from_literal(std::string(10'000, '1'), 80));
}

TEST_CASE("an_address_knows_loopback") {
  for (const char* text : {"127.0.0.1", "127.255.255.254", "::1"}) CHECK(Address::from_literal(text, 1)->is_loopback());
  for (const char* text : {"128.0.0.1", "126.255.255.255", "::2", "0.0.0.0", "::"}) {
    CHECK_FALSE(Address::from_literal(text, 1)->is_loopback());
  }
  CHECK_FALSE(Address().is_loopback());
}

TEST_CASE("an_address_takes_sockets_addresses_of_the_families_it_knows") {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  CHECK(Address::from_socket(reinterpret_cast<const sockaddr*>(&v4), sizeof(v4), 80)->text() == "0.0.0.0:80");
  CHECK_FALSE(Address::from_socket(reinterpret_cast<const sockaddr*>(&v4), sizeof(v4) - 1, 80));
  v4.sin_family = AF_UNIX;
  CHECK_FALSE(Address::from_socket(reinterpret_cast<const sockaddr*>(&v4), sizeof(v4), 80));
  CHECK(Address::any_ipv4(4327).text() == "0.0.0.0:4327");
}

}  // namespace
}  // namespace sleipnir::test
