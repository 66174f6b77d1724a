#include "net/name_lookup.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "base/clock.h"
#include "base/limits.h"
#include "base/random.h"
#include "net/dns_message.h"

namespace sleipnir {

namespace {

using Outcome = NamesFound::Outcome;
using Question = std::span<const unsigned char>;
using Room = std::span<unsigned char>;

// One socket for each server: connected, so that only this server's datagrams arrive.
class ServerSockets {
 public:
  explicit ServerSockets(const NameServers& servers) : count_(servers.count) {
    for (size_t i = 0; i < count_; i++) {
      const Address& server = servers.servers[i];
      int fd = socket(server.family(), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      if (fd >= 0 && connect(fd, server.socket_address(), server.socket_bytes()) != 0) {
        os_error_ = errno;
        close(fd);
        fd = -1;
      } else if (fd < 0) {
        os_error_ = errno;
      }
      fds_[i] = fd;
    }
  }
  ServerSockets(const ServerSockets&) = delete;
  ServerSockets& operator=(const ServerSockets&) = delete;
  ~ServerSockets() {
    for (size_t i = 0; i < count_; i++) {
      if (fds_[i] >= 0) close(fds_[i]);
    }
  }

  // Sends the question to all of them; those it could not be sent to are not waited for.
  void ask(Question question) {
    for (size_t i = 0; i < count_; i++) {
      const bool sent = fds_[i] >= 0 && send(fds_[i], question.data(), question.size(), 0) >= 0;
      if (!sent && fds_[i] >= 0) os_error_ = errno;
      waited_[i] = {.fd = sent ? fds_[i] : -1, .events = POLLIN, .revents = 0};
    }
  }

  // Waits for a datagram from any of them. Returns which server has one; kNone: none in time, or there is none to wait
  // for any more.
  static constexpr size_t kNone = SIZE_MAX;
  size_t wait(MonotonicTime until) {
    while (std::any_of(waited_.begin(), waited_.begin() + count_, [](const pollfd& one) { return one.fd >= 0; })) {
      const auto left = std::chrono::ceil<Milliseconds>(until - read_clocks().monotonic);
      if (left <= Milliseconds(0)) break;
      if (poll(waited_.data(), count_, static_cast<int>(left.count())) < 0 && errno != EINTR) break;
      for (size_t i = 0; i < count_; i++) {
        if (waited_[i].fd >= 0 && waited_[i].revents != 0) return i;
      }
    }
    return kNone;
  }

  // Negative: the server's host refuses.
  ssize_t receive(size_t server, Room room) { return recv(fds_[server], room.data(), room.size(), 0); }
  void give_up(size_t server) { waited_[server].fd = -1; }

  bool usable() const {
    return std::any_of(fds_.begin(), fds_.begin() + count_, [](int fd) { return fd >= 0; });
  }
  int os_error() const { return os_error_; }

 private:
  size_t count_;
  std::array<int, NameServers::kServersMax> fds_{};
  std::array<pollfd, NameServers::kServersMax> waited_{};
  int os_error_ = 0;
};

bool receive_all(int fd, Room room, MonotonicTime until) {
  while (!room.empty()) {
    const ssize_t got = recv(fd, room.data(), room.size(), 0);
    if (got <= 0 || read_clocks().monotonic > until) return false;
    room = room.subspan(static_cast<size_t>(got));
  }
  return true;
}

// The answer over TCP, as much of it as there is room for; empty: there is none. Both ways the length stands first.
Room ask_by_tcp(const Address& server, Question question, Room room) {
  const int fd = socket(server.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return {};
  // With each step, and with all of them.
  const MonotonicTime until = read_clocks().monotonic + kDnsTcpPatience;
  const timeval patience{.tv_sec = kDnsTcpPatience.count(), .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  unsigned char message[2 + kDnsQueryBytesMax] = {static_cast<unsigned char>(question.size() >> 8),
                                                  static_cast<unsigned char>(question.size())};
  std::copy(question.begin(), question.end(), message + 2);
  const size_t bytes = 2 + question.size();
  unsigned char length[2];
  Room answer;
  if (connect(fd, server.socket_address(), server.socket_bytes()) == 0 &&
      send(fd, message, bytes, MSG_NOSIGNAL) == static_cast<ssize_t>(bytes) && receive_all(fd, length, until)) {
    answer = room.first(std::min<size_t>(static_cast<size_t>(length[0] << 8 | length[1]), room.size()));
    if (!receive_all(fd, answer, until)) answer = {};
  }
  close(fd);
  return answer;
}

NamesFound found_in(const DnsAnswer& answer) {
  NamesFound found;
  if (answer.kind == DnsAnswer::Kind::kNoSuchName) {
    found.outcome = Outcome::kNoSuchName;
  } else if (answer.count != 0) {
    found = {.outcome = Outcome::kAddresses, .count = answer.count, .addresses = answer.addresses};
  }
  return found;
}

NamesFound ask_servers(std::string_view name, uint16_t port, int family, const NameServers& servers) {
  unsigned char query[kDnsQueryBytesMax];
  KernelRandom random;
  const size_t bytes = write_dns_query(query, static_cast<uint16_t>(random.next()), name,
                                       family == AF_INET ? DnsType::kA : DnsType::kAaaa);
  if (bytes == 0) return {.outcome = Outcome::kNoSuchName};
  const Question question(query, bytes);

  ServerSockets sockets(servers);
  if (!sockets.usable()) return {.outcome = Outcome::kFailed, .os_error = sockets.os_error()};
  unsigned char room[kDnsAnswerBytesMax];
  const Milliseconds interval(servers.timeout_s * 1000 / servers.attempts);
  for (unsigned attempt = 0; attempt < servers.attempts; attempt++) {
    sockets.ask(question);
    const MonotonicTime until = read_clocks().monotonic + interval;
    for (size_t server = sockets.wait(until); server != ServerSockets::kNone; server = sockets.wait(until)) {
      const ssize_t got = sockets.receive(server, room);
      if (got < 0 && errno == EAGAIN) continue;  // a datagram with a wrong checksum
      DnsAnswer answer;
      answer.kind = DnsAnswer::Kind::kFailed;
      if (got >= 0) answer = read_dns_answer(Question(room, static_cast<size_t>(got)), question, port);
      if (answer.kind == DnsAnswer::Kind::kForeign) continue;
      if (answer.kind == DnsAnswer::Kind::kFailed) {
        sockets.give_up(server);
        continue;
      }
      if (answer.truncated) {
        const DnsAnswer whole = read_dns_answer(ask_by_tcp(servers.servers[server], question, room), question, port);
        if (whole.kind == DnsAnswer::Kind::kAddresses) answer = whole;
      }
      return found_in(answer);
    }
  }
  return {.outcome = Outcome::kNoAnswer};
}

std::string_view read_file(const char* path, std::span<char> room) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  size_t filled = 0;
  ssize_t got = 0;
  while ((got = read(fd, room.data() + filled, room.size() - filled)) > 0) filled += static_cast<size_t>(got);
  close(fd);
  return {room.data(), filled};
}

}  // namespace

NamesFound look_up_name(std::string_view name, uint16_t port, int family, std::string_view hosts,
                        const NameServers& servers) {
  const HostsEntry entry = find_in_hosts(hosts, name, port, family);
  if (entry.count != 0) return {.outcome = Outcome::kAddresses, .count = entry.count, .addresses = entry.addresses};
  if (entry.found) return {};
  std::string_view domains = servers.search.view();
  if (static_cast<unsigned>(std::count(name.begin(), name.end(), '.')) >= servers.dots_first) domains = {};
  for (std::string_view domain = take_word(domains); !domain.empty(); domain = take_word(domains)) {
    while (domain.ends_with('.')) domain.remove_suffix(1);
    if (domain.empty()) continue;
    FixedText<512> full(name);
    full.append(".");
    full.append(domain);
    const NamesFound found = ask_servers(full.view(), port, family, servers);
    if (found.outcome != Outcome::kNoSuchName) return found;
  }
  return ask_servers(name, port, family, servers);
}

NamesFound look_up_name(const char* name, uint16_t port, int family) {
  char hosts[kHostsBytesMax];
  char conf[kResolvConfBytesMax];
  return look_up_name(name, port, family, read_file("/etc/hosts", hosts),
                      read_resolv_conf(read_file("/etc/resolv.conf", conf)));
}

}  // namespace sleipnir
