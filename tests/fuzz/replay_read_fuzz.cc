// Whatever a file holds, reading it for a replay ends, and what it gives are sound entries of streams with a prefix.
//
// Input: the file.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "app/replay_read.h"
#include "loki/entry_check.h"

namespace {

using namespace sleipnir;

void expect(bool condition) {
  if (!condition) abort();
}

// An arena of fixed size, begun anew when it is full.
class Sink final : public ReplaySink {
 public:
  void begin_stream(std::string_view push_prefix) override {
    expect(push_prefix.starts_with(R"({"streams":[{"stream":{)") && push_prefix.ends_with(R"(,"values":[)"));
    streams_++;
  }
  std::span<char> room(size_t) override { return arena_; }
  void commit(EntryShape shape, bool, int64_t time_ns) override {
    expect(streams_ != 0);
    const std::optional<CheckedEntry> entry = check_entry({arena_.data(), shape.bytes});
    expect(entry && entry->shape.bytes == shape.bytes && entry->time_ns == time_ns);
  }

 private:
  std::string arena_ = std::string(4096, '\0');
  size_t streams_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Sink sink;
  static_cast<void>(read_replay({reinterpret_cast<const char*>(data), size}, sink));
  return 0;
}
