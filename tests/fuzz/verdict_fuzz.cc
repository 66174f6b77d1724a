// Whatever a server answers, the verdict is one that can be carried out.
//
// Input: two bytes of status, two of choices, then the body.
#include "loki/verdict.h"

#include <cstdint>
#include <cstdlib>

#include "loki/answer_text.h"

namespace {

using namespace sleipnir;

void expect(bool condition) {
  if (!condition) abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 4) return 0;
  PushAnswer answer;
  answer.status = data[0] << 8 | data[1];
  answer.body = {reinterpret_cast<const char*>(data) + 4, size - 4};
  answer.content_type = data[2] & 1 ? answer.body : std::string_view("text/plain");
  answer.body_read = data[2] & 2 ? BodyRead::kCut : BodyRead::kWhole;
  const PushedRange pushed{
      .entries = 1 + uint32_t{data[3]},
      .body_bytes = size_t{data[3]} << 13,
      .metadata = data[2] & 4 ? PushedMetadata::kPresent : PushedMetadata::kAbsent,
  };
  const Verdict verdict = judge_answer(answer, pushed);
  using Action = Verdict::Action;
  // Halving must come to an end, and what is dropped or amended must exist.
  if (verdict.action == Action::kSplit || verdict.action == Action::kBisect) expect(pushed.entries > 1);
  if (verdict.action != Action::kDrop && verdict.action != Action::kAmend) expect(verdict.dropped_entries == 0);
  expect(verdict.dropped_entries <= pushed.entries && verdict.amend.entries <= pushed.entries);
  expect(verdict.amend.any() == (verdict.action == Action::kAmend));
  if (verdict.action == Action::kDrop)
    expect(verdict.dropped_entries > 0 || answer.body.find("errors like") != answer.body.npos);
  if (verdict.amend.strip_metadata) expect(pushed.metadata == PushedMetadata::kPresent);
  if (verdict.amend.line_bytes_max) expect(*verdict.amend.line_bytes_max > 0);
  if (verdict.amend.oldest_accepted_ns) expect(verdict.amend.restamp_from_ns >= *verdict.amend.oldest_accepted_ns);
  if (verdict.body_bytes_max) expect(*verdict.body_bytes_max > 0 && *verdict.body_bytes_max < pushed.body_bytes);
  for (const char c : verdict.words.view()) expect(c >= 0x20 && c < 0x7F);
  static_cast<void>(leading_time(answer.body));
  return 0;
}
