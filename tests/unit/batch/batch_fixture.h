// Batches filled by hand with entries of plain text, in place of an encoder's wire form.
#pragma once

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "batch/batch.h"

namespace sleipnir::test {

struct PlainBatch {
  explicit PlainBatch(size_t arena_bytes = 4096, size_t headroom = 16) : arena(arena_bytes, '#') {
    layout = {.arena_bytes = arena_bytes, .headroom = headroom};
    batch.attach(arena, layout);
  }

  // `text,`; the metadata is what stands behind `|` in the text. False: no room.
  bool add(std::string_view text, bool first_part = true, const Record& record = {}) {
    const std::string entry = std::string(text) + ",";
    const std::span<char> room = batch.room();
    if (entry.size() > room.size()) return false;
    memcpy(room.data(), entry.data(), entry.size());
    const size_t bar = entry.find('|');
    const size_t metadata = bar == std::string::npos ? entry.size() - 2 : bar;
    batch.commit({.bytes = static_cast<uint32_t>(entry.size()), .metadata_offset = static_cast<uint32_t>(metadata)},
                 first_part, record);
    return true;
  }
  std::string wire(EntryRange range) {
    const std::span<char> found = batch.wire(range);
    return {found.data(), found.size()};
  }
  std::string everything() const { return {arena.data(), arena.size()}; }

  std::vector<char> arena;
  BatchLayout layout;
  Batch batch;
};

}  // namespace sleipnir::test
