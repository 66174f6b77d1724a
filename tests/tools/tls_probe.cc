// tls_probe: connects by TLS with the program's own stream and says how it went; tests/e2e/test_tls_stream.py runs it.
//
//   tls_probe port=4433 host=localhost ca_file=ca.pem send=100000
//
// Arguments are NAME=VALUE: port, host (for the check of the certificate; the connection goes to 127.0.0.1), ca_file,
// ca_pem, cert_file, key_file, server_name, insecure=1, bundle (a file instead of the system's bundles, or `none`),
// chop (seed: every read and write in tiny pieces), send (bytes to send and to get back), pieces (they are sent in so
// many), times (so many connections one after the other), hold=1 (keep them all open), reset=1 (forget sessions
// between them), linger=1 (wait for the server to end the connection).
//
// The server speaks first of all nothing; it reads "ECHO <bytes>\n" and so many bytes, and sends them back.
// Prints one line of tab-separated NAME=VALUE for each connection: result=ok|failed|refused..., then details.
// Exit: 0 all went well, 1 a connection failed, 2 the context could not be made.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "choppy_stream.h"
#include "net/linux_kernel.h"
#include "net/tcp_stream.h"
#include "net/tls_stream.h"

namespace sleipnir::test {
namespace {

constexpr std::chrono::seconds kPatience{20};

class Arguments {
 public:
  Arguments(int count, char** values) {
    for (int i = 1; i < count; i++) {
      const std::string all = values[i];
      const size_t equals = all.find('=');
      values_[all.substr(0, equals)] = equals == std::string::npos ? "" : all.substr(equals + 1);
    }
  }
  std::string text(const char* name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? std::string() : found->second;
  }
  size_t number(const char* name, size_t otherwise) const {
    const std::string value = text(name);
    return value.empty() ? otherwise : strtoul(value.c_str(), nullptr, 10);
  }

 private:
  std::map<std::string, std::string> values_;
};

struct Connection {
  LinuxKernel& kernel;
  std::unique_ptr<Stream> owned;
  TlsStream& tls;

  // Waits for what the last kAgain asked for. False: patience is over.
  bool wait() {
    kernel.watch(tls.handle(), tls.wants(), 1);
    Ready ready[1];
    return kernel.wait(ready, kPatience) != 0;
  }

  bool handshake() {
    for (;;) {
      const IoResult result = tls.handshake();
      if (result.status == Io::kOk) return true;
      if (result.status != Io::kAgain || !wait()) return false;
    }
  }

  bool send(std::vector<iovec> pieces) {
    Pieces left = pieces;
    std::vector<iovec> rest(pieces);
    for (;;) {
      const IoResult result = tls.write(left);
      if (result.status == Io::kAgain) {
        if (!wait()) return false;
        continue;
      }
      if (result.status != Io::kOk) return false;
      size_t taken = result.bytes;
      size_t skip = 0;
      while (skip < rest.size() && taken >= rest[skip].iov_len) taken -= rest[skip++].iov_len;
      rest.erase(rest.begin(), rest.begin() + static_cast<ptrdiff_t>(skip));
      if (rest.empty()) return true;
      rest[0] = piece(static_cast<char*>(rest[0].iov_base) + taken, rest[0].iov_len - taken);
      left = rest;
    }
  }

  Io receive(std::string& into, size_t bytes) {
    char buffer[3000];
    while (into.size() < bytes) {
      const IoResult result = tls.read(buffer);
      if (result.status == Io::kOk) {
        into.append(buffer, result.bytes);
      } else if (result.status != Io::kAgain) {
        return result.status;
      } else if (!tls.has_buffered() && !wait()) {
        return Io::kAgain;
      }
    }
    return Io::kOk;
  }
};

// The payload: different at every place, so that a lost or doubled part shows.
std::string make_payload(size_t bytes) {
  std::string payload(bytes, '\0');
  uint64_t state = 88172645463325252U;
  for (char& c : payload) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    c = static_cast<char>(state >> 56);
  }
  return payload;
}

void print_failure(const char* result, const char* what) {
  printf("result=%s\ttext=%s\n", result, what);
}

bool exchange(Connection& connection, const Arguments& arguments) {
  const std::string payload = make_payload(arguments.number("send", 0));
  const std::string command = "ECHO " + std::to_string(payload.size()) + "\n";
  std::vector<iovec> pieces = {piece(command.data(), command.size())};
  const size_t count = arguments.number("pieces", 1);
  for (size_t i = 0; i < count; i++) {
    const size_t from = payload.size() * i / count;
    const size_t to = payload.size() * (i + 1) / count;
    pieces.push_back(piece(payload.data() + from, to - from));
  }
  std::string answer;
  if (!connection.send(pieces) || connection.receive(answer, payload.size()) != Io::kOk) {
    print_failure("broken", connection.tls.failure());
    return false;
  }
  if (answer != payload) {
    print_failure("garbled", "the answer is not what was sent");
    return false;
  }
  const char* ending = "open";
  if (arguments.number("linger", 0) != 0) {
    std::string more;
    const Io end = connection.receive(more, 1);
    ending = end == Io::kClosed ? "orderly" : end == Io::kError ? connection.tls.failure() : "data";
  }
  const PeerCertificate& peer = connection.tls.peer_certificate();
  const auto text = [](const FixedText<160>& value) { return std::string(value.view()); };
  printf(
      "result=ok\tpeak=%zu\tversion=%s\tcipher=%s\tresumed=%d\tsubject=%s\tissuer=%s\tnames=%s\tuntil=%lld\tending=%"
      "s\n",
      tls_memory_peak(), connection.tls.version(), connection.tls.cipher(), connection.tls.resumed() ? 1 : 0,
      text(peer.subject).c_str(), text(peer.issuer).c_str(), text(peer.names).c_str(),
      static_cast<long long>(peer.valid_until), ending);
  return true;
}

int run(const Arguments& arguments) {
  const std::string ca_file = arguments.text("ca_file");
  const std::string ca_pem = arguments.text("ca_pem");
  const std::string cert_file = arguments.text("cert_file");
  const std::string key_file = arguments.text("key_file");
  const std::string server_name = arguments.text("server_name");
  const std::string host = arguments.text("host");
  const TlsOptions options{
      .ca_file = ca_file,
      .ca_pem = ca_pem,
      .client_cert_file = cert_file,
      .client_key_file = key_file,
      .server_name = server_name,
      .insecure_skip_verify = arguments.number("insecure", 0) != 0,
  };
  const std::string bundle = arguments.text("bundle");
  const char* const own_bundle[] = {bundle == "none" ? nullptr : bundle.c_str()};
  auto context = bundle.empty() ? TlsContext::create(options) : TlsContext::create(options, own_bundle);
  if (!context) {
    print_failure("unusable", context.error().text());
    return 2;
  }
  Result<LinuxKernel> kernel = LinuxKernel::create();
  const auto port = static_cast<uint16_t>(arguments.number("port", 443));
  const Result<Address> address = Address::from_literal("127.0.0.1", port);
  if (!kernel || !address) return 2;

  std::vector<std::unique_ptr<Connection>> held;
  for (size_t i = 0; i < arguments.number("times", 1); i++) {
    const Result<int> handle = kernel->connect(address.value());
    if (!handle) {
      print_failure("failed", handle.error().text());
      return 1;
    }
    std::unique_ptr<Stream> inner = std::make_unique<TcpStream>(kernel.value(), handle.value());
    if (!arguments.text("chop").empty()) {
      inner = std::make_unique<ChoppyStream>(std::move(inner), arguments.number("chop", 0) + i);
    }
    auto tls = std::make_unique<TlsStream>(*context.value(), std::move(inner), TlsPeer{.host = host, .port = port});
    TlsStream& stream = *tls;
    auto connection = std::make_unique<Connection>(Connection{kernel.value(), std::move(tls), stream});
    if (!connection->handshake()) {
      print_failure("failed", stream.failure());
      return 1;
    }
    if (!exchange(*connection, arguments)) return 1;
    kernel->watch(stream.handle(), Interest::kNone, 1);
    if (arguments.number("hold", 0) != 0) held.push_back(std::move(connection));
    if (arguments.number("reset", 0) != 0) context.value()->reset();
  }
  return 0;
}

}  // namespace
}  // namespace sleipnir::test

int main(int count, char** values) {
  return sleipnir::test::run(sleipnir::test::Arguments(count, values));
}
