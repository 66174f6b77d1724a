// What gzip costs and saves at each level LOKI_COMPRESSION_LEVEL can name, on a push of log lines in wire form.
//
//   compress_bench [KILOBYTES]     default: a push of 1024, the best of 5 rounds
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/clock.h"
#include "loki/compressor.h"

namespace {

using namespace sleipnir;

constexpr int kRounds = 5;

// Entries as the entry writer makes them: a running time, a line that resembles its neighbours, the same metadata.
std::string push_body(size_t bytes) {
  static constexpr const char* kWords[] = {"cart",    "loaded", "customer", "price",
                                           "voucher", "order",  "payment",  "retry"};
  std::string body = R"({"streams":[{"stream":{"function_name":"measured","source":"lambda"},"values":[)";
  uint32_t state = 12345;
  for (uint64_t i = 0; body.size() < bytes; i++) {
    char time[32];
    snprintf(time, sizeof(time), "%s[\"1795230012%09llu\",\"", i == 0 ? "" : ",",
             static_cast<unsigned long long>(i * 7919));
    body += time;
    for (int word = 0; word < 14; word++) {
      state = state * 1664525U + 1013904223U;
      body += ' ';
      body += (state >> 30) != 0 ? std::string(kWords[state >> 20 & 7]) : std::to_string(state >> 12 & 0xffff);
    }
    body += R"(",{"request_id":"0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11","log_type":"function","level":"info"}])";
  }
  return body + "]}]}";
}

}  // namespace

int main(int count, char** arguments) {
  const size_t kilobytes = count > 1 ? strtoul(arguments[1], nullptr, 10) : 1024;
  if (kilobytes == 0 || kilobytes > 8192) return 2;
  const std::string body = push_body(kilobytes * 1024);
  std::vector<char> out(body.size() + 1024);
  for (int level = 1; level <= 9; level++) {
    GzipCompressor compressor(level);
    size_t packed = 0;
    double best_ms = 1e9;
    for (int round = 0; round < kRounds; round++) {
      const MonotonicTime begin = read_clocks().monotonic;
      packed = compressor.compress(body, out);
      best_ms = std::min(best_ms, static_cast<double>((read_clocks().monotonic - begin).count()) / 1e6);
    }
    if (packed == 0) return 1;
    printf("level %d: %7.0f MB/s, 1/%.1f of the size\n", level, static_cast<double>(body.size()) / 1e3 / best_ms,
           static_cast<double>(body.size()) / static_cast<double>(packed));
  }
  return 0;
}
