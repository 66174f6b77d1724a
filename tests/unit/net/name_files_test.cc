#include "net/name_files.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

namespace sleipnir {

TEST_CASE("resolv_conf_without_a_nameserver_means_this_machine") {
  for (const char* text : {"", "\n\n", "# nameserver 192.0.2.1\n", "nameserver\n", "nameserver loki\n"}) {
    const NameServers conf = read_resolv_conf(text);
    REQUIRE(conf.count == 1);
    CHECK(conf.servers[0].text() == "127.0.0.1:53");
    CHECK(conf.search.empty());
    CHECK(conf.dots_first == 1);
    CHECK(conf.timeout_s == 5);
    CHECK(conf.attempts == 2);
  }
}

TEST_CASE("resolv_conf_names_at_most_three_servers") {
  const NameServers conf = read_resolv_conf(
      "nameserver 192.0.2.1\n nameserver\t2001:db8::1 # here\nnameserver fe80::1%eth0\nnameserver 192.0.2.3\n"
      "nameserver 192.0.2.4");
  REQUIRE(conf.count == 3);
  CHECK(conf.servers[0].text() == "192.0.2.1:53");
  CHECK(conf.servers[1].text() == "[2001:db8::1]:53");
  CHECK(conf.servers[2].text() == "192.0.2.3:53");
}

TEST_CASE("resolv_conf_takes_the_last_search_list_that_fits") {
  NameServers conf = read_resolv_conf("domain a.example\nsearch b.example  c.example\n");
  std::string_view domains = conf.search.view();
  CHECK(take_word(domains) == "b.example");
  CHECK(take_word(domains) == "c.example");
  CHECK(take_word(domains).empty());
  const std::string fits(NameServers::kSearchBytesMax - 1, 'x');
  conf = read_resolv_conf("search " + fits + "\n");
  domains = conf.search.view();
  CHECK(take_word(domains) == fits);
  CHECK(read_resolv_conf("search " + fits + "xx\n").search.empty());
}

TEST_CASE("resolv_conf_options_stay_within_their_ranges") {
  NameServers conf = read_resolv_conf("options rotate ndots:3 timeout:2\noptions attempts:4\n");
  CHECK(conf.dots_first == 3);
  CHECK(conf.timeout_s == 2);
  CHECK(conf.attempts == 4);
  conf = read_resolv_conf("options ndots:0 timeout:0 attempts:0");
  CHECK(conf.dots_first == 0);
  CHECK(conf.timeout_s == 1);
  CHECK(conf.attempts == 1);
  conf = read_resolv_conf("options ndots:99999999999 timeout:99999999999 attempts:99999999999");
  CHECK(conf.dots_first == 15);
  CHECK(conf.timeout_s == 60);
  CHECK(conf.attempts == 10);
  conf = read_resolv_conf("options ndots: timeout:x attempts");
  CHECK(conf.dots_first == 1);
  CHECK(conf.timeout_s == 5);
  CHECK(conf.attempts == 2);
}

TEST_CASE("hosts_gives_all_addresses_of_one_family") {
  const std::string_view text =
      "127.0.0.1 localhost loki\n"
      "::1\tlocalhost ip6-localhost\r\n"
      "# 192.0.2.9 loki\n"
      "192.0.2.1 other # loki\n"
      "nonsense loki\n"
      "192.0.2.2 Loki";
  const HostsEntry v4 = find_in_hosts(text, "loki", 80, AF_INET);
  CHECK(v4.found);
  REQUIRE(v4.count == 2);
  CHECK(v4.addresses[0].text() == "127.0.0.1:80");
  CHECK(v4.addresses[1].text() == "192.0.2.2:80");
  const HostsEntry v6 = find_in_hosts(text, "localhost", 80, AF_INET6);
  REQUIRE(v6.count == 1);
  CHECK(v6.addresses[0].text() == "[::1]:80");
}

TEST_CASE("hosts_tells_a_name_of_the_other_family_from_one_that_is_not_there") {
  const std::string_view text = "127.0.0.1 loki\n";
  const HostsEntry other = find_in_hosts(text, "loki", 80, AF_INET6);
  CHECK(other.found);
  CHECK(other.count == 0);
  for (const char* name : {"lok", "lokii", "127.0.0.1"}) CHECK_FALSE(find_in_hosts(text, name, 80, AF_INET).found);
}

TEST_CASE("hosts_keeps_as_many_addresses_as_there_is_room_for") {
  std::string text;
  for (int i = 0; i < 9; i++) text += "127.0.0.1 loki\n";
  CHECK(find_in_hosts(text, "loki", 80, AF_INET).count == Resolution::kAddressesMax);
}

}  // namespace sleipnir
