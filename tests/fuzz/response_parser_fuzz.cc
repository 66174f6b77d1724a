// Whatever a server answers, it is read to the same result however it is cut.
//
// Input: a byte of seed, then the answer.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "fake/random.h"
#include "http/response_parser.h"

namespace {

using namespace sleipnir;

void expect(bool condition) {
  if (!condition) abort();
}

struct Reading {
  std::array<char, 256> buffer;
  std::array<WantedHeader, 2> wanted{WantedHeader{.name = "retry-after", .value = {}},
                                     WantedHeader{.name = "content-type", .value = {}}};
  ResponseParser parser{buffer, wanted};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  const std::string_view answer(reinterpret_cast<const char*>(data) + 1, size - 1);
  Reading whole;
  Reading cut;
  whole.parser.feed(answer);
  test::SeededRandom random(data[0]);
  for (std::string_view rest = answer; !rest.empty();) {
    const size_t bytes = std::min<size_t>(rest.size(), 1 + random.below(8));
    // Of its own memory, so that a view kept by mistake is noticed.
    const std::string part(rest.substr(0, bytes));
    cut.parser.feed(part);
    rest.remove_prefix(bytes);
  }
  for (int end = 0; end < 2; end++) {
    const ResponseParser& a = whole.parser;
    const ResponseParser& b = cut.parser;
    expect(a.state() == b.state());
    if (a.state() == ResponseParser::State::kDone) {
      expect(a.status() >= 200 && a.status() <= 999);
      expect(a.status() == b.status() && a.body() == b.body() && a.body_cut() == b.body_cut());
      expect(a.keep_alive() == b.keep_alive());
      for (size_t i = 0; i < whole.wanted.size(); i++) expect(whole.wanted[i].value == cut.wanted[i].value.view());
    }
    expect(a.untouched() == answer.empty());
    whole.parser.finish();
    cut.parser.finish();
  }
  expect(whole.parser.state() != ResponseParser::State::kReading);
  expect(!whole.parser.keep_alive() || whole.parser.state() == ResponseParser::State::kDone);
  return 0;
}
