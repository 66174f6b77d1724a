#include "batch/batch.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace sleipnir {

void Batch::attach(std::span<char> arena, BatchLayout layout) {
  CHECK(arena.size() == layout.arena_bytes && layout.arena_bytes < kFirstPart);
  CHECK(layout.headroom + sizeof(Slot) < layout.arena_bytes);
  arena_ = arena;
  layout_ = layout;
  reset();
}

void Batch::reset() {
  fill_ = layout_.headroom;
  entry_count_ = 0;
  record_count_ = 0;
  level_max_ = Level::kUnknown;
  oldest_ = WallTime::max();
  sequence = 0;
  request_id.clear();
}

std::span<char> Batch::room() {
  const size_t end = index_begin();
  if (end < fill_ + sizeof(Slot)) return {};
  return arena_.subspan(fill_, end - fill_ - sizeof(Slot));
}

void Batch::commit(const EntryShape& shape, bool first_part, const Record& record) {
  CHECK(shape.bytes <= room().size() && shape.metadata_offset <= shape.bytes);
  const auto start = static_cast<uint32_t>(fill_);
  entry_count_++;
  set_slot(entry_count_ - 1, Slot{.start = start, .metadata = shape.metadata_offset | (first_part ? kFirstPart : 0)});
  fill_ += shape.bytes;
  if (first_part) record_count_++;
  level_max_ = std::max(level_max_, record.level);
  oldest_ = std::min(oldest_, record.time);
}

bool Batch::fits_all(size_t wire_bytes, size_t entries) const {
  const size_t free = arena_.size() - fill_;
  return wire_bytes <= free && entries <= (free - wire_bytes) / sizeof(Slot);
}

uint32_t Batch::record_count(EntryRange range) const {
  if (range == all()) return record_count_;
  uint32_t count = 0;
  for (uint32_t i = range.first; i < range.first + range.count; i++) count += begins_record(i) ? 1 : 0;
  return count;
}

size_t Batch::wire_bytes(EntryRange range) const {
  if (range.count == 0) return 0;
  return entry_end(range.first + range.count - 1) - slot(range.first).start;
}

std::string_view Batch::entry(uint32_t index) const {
  const size_t start = slot(index).start;
  return {arena_.data() + start, entry_end(index) - start};
}

std::span<char> Batch::wire(EntryRange range) {
  if (range.count == 0) return {};
  return arena_.subspan(slot(range.first).start, wire_bytes(range));
}

std::string_view Batch::wire_text(EntryRange range) const {
  if (range.count == 0) return {};
  return {arena_.data() + slot(range.first).start, wire_bytes(range)};
}

std::string_view Batch::entry_without_metadata(uint32_t index) const {
  const Slot found = slot(index);
  return {arena_.data() + found.start, found.metadata & ~kFirstPart};
}

bool Batch::begins_record(uint32_t index) const {
  return (slot(index).metadata & kFirstPart) != 0;
}

void Batch::strip_metadata(std::string_view entry_end) {
  size_t to = layout_.headroom;
  for (uint32_t i = 0; i < entry_count_; i++) {
    const std::string_view kept = entry_without_metadata(i);
    // An entry that has no metadata ends where its metadata would begin, closed by `entry_end` already.
    CHECK(kept.size() + entry_end.size() <= entry(i).size());
    const Slot old = slot(i);
    memmove(arena_.data() + to, kept.data(), kept.size());
    memcpy(arena_.data() + to + kept.size(), entry_end.data(), entry_end.size());
    set_slot(i, Slot{.start = static_cast<uint32_t>(to), .metadata = old.metadata});
    to += kept.size() + entry_end.size();
  }
  fill_ = to;
}

Batch::Slot Batch::slot(uint32_t index) const {
  CHECK(index < entry_count_);
  Slot found;
  memcpy(&found, arena_.data() + arena_.size() - (index + size_t{1}) * sizeof(Slot), sizeof(found));
  return found;
}

void Batch::set_slot(uint32_t index, Slot slot) {
  memcpy(arena_.data() + arena_.size() - (index + size_t{1}) * sizeof(Slot), &slot, sizeof(slot));
}

size_t Batch::entry_end(uint32_t index) const {
  return index + 1 == entry_count_ ? fill_ : slot(index + 1).start;
}

size_t Batch::index_begin() const {
  return arena_.size() - entry_count_ * sizeof(Slot);
}

PushText::PushText(Batch& batch, EntryRange range, std::string_view prefix, std::string_view suffix,
                   std::span<char> scratch)
    : prefix_bytes_(prefix.size()), suffix_bytes_(suffix.size()), scratch_(scratch) {
  CHECK(range.count != 0 && prefix.size() <= batch.layout_.headroom && suffix.size() <= kSuffixBytesMax);
  static_assert(kSuffixBytesMax == 1 + sizeof(Batch::Slot));
  CHECK(scratch.size() >= scratch_bytes(batch.layout_));
  const std::span<char> wire = batch.wire(range);
  prefix_at_ = wire.data() - prefix_bytes_;
  suffix_at_ = wire.data() + wire.size() - 1;  // over the trailing comma
  memcpy(scratch_.data(), prefix_at_, prefix_bytes_);
  memcpy(scratch_.data() + prefix_bytes_, suffix_at_, suffix_bytes_);
  memcpy(prefix_at_, prefix.data(), prefix_bytes_);
  memcpy(suffix_at_, suffix.data(), suffix_bytes_);
  text_ = {prefix_at_, static_cast<size_t>(suffix_at_ + suffix_bytes_ - prefix_at_)};
}

PushText::~PushText() {
  memcpy(prefix_at_, scratch_.data(), prefix_bytes_);
  memcpy(suffix_at_, scratch_.data() + prefix_bytes_, suffix_bytes_);
}

}  // namespace sleipnir
