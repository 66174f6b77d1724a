// What bringing text into the wire form costs: copying tokens, escaping, and whole entries, for the shapes that count.
//
//   json_text_bench [RECORDS]     default 200000 calls of about 150 bytes each, the best of 7 rounds
//
// A plain memcpy of the same bytes stands beside each, as the floor.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json_text.h"
#include "loki/entry_writer.h"

namespace {

using namespace sleipnir;

constexpr int kRounds = 7;

struct Shape {
  const char* name;
  const char* token;
};
constexpr Shape kShapes[] = {
    {"plain text",
     R"(cart 8812 loaded with 12 items for customer 77310 in 18 ms, the price list used was that of spring, and no voucher was taken into account for sum\n)"},
    {"tabbed prefix",
     R"([INFO]\t2026-11-20T08:00:00.529Z\t0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11\tcart 8812 loaded with 12 items for customer 77310 in 18 ms, list spring\n)"},
    {"json in text",
     R"({\"level\":30,\"time\":1795230012345,\"pid\":8,\"requestId\":\"0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11\",\"msg\":\"cart 8812 loaded\",\"items\":12}\n)"},
    {"umlauts",
     "Warenkorb 8812 für Kundin 77310 geladen, zwölf Stück, Preisliste Frühjahr, kein Gutschein berücksichtigt, Größe "
     "übernommen, Prüfsumme gültig\\n"},
    {"cyrillic", "корзина 8812 загружена для клиента 77310, двенадцать позиций, весенний прайс, без купона\\n"},
};

// Nanoseconds of one call at its best.
template <typename Call>
double best_of(size_t calls, Call call) {
  double best = 1e9;
  for (int round = 0; round < kRounds; round++) {
    const MonotonicTime begin = read_clocks().monotonic;
    for (size_t i = 0; i < calls; i++) {
      call();
      asm volatile("" ::: "memory");
    }
    const Nanoseconds took = read_clocks().monotonic - begin;
    best = std::min(best, static_cast<double>(took.count()) / static_cast<double>(calls));
  }
  return best;
}

}  // namespace

int main(int count, char** arguments) {
  const size_t calls = count > 1 ? strtoul(arguments[1], nullptr, 10) : 200000;
  if (calls == 0) return 2;
  std::vector<char> out(1 << 20);
  EntryWriter writer({});
  bool complete = true;
  printf("%-14s %6s %10s %10s %10s %10s   ns per call\n", "shape", "bytes", "memcpy", "token", "escape", "entry");
  for (const Shape& shape : kShapes) {
    const std::string_view token = shape.token;
    const double copy_ns = best_of(calls, [&] { memcpy(out.data(), token.data(), token.size()); });
    const double token_ns = best_of(calls, [&] {
      complete &= copy_json_token(token, out, kNoDecodedLimit, LastNewline::kCut).stop == JsonStop::kEnd;
    });
    const double escape_ns = best_of(
        calls, [&] { complete &= escape_json(token, out, kNoDecodedLimit, LastNewline::kCut).stop == JsonStop::kEnd; });
    Record record;
    record.form = TextForm::kJsonString;
    record.text = token;
    record.level = Level::kInfo;
    record.request_id = "0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11";
    record.instance = "2026/11/20/[$LATEST]0123456789abcdef0123456789abcdef";
    const double entry_ns = best_of(calls, [&] {
      EncodeCursor cursor;
      EntryShape made;
      complete &= writer.write(record, 1'770'000'000'000'000'000, cursor, out, made) == EncodeStep::kLast;
    });
    printf("%-14s %6zu %10.1f %10.1f %10.1f %10.1f\n", shape.name, token.size(), copy_ns, token_ns, escape_ns,
           entry_ns);
  }
  return complete ? 0 : 1;
}
