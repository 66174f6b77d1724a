// Every record becomes entries that another JSON parser reads, within their limits, whose lines put together are the
// record's line.
//
// Input: five bytes of choices, then the record's parts: a tenth of the rest is the request id, a tenth the prefix, the
// others the text, repeated to reach the limits where a line is split.
#include "loki/entry_writer.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "../unit/base/json_reference.h"
#include "../unit/loki/wire_entry.h"

namespace {

using namespace sleipnir;

void expect(bool condition) {
  if (!condition) abort();
}

constexpr size_t kChoices = 5;

std::string expected_line(const Record& record) {
  const std::string text =
      record.form == TextForm::kJsonString ? test::token_text(record.text) : test::sanitized_utf8(record.text);
  return test::sanitized_utf8(record.prefix) + test::without_last_newline(text);
}

// The line with a request id put in front, or in as the first key of an object.
bool is_with_request_id(const std::string& line, const std::string& plain) {
  if (line == plain) return true;
  if (line.starts_with("[request_id=")) return line.ends_with("] " + plain);
  return line.starts_with("{\"request_id\":\"") && line.ends_with(plain.substr(1));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < kChoices) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + kChoices, size - kChoices);
  std::string text;
  for (int i = 0; i <= data[0]; i++) text += rest.substr(rest.size() / 5);
  Record record;
  record.form = static_cast<TextForm>(data[1] % 3);
  record.level = static_cast<Level>(data[1] / 3 % 7);
  record.request_id = rest.substr(0, rest.size() / 10);
  record.prefix = rest.substr(rest.size() / 10, data[2] & 1 ? rest.size() / 10 : 0);
  record.instance = data[2] & 2 ? rest : std::string_view{};
  record.text = text;

  EntryWriter writer({
      .structured_metadata = data[2] & 4 ? StructuredMetadata::kOff : StructuredMetadata::kOn,
      .request_id_as = static_cast<RequestIdAs>(data[3] % 4),
      .line_bytes_max = size_t{data[4]} << 8,
      .entry_bytes_max = EntryWriter::kEntryBytesMin,
  });
  std::string joined;
  std::vector<std::string> parts;
  EncodeCursor cursor;
  for (EncodeStep step = EncodeStep::kMore; step != EncodeStep::kLast;) {
    std::vector<char> room(writer.entry_bytes_max());
    EntryShape shape;
    EncodeCursor before = cursor;
    step = writer.write(record, 1'770'000'000'000'000'000, cursor, room, shape);
    expect(step != EncodeStep::kNoRoom);
    const std::string_view wire(room.data(), shape.bytes);
    const std::optional<test::WireEntry> entry = test::read_wire_entry(wire);
    expect(entry.has_value() && entry->line.size() <= writer.line_bytes_max());
    const std::string stripped = std::string(wire.substr(0, shape.metadata_offset)) + std::string(kEntryEnd);
    expect(stripped.size() <= wire.size() && test::read_wire_entry(stripped)->line == entry->line);
    for (const auto& [name, value] : entry->metadata)
      expect(!value.empty() && value.find("\xEF\xBF\xBD") == value.npos);
    joined += entry->line;
    parts.push_back((*entry)["parts"]);

    // A byte less is no room and changes nothing; exactly as much gives the same bytes, or is refused in the cases
    // that the header names.
    std::vector<char> exact(shape.bytes);
    EntryShape again;
    EncodeCursor short_cursor = before;
    expect(writer.write(record, 1'770'000'000'000'000'000, short_cursor, std::span(exact).first(exact.size() - 1),
                        again) == EncodeStep::kNoRoom);
    expect(short_cursor.text_offset == before.text_offset && short_cursor.part == before.part);
    const EncodeStep exact_step = writer.write(record, 1'770'000'000'000'000'000, before, exact, again);
    expect(exact_step == step || exact_step == EncodeStep::kNoRoom);
    if (exact_step == step) expect(std::string_view(exact.data(), exact.size()) == wire);
  }
  const bool counted = parts.size() > 1 && !(data[2] & 4);
  for (const std::string& count : parts) expect(count == (counted ? std::to_string(parts.size()) : ""));
  const std::string expected = expected_line(record);
  const bool in_line = data[3] % 4 == static_cast<int>(RequestIdAs::kLine);
  expect(in_line ? is_with_request_id(joined, expected) : joined == expected);
  return 0;
}
