#include "app/replay_read.h"

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <vector>

#include "app/spool_format.h"
#include "support/exact_bytes.h"

namespace sleipnir {

using test::ExactBytes;

namespace {

struct Taken final : ReplaySink {
  void begin_stream(std::string_view push_prefix) override { prefixes.emplace_back(push_prefix); }
  std::span<char> room(size_t) override { return arena; }
  void commit(EntryShape shape, bool first_part, int64_t) override {
    entries.emplace_back(arena.data(), shape.bytes);
    records += first_part ? 1 : 0;
  }

  std::string arena = std::string(1024, '\0');
  std::vector<std::string> prefixes;
  std::vector<std::string> entries;
  size_t records = 0;
};

ReplayRead read(std::string_view bytes, Taken& taken) {
  const ExactBytes exact(bytes);
  return read_replay(exact.view(), taken);
}

constexpr std::string_view kPush =
    R"({"streams":[{"stream":{"a":"b"},"values":[["1795279200000000001","x",{"k":"v","part":"1"}],)"
    R"(["1795279200000000001","y",{"part":"2"}],["1795279200000000002","z"]]}]})";

}  // namespace

TEST_CASE("replay_reads_a_push_into_the_entries_of_the_wire") {
  Taken taken;
  const ReplayRead result = read(kPush, taken);
  CHECK(result.whole);
  CHECK(result.unreadable == 0);
  CHECK(taken.prefixes == std::vector<std::string>{R"({"streams":[{"stream":{"a":"b"},"values":[)"});
  CHECK(taken.entries == std::vector<std::string>{R"(["1795279200000000001","x",{"k":"v","part":"1"}],)",
                                                  R"(["1795279200000000001","y",{"part":"2"}],)",
                                                  R"(["1795279200000000002","z"],)"});
  CHECK(taken.records == 2);
}

TEST_CASE("replay_takes_any_layout_of_the_json") {
  Taken taken;
  const ReplayRead result = read(
      " {\n\"streams\" : [ { \"values\" : [ [ \"1795279200000000001\" , \"x\" , { \"k\" : \"v\" } ] ] ,"
      " \"stream\" : {\"a\":\"b\"} } ] }\n",
      taken);
  CHECK(result.whole);
  CHECK(taken.entries == std::vector<std::string>{R"(["1795279200000000001","x",{"k":"v"}],)"});
}

TEST_CASE("replay_of_a_push_that_is_cut_anywhere_is_not_whole") {
  for (size_t bytes = 1; bytes < kPush.size(); bytes++) {
    Taken taken;
    INFO(bytes);
    CHECK_FALSE(read(kPush.substr(0, bytes), taken).whole);
    CHECK(taken.entries.empty());
  }
}

TEST_CASE("replay_counts_entries_that_loki_could_not_take_and_goes_on") {
  for (const char* wrong : {R"(["12","x"])", R"(["1795279200000000001",7])", R"("x")", R"(["1795279200000000001"])",
                            R"(["1795279200000000001","x",{"a":1}])", R"(["1795279200000000001","\ud83d"])"}) {
    Taken taken;
    const std::string push =
        std::string(R"({"streams":[{"stream":{},"values":[)") + wrong + R"(,["1795279200000000002","good"]]}]})";
    INFO(push);
    const ReplayRead result = read(push, taken);
    CHECK(result.whole);
    CHECK(result.unreadable == 1);
    CHECK(taken.entries == std::vector<std::string>{R"(["1795279200000000002","good"],)"});
  }
}

TEST_CASE("replay_takes_no_entry_for_which_there_is_no_room") {
  Taken taken;
  taken.arena.resize(60);
  const std::string line(100, 'x');
  const ReplayRead result =
      read(R"({"streams":[{"stream":{},"values":[["1795279200000000001",")" + line + R"("]]}]})", taken);
  CHECK(result.unreadable == 1);
  CHECK(taken.entries.empty());
}

TEST_CASE("replay_leaves_out_what_the_spool_has_delivered_and_counts_what_is_damaged") {
  const std::string prefix = R"({"streams":[{"stream":{"a":"b"},"values":[)";
  const std::string entry = R"(["1795279200000000001","x"],)";
  std::string segment(kSegmentHeaderBytes, '\0');
  write_segment_header(segment, prefix);
  segment += prefix;
  const auto add = [&](FrameState state, bool damaged) {
    const std::string body = '\x01' + entry;
    FrameHeader header{.state = state,
                       .payload_bytes = static_cast<uint32_t>(entry.size()),
                       .stored_bytes = static_cast<uint32_t>(entry.size()),
                       .entries = 1,
                       .records = 1,
                       .body_checksum = spool_checksum(body) + (damaged ? 1 : 0)};
    std::string head(kFrameHeaderBytes, '\0');
    write_frame_header(head, header);
    segment += head + body;
  };
  add(FrameState::kDelivered, false);
  add(FrameState::kWaiting, true);
  add(FrameState::kWaiting, false);
  Taken taken;
  const ReplayRead result = read(segment, taken);
  CHECK(result.whole);
  CHECK(result.unreadable == 1);
  CHECK(taken.entries == std::vector<std::string>{entry});
  CHECK(taken.prefixes == std::vector<std::string>{prefix});
  Taken of_torn;
  CHECK_FALSE(read(std::string_view(segment).substr(0, segment.size() - 1), of_torn).whole);
}

}  // namespace sleipnir
