// What the tests of the entry writer share: records, and all entries of one.
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <optional>
#include <string>
#include <vector>

#include "loki/entry_writer.h"
#include "wire_entry.h"

namespace sleipnir {

inline constexpr int64_t kTime = 1'770'000'000'123'000'007;
inline constexpr EntryWriter::Options kBare{.structured_metadata = StructuredMetadata::kOff};

struct Written {
  std::string wire;
  EntryShape shape;
};

// All entries of a record, each into a room as large as an entry may be.
inline std::vector<Written> write_all(EntryWriter& writer, const Record& record, int64_t time = kTime) {
  std::vector<Written> all;
  EncodeCursor cursor;
  for (;;) {
    std::vector<char> room(writer.entry_bytes_max());
    EntryShape shape;
    const EncodeStep step = writer.write(record, time, cursor, room, shape);
    REQUIRE(step != EncodeStep::kNoRoom);
    all.push_back({.wire = std::string(room.data(), shape.bytes), .shape = shape});
    if (step == EncodeStep::kLast) return all;
  }
}

inline std::vector<Written> write_all(EntryWriter&& writer, const Record& record, int64_t time = kTime) {
  return write_all(writer, record, time);
}

inline std::string write_one(const EntryWriter::Options& options, const Record& record, int64_t time = kTime) {
  const std::vector<Written> all = write_all(EntryWriter(options), record, time);
  REQUIRE(all.size() == 1);
  return all[0].wire;
}

inline Record plain(std::string_view text) {
  Record record;
  record.text = text;
  return record;
}

inline Record token(std::string_view text) {
  Record record;
  record.form = TextForm::kJsonString;
  record.text = text;
  return record;
}

inline Record with_request_id(Record record, std::string_view id) {
  record.request_id = id;
  return record;
}

// Decoded lines of the parts, after checking what every part must have.
inline std::vector<std::string> lines_of(const std::vector<Written>& all) {
  std::vector<std::string> lines;
  for (size_t i = 0; i < all.size(); i++) {
    const std::optional<test::WireEntry> entry = test::read_wire_entry(all[i].wire);
    REQUIRE(entry.has_value());
    CHECK((*entry)["part"] == (all.size() == 1 ? "" : std::to_string(i + 1)));
    CHECK((*entry)["parts"] == (all.size() == 1 ? "" : std::to_string(all.size())));
    lines.push_back(entry->line);
  }
  return lines;
}

inline std::string joined(const std::vector<std::string>& lines) {
  std::string all;
  for (const std::string& line : lines) all += line;
  return all;
}

}  // namespace sleipnir
