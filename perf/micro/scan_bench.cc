// What scanning and decoding one record costs: nanoseconds and instructions, for the shapes of record that count.
//
//   scan_bench [RECORDS]     default 200000 records of about 150 bytes in bodies of 256 KiB, the best of 7 rounds
//
// Instructions are counted by perf_event_open where the machine allows it (else "-"); they are what to compare
// between two versions on a busy machine.
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/clock.h"
#include "lambda/telemetry_decoder.h"
#include "lambda/telemetry_scanner.h"

namespace {

using namespace sleipnir;

constexpr size_t kBodyBytes = 262144;
constexpr int kRounds = 7;

constexpr WallTime kArrival = wall_from_unix_ms(1'795'161'601'000);  // a moment after the records' time
constexpr const char* kEnvelope = R"({"time":"2026-11-20T08:00:00.530Z","type":"function","record":)";

struct Shape {
  const char* name;
  const char* record;
};
constexpr Shape kShapes[] = {
    {"python text",
     R"("[INFO]\t2026-11-20T08:00:00.529Z\t0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11\tcart 8812 loaded with 12 items for customer 77310 in 18 ms, price list spring\n")"},
    {"node text",
     R"("2026-11-20T08:00:00.529Z\t0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11\tINFO\tcart 8812 loaded with 12 items for customer 77310 in 18 ms, price list spring\n")"},
    {"plain text",
     R"("cart 8812 loaded with 12 items for customer 77310 in 18 ms, the price list used was that of spring, and no voucher was taken into account for the sum\n")"},
    {"json object",
     R"({"timestamp":"2026-11-20T08:00:00Z","level":"INFO","message":"cart 8812 loaded","logger":"root","requestId":"0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11","n":12})"},
    {"json in text",
     R"("{\"level\":30,\"time\":1795230012345,\"pid\":8,\"requestId\":\"0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11\",\"msg\":\"cart 8812 loaded\",\"items\":12}\n")"},
};

// Counts this thread's instructions in user space; -1 where it may not.
class InstructionCounter {
 public:
  InstructionCounter() {
    perf_event_attr attributes = {};
    attributes.size = sizeof attributes;
    attributes.type = PERF_TYPE_HARDWARE;
    attributes.config = PERF_COUNT_HW_INSTRUCTIONS;
    attributes.exclude_kernel = 1;
    fd_ = static_cast<int>(syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0));
  }
  ~InstructionCounter() {
    if (fd_ >= 0) close(fd_);
  }
  int64_t read_now() const {
    int64_t value = 0;
    return fd_ >= 0 && read(fd_, &value, sizeof value) == sizeof value ? value : -1;
  }

 private:
  int fd_ = -1;
};

struct Cost {
  double ns = 1e9;
  double instructions = -1;
  uint64_t checksum = 0;  // keeps the work from being optimised away
};

template <class Work>
Cost measure(size_t records, const InstructionCounter& counter, Work work) {
  Cost best;
  for (int round = 0; round < kRounds; ++round) {
    const int64_t instructions = counter.read_now();
    const MonotonicTime begin = read_clocks().monotonic;
    best.checksum += work();
    const double ns = static_cast<double>((read_clocks().monotonic - begin).count()) / static_cast<double>(records);
    const int64_t instructions_end = counter.read_now();
    if (ns < best.ns) best.ns = ns;
    if (instructions >= 0) {
      best.instructions = static_cast<double>(instructions_end - instructions) / static_cast<double>(records);
    }
  }
  return best;
}

uint64_t scan_body(std::string_view body) {
  uint64_t bytes = 0;
  TelemetryScanner scanner(body);
  TelemetryElement element;
  while (scanner.next(element) == ScanOutcome::kElement) bytes += element.record.size();
  return bytes;
}

uint64_t decode_body(TelemetryDecoder& decoder, std::string_view body) {
  uint64_t bytes = 0;
  TelemetryScanner scanner(body);
  TelemetryElement element;
  Decoded decoded;
  while (scanner.next(element) == ScanOutcome::kElement) {
    decoder.decode(element, kArrival, decoded);
    bytes += decoded.record.text.size() + static_cast<uint64_t>(decoded.record.level);
  }
  return bytes;
}

void print_cost(const char* what, const Cost& cost, double bytes) {
  printf("  %-5s %7.1f ns", what, cost.ns);
  if (cost.instructions >= 0) {
    printf(" %7.0f instructions", cost.instructions);
  } else {
    printf("       - instructions");
  }
  printf(" %6.2f GB/s", bytes / cost.ns);
}

}  // namespace

int main(int argc, char** argv) {
  const size_t wanted = argc > 1 ? strtoull(argv[1], nullptr, 10) : 200000;
  const InstructionCounter counter;
  uint64_t checksum = 0;
  for (const Shape& shape : kShapes) {
    const std::string element = std::string(kEnvelope) + shape.record + "}";
    std::vector<std::string> bodies;
    size_t records = 0;
    while (records < wanted || bodies.empty()) {
      std::string body = "[";
      while (body.size() + element.size() < kBodyBytes && (records < wanted || body.size() == 1)) {
        if (body.size() > 1) body += ',';
        body += element;
        ++records;
      }
      bodies.push_back(body + "]");
    }
    TelemetryDecoder decoder(DecoderOptions{});
    const Cost scan = measure(records, counter, [&] {
      uint64_t bytes = 0;
      for (const std::string& body : bodies) bytes += scan_body(body);
      return bytes;
    });
    const Cost both = measure(records, counter, [&] {
      uint64_t bytes = 0;
      for (const std::string& body : bodies) bytes += decode_body(decoder, body);
      return bytes;
    });
    checksum += scan.checksum + both.checksum;
    const double bytes = static_cast<double>(element.size() + 1);
    printf("%-13s %3zu-byte record", shape.name, std::string(shape.record).size());
    print_cost("scan", scan, bytes);
    print_cost("scan+decode", both, bytes);
    printf("\n");
  }
  // Nothing scanned is a bench that measures nothing.
  return checksum == 0 ? 1 : 0;
}
