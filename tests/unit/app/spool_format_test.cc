#include "app/spool_format.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "batch/record.h"

using namespace sleipnir;

namespace {

constexpr FrameHeader kHeader{
    .payload_bytes = 300, .stored_bytes = 300, .entries = 9, .records = 5, .body_checksum = 7, .id_bytes = 3};

std::string written(const FrameHeader& header) {
  std::string out(kFrameHeaderBytes, '\0');
  write_frame_header(out, header);
  return out;
}

bool readable(const FrameHeader& header) {
  return read_frame_header(written(header)).has_value();
}

}  // namespace

TEST_CASE("spool_frame_header_is_read_as_written") {
  const auto read = read_frame_header(written(kHeader));
  REQUIRE(read);
  CHECK(read->state == FrameState::kWaiting);
  CHECK(read->encoding == FrameEncoding::kPlain);
  CHECK(read->payload_bytes == 300);
  CHECK(read->stored_bytes == 300);
  CHECK(read->entries == 9);
  CHECK(read->records == 5);
  CHECK(read->body_checksum == 7);
  CHECK(read->flag_bytes() == 2);
  CHECK(read->id_bytes == 3);
  CHECK(read->frame_bytes() == kFrameHeaderBytes + 2 + 3 + 300);
}

TEST_CASE("spool_frame_header_has_the_layout_that_later_versions_find") {
  const std::string bytes = written(kHeader);
  CHECK(bytes.substr(0, 8) == std::string("SlFrWP\0\0", 8));
  CHECK(bytes.substr(8, 4) == std::string("\x2c\x01\0\0", 4));
  CHECK(bytes.substr(16, 4) == std::string("\x09\0\0\0", 4));
  // CRC-32 as everybody has it.
  CHECK(spool_checksum("123456789") == 0xCBF43926);
  CHECK(spool_checksum("6789", spool_checksum("12345")) == 0xCBF43926);
}

TEST_CASE("spool_frame_is_delivered_by_one_byte_that_no_checksum_covers") {
  std::string bytes = written(kHeader);
  bytes[kFrameStateAt] = static_cast<char>(FrameState::kDelivered);
  REQUIRE(read_frame_header(bytes));
  CHECK(read_frame_header(bytes)->state == FrameState::kDelivered);
  bytes[kFrameStateAt] = 'X';
  REQUIRE(read_frame_header(bytes));
  CHECK(read_frame_header(bytes)->state == FrameState::kWaiting);
}

TEST_CASE("spool_frame_header_with_any_other_byte_changed_is_not_read") {
  const std::string bytes = written(kHeader);
  for (size_t at = 0; at < bytes.size(); at++) {
    if (at == kFrameStateAt) continue;
    for (int bit = 0; bit < 8; bit++) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      CHECK_FALSE(read_frame_header(changed));
    }
  }
  for (size_t length = 0; length < bytes.size(); length++) CHECK_FALSE(read_frame_header(bytes.substr(0, length)));
}

TEST_CASE("spool_frame_header_that_claims_what_cannot_be_is_not_read") {
  const auto with = [](auto change) {
    FrameHeader header = kHeader;
    change(header);
    return readable(header);
  };
  CHECK(with([](FrameHeader&) {}));
  CHECK_FALSE(with([](FrameHeader& h) { h.entries = 0; }));
  CHECK(with([](FrameHeader& h) { h.entries = 11; }));
  CHECK_FALSE(with([](FrameHeader& h) { h.entries = 12; }));
  CHECK_FALSE(with([](FrameHeader& h) { h.records = 10; }));
  CHECK(with([](FrameHeader& h) { h.id_bytes = kRequestIdBytesMax; }));
  CHECK_FALSE(with([](FrameHeader& h) { h.id_bytes = kRequestIdBytesMax + 1; }));
  CHECK_FALSE(with([](FrameHeader& h) { h.stored_bytes = 299; }));
  CHECK(with([](FrameHeader& h) { h.encoding = FrameEncoding::kGzip, h.stored_bytes = 299; }));
  CHECK_FALSE(with([](FrameHeader& h) { h.encoding = FrameEncoding::kGzip, h.stored_bytes = 301; }));
  CHECK_FALSE(with([](FrameHeader& h) { h.encoding = static_cast<FrameEncoding>('Z'); }));
  CHECK(with([](FrameHeader& h) { h.payload_bytes = h.stored_bytes = kSpoolPayloadBytesMax; }));
  CHECK_FALSE(with([](FrameHeader& h) { h.payload_bytes = h.stored_bytes = kSpoolPayloadBytesMax + 1; }));
}

TEST_CASE("spool_segment_header_is_read_as_written_and_with_no_byte_changed") {
  std::string bytes(kSegmentHeaderBytes, '\0');
  write_segment_header(bytes, "prefix");
  const auto read = read_segment_header(bytes);
  REQUIRE(read);
  CHECK(read->prefix_bytes == 6);
  CHECK(read->prefix_checksum == spool_checksum("prefix"));
  for (size_t at = 0; at < bytes.size(); at++) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    CHECK_FALSE(read_segment_header(changed));
    CHECK_FALSE(read_segment_header(bytes.substr(0, at)));
  }
}

TEST_CASE("spool_names_are_told_from_others") {
  CHECK(is_spool_name("1763713659123-0123456789abcdef.spool"));
  for (const char* other :
       {"", ".spool", "1763713659123-0123456789abcdef.spoo", "1763713659123-0123456789abcdef.spool~",
        "1763713659123_0123456789abcdef.spool", "176371365912a-0123456789abcdef.spool",
        "1763713659123-0123456789abcdeg.spool", "1763713659123-0123456789ABCDEF.spool"}) {
    CHECK_FALSE(is_spool_name(other));
  }
}
