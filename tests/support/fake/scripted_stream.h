// ScriptedStream: a stream that a test writes the other side of. For what lies over a stream: TLS, a proxy's tunnel.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "net/stream.h"

namespace sleipnir::test {

// What the stream does, and what was done to it. Outlives the stream.
struct Script {
  Io connect = Io::kOk;
  std::string incoming;             // to be read
  Io after_incoming = Io::kAgain;   // then
  size_t write_bytes_max = 100000;  // taken at once; 0: kAgain
  Io write_error = Io::kOk;
  std::string written;
  int reads = 0;
};

class ScriptedStream final : public Stream {
 public:
  explicit ScriptedStream(Script& script) : script_(script) {}

  IoResult handshake() override { return result(script_.connect); }
  IoResult read(std::span<char> out) override {
    script_.reads++;
    if (script_.incoming.empty()) return result(script_.after_incoming);
    const size_t bytes = std::min(out.size(), script_.incoming.size());
    memcpy(out.data(), script_.incoming.data(), bytes);
    script_.incoming.erase(0, bytes);
    return {.status = Io::kOk, .bytes = bytes};
  }
  IoResult write(Pieces pieces) override {
    if (script_.write_error != Io::kOk) return result(script_.write_error);
    const size_t bytes = std::min(pieces[0].iov_len, script_.write_bytes_max);
    if (bytes == 0) return result(Io::kAgain);
    script_.written.append(static_cast<const char*>(pieces[0].iov_base), bytes);
    return {.status = Io::kOk, .bytes = bytes};
  }
  Interest wants() const override { return Interest::kWrite; }
  int handle() const override { return 77; }
  const char* failure() const override { return "the network is on strike"; }

 private:
  static IoResult result(Io status) { return {.status = status, .os_error = status == Io::kError ? ECONNREFUSED : 0}; }

  Script& script_;
};

}  // namespace sleipnir::test
