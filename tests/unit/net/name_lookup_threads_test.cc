// A DNS server of the test's own answers on loopback as a script says, over UDP and TCP.
#include "net/name_lookup.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"

namespace sleipnir {

namespace {

using Outcome = NamesFound::Outcome;

class ScriptedServer {
 public:
  enum class Says { kNothing, kAddress, kNoAddress, kNoSuchName, kFailure, kForeignFirst, kTruncated, kTruncatedOnly };
  // What is said to queries for names that begin so; names that are not there do not exist.
  struct Line {
    std::string begins;
    Says says;
  };

  explicit ScriptedServer(std::vector<Line> script) : script_(std::move(script)) {
    // The port that is free for one protocol may be taken for the other: then another one.
    for (int attempt = 0; !bind_both(); attempt++) REQUIRE(attempt < 20);
    REQUIRE(listen(tcp_, 4) == 0);
    REQUIRE(pipe(stop_.data()) == 0);
    REQUIRE(pthread_create(&thread_, nullptr, &ScriptedServer::run, this) == 0);
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;
  ~ScriptedServer() {
    close(stop_[1]);
    pthread_join(thread_, nullptr);
    for (const int fd : {udp_, tcp_, stop_[0]}) close(fd);
  }

  Address address() const { return Address::from_literal("127.0.0.1", port_).value(); }
  // The names asked for, `/tcp` behind those over TCP.
  std::vector<std::string> asked() {
    const std::lock_guard guard(lock_);
    return asked_;
  }

 private:
  bool bind_both() {
    udp_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    tcp_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t bytes = sizeof(here);
    REQUIRE(bind(udp_, reinterpret_cast<sockaddr*>(&here), bytes) == 0);
    REQUIRE(getsockname(udp_, reinterpret_cast<sockaddr*>(&here), &bytes) == 0);
    port_ = ntohs(here.sin_port);
    if (bind(tcp_, reinterpret_cast<sockaddr*>(&here), bytes) == 0) return true;
    close(udp_);
    close(tcp_);
    return false;
  }

  static void* run(void* self) {
    static_cast<ScriptedServer*>(self)->serve();
    return nullptr;
  }

  void serve() {
    for (;;) {
      pollfd fds[] = {{stop_[0], POLLIN, 0}, {udp_, POLLIN, 0}, {tcp_, POLLIN, 0}};
      if (poll(fds, 3, -1) < 0) continue;
      if (fds[0].revents != 0) return;
      if (fds[1].revents != 0) answer_datagram();
      if (fds[2].revents != 0) answer_connection();
    }
  }

  void answer_datagram() {
    char query[512];
    sockaddr_storage from{};
    socklen_t bytes = sizeof(from);
    const ssize_t got = recvfrom(udp_, query, sizeof(query), 0, reinterpret_cast<sockaddr*>(&from), &bytes);
    if (got <= 0) return;
    const std::string question(query, static_cast<size_t>(got));
    const Says says = note(question, "");
    if (says == Says::kNothing) return;
    if (says == Says::kForeignFirst) {
      std::string foreign = answer(question, Says::kAddress, 99);
      foreign[0] ^= 1;
      send_to(foreign, from, bytes);
    }
    send_to(answer(question, says, 1), from, bytes);
  }

  void answer_connection() {
    const int fd = accept(tcp_, nullptr, nullptr);
    char query[512];
    const ssize_t got = recv(fd, query, sizeof(query), 0);
    if (got > 2 && note(std::string(query + 2, static_cast<size_t>(got) - 2), "/tcp") != Says::kTruncatedOnly) {
      const std::string whole = answer(std::string(query + 2, static_cast<size_t>(got) - 2), Says::kAddress, 2);
      const std::string length = {static_cast<char>(whole.size() >> 8), static_cast<char>(whole.size())};
      // In two parts, as TCP may deliver anything.
      send(fd, (length + whole.substr(0, 5)).data(), 7, MSG_NOSIGNAL);
      send(fd, whole.data() + 5, whole.size() - 5, MSG_NOSIGNAL);
    }
    close(fd);
  }

  void send_to(const std::string& text, const sockaddr_storage& to, socklen_t bytes) const {
    sendto(udp_, text.data(), text.size(), 0, reinterpret_cast<const sockaddr*>(&to), bytes);
  }

  Says note(const std::string& question, const char* how) {
    std::string name;
    for (size_t at = 12; question[at] != 0; at += 1 + static_cast<size_t>(question[at]))
      name += (name.empty() ? "" : ".") + question.substr(at + 1, static_cast<size_t>(question[at]));
    const std::lock_guard guard(lock_);
    asked_.push_back(name + how);
    for (const Line& line : script_) {
      if (name.starts_with(line.begins)) return line.says;
    }
    return Says::kNoSuchName;
  }

  static std::string answer(const std::string& question, Says says, char last_byte) {
    std::string text = question;
    const bool cut = says == Says::kTruncated || says == Says::kTruncatedOnly;
    text[2] = static_cast<char>(cut ? 0x83 : 0x81);
    text[3] = static_cast<char>(says == Says::kNoSuchName ? 3 : says == Says::kFailure ? 2 : 0);
    if (text[3] != 0 || says == Says::kNoAddress) return text;
    const bool v6 = question[question.size() - 3] == 28;
    text[7] = 1;
    text += std::string("\xc0\x0c\0", 3) + static_cast<char>(v6 ? 28 : 1) + std::string("\0\1\0\0\0\0\0", 7);
    text += static_cast<char>(v6 ? 16 : 4);
    text += v6 ? std::string(15, '\0') : std::string("\xc0\0\2", 3);
    return text + last_byte;
  }

  std::vector<Line> script_;
  int udp_ = -1;
  int tcp_ = -1;
  std::array<int, 2> stop_{};
  uint16_t port_ = 0;
  pthread_t thread_{};
  std::mutex lock_;  // of asked_
  std::vector<std::string> asked_;
};

using Says = ScriptedServer::Says;

NameServers servers_at(std::initializer_list<Address> addresses, std::string_view search = "") {
  NameServers servers;
  for (const Address& address : addresses) servers.servers[servers.count++] = address;
  servers.search.assign(search);
  servers.timeout_s = 1;
  return servers;
}

NamesFound look_up(std::string_view name, const NameServers& servers, int family = AF_INET) {
  return look_up_name(name, 443, family, "127.0.0.9 inhosts\n", servers);
}

// A port of loopback at which nobody listens.
Address nobody() {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in here{};
  here.sin_family = AF_INET;
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t bytes = sizeof(here);
  REQUIRE(bind(fd, reinterpret_cast<sockaddr*>(&here), bytes) == 0);
  REQUIRE(getsockname(fd, reinterpret_cast<sockaddr*>(&here), &bytes) == 0);
  close(fd);
  return Address::from_literal("127.0.0.1", ntohs(here.sin_port)).value();
}

}  // namespace

TEST_CASE("name_lookup_asks_a_server_for_either_family") {
  ScriptedServer server({{"loki.", Says::kAddress}});
  const NamesFound v4 = look_up("loki.example", servers_at({server.address()}));
  CHECK(v4.outcome == Outcome::kAddresses);
  REQUIRE(v4.count == 1);
  CHECK(v4.addresses[0].text() == "192.0.2.1:443");
  const NamesFound v6 = look_up("loki.example", servers_at({server.address()}), AF_INET6);
  REQUIRE(v6.count == 1);
  CHECK(v6.addresses[0].text() == "[::1]:443");
}

TEST_CASE("name_lookup_asks_no_server_for_what_stands_in_hosts") {
  ScriptedServer server({{"", Says::kAddress}});
  const NamesFound found = look_up("inhosts", servers_at({server.address()}));
  REQUIRE(found.count == 1);
  CHECK(found.addresses[0].text() == "127.0.0.9:443");
  CHECK(look_up("inhosts", servers_at({server.address()}), AF_INET6).outcome == Outcome::kNoAddress);
  CHECK(server.asked().empty());
}

TEST_CASE("name_lookup_tells_no_such_name_from_no_address") {
  ScriptedServer server({{"six.", Says::kNoAddress}});
  CHECK(look_up("six.example", servers_at({server.address()})).outcome == Outcome::kNoAddress);
  CHECK(look_up("no.example", servers_at({server.address()})).outcome == Outcome::kNoSuchName);
  CHECK(look_up("a..b", servers_at({server.address()})).outcome == Outcome::kNoSuchName);
}

TEST_CASE("name_lookup_ignores_an_answer_to_another_query") {
  ScriptedServer server({{"loki.", Says::kForeignFirst}});
  const NamesFound found = look_up("loki.example", servers_at({server.address()}));
  REQUIRE(found.count == 1);
  CHECK(found.addresses[0].text() == "192.0.2.1:443");
}

TEST_CASE("name_lookup_searches_the_domains_for_an_incomplete_name") {
  ScriptedServer server({{"loki.b.example", Says::kAddress}, {"plain", Says::kAddress}});
  const NameServers servers = servers_at({server.address()}, "a.example . b.example.");
  CHECK(look_up("loki", servers).count == 1);
  CHECK(server.asked() == std::vector<std::string>{"loki.a.example", "loki.b.example"});
  CHECK(look_up("plain", servers_at({server.address()}, "a.example")).count == 1);
  CHECK(server.asked().back() == "plain.a.example");
  CHECK(look_up("not.there", servers).outcome == Outcome::kNoSuchName);
  CHECK(server.asked().back() == "not.there");
}

TEST_CASE("name_lookup_asks_for_the_name_itself_after_the_domains") {
  ScriptedServer server({{"loki.", Says::kNoSuchName}, {"loki", Says::kAddress}});
  CHECK(look_up("loki", servers_at({server.address()}, "a.example")).count == 1);
  CHECK(server.asked() == std::vector<std::string>{"loki.a.example", "loki"});
}

TEST_CASE("name_lookup_takes_a_truncated_answer_over_tcp") {
  ScriptedServer server({{"loki.", Says::kTruncated}});
  const NamesFound found = look_up("loki.example", servers_at({server.address()}));
  REQUIRE(found.count == 1);
  CHECK(found.addresses[0].text() == "192.0.2.2:443");
  CHECK(server.asked() == std::vector<std::string>{"loki.example", "loki.example/tcp"});
}

TEST_CASE("name_lookup_keeps_what_a_truncated_answer_has_where_tcp_brings_none") {
  ScriptedServer server({{"loki.", Says::kTruncatedOnly}});
  const NamesFound found = look_up("loki.example", servers_at({server.address()}));
  REQUIRE(found.count == 1);
  CHECK(found.addresses[0].text() == "192.0.2.1:443");
}

TEST_CASE("name_lookup_takes_the_answer_of_the_server_that_has_one") {
  ScriptedServer silent({{"", Says::kNothing}});
  ScriptedServer failing({{"", Says::kFailure}});
  ScriptedServer good({{"", Says::kAddress}});
  const NamesFound found = look_up("loki.example", servers_at({silent.address(), failing.address(), good.address()}));
  CHECK(found.count == 1);
}

TEST_CASE("name_lookup_waits_for_no_server_that_fails_or_is_not_there") {
  ScriptedServer failing({{"", Says::kFailure}});
  NameServers servers = servers_at({failing.address(), nobody()});
  servers.timeout_s = 60;
  servers.attempts = 2;
  const MonotonicTime before = read_clocks().monotonic;
  CHECK(look_up("loki.example", servers).outcome == Outcome::kNoAnswer);
  CHECK(read_clocks().monotonic - before < std::chrono::seconds(30));
  CHECK(failing.asked().size() == 2);
}

TEST_CASE("name_lookup_asks_a_silent_server_as_often_as_it_is_told") {
  ScriptedServer silent({{"", Says::kNothing}});
  NameServers servers = servers_at({silent.address()});
  servers.attempts = 3;
  const MonotonicTime before = read_clocks().monotonic;
  CHECK(look_up("loki.example", servers).outcome == Outcome::kNoAnswer);
  CHECK(read_clocks().monotonic - before >= std::chrono::milliseconds(990));
  CHECK(silent.asked().size() == 3);
}

}  // namespace sleipnir
