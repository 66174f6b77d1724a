// The bodies are what Loki 3.7 answers; each is judged as a push of 40 entries with metadata unless a test says more.
#include "loki/verdict.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <tuple>
#include <vector>

namespace sleipnir {
namespace {

using Action = Verdict::Action;

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kMinute = 60 * kSecond;
constexpr int64_t kNoon = 1'785'931'200 * kSecond;  // 2026-08-05T12:00:00Z

constexpr size_t kSmall = 1000;
constexpr size_t kLarge = kSplitFirstBytes + 1;

PushedRange range(uint32_t entries, size_t body_bytes = kSmall) {
  return {.entries = entries, .body_bytes = body_bytes, .metadata = PushedMetadata::kPresent};
}

Verdict judge(int status, std::string_view body = "", PushedRange pushed = range(40)) {
  PushAnswer answer;
  answer.status = status;
  answer.content_type = "text/plain; charset=utf-8";
  answer.body = body;
  return judge_answer(answer, pushed);
}

// ---- by status ----

TEST_CASE("204_and_200_mean_sent") {
  CHECK(judge(204).action == Action::kSent);
  CHECK(judge(200).action == Action::kSent);
  CHECK(judge(200).dropped_entries == 0);
}

TEST_CASE("a_200_with_a_page_of_html_is_refused_as_a_proxy_s") {
  for (const std::string_view type : {"text/html", "Text/HTML; charset=utf-8"}) {
    PushAnswer answer;
    answer.status = 200;
    answer.content_type = type;
    CHECK(judge_answer(answer, range(1)).action == Action::kRefused);
    answer.status = 204;
    CHECK(judge_answer(answer, range(1)).action == Action::kSent);
  }
}

TEST_CASE("a_400_with_a_page_of_html_is_a_gateway_s_and_keeps_the_records") {
  for (const std::string_view title :
       {"The plain HTTP request was sent to HTTPS port", "No required SSL certificate was sent",
        "The SSL certificate error", "Request Header Or Cookie Too Large", "Bad Request"}) {
    const std::string body =
        std::string("<html>\r\n<head><title>400 ").append(title).append("</title></head>\r\n<body></body></html>");
    for (const uint32_t entries : {1U, 100U}) {
      PushAnswer answer;
      answer.status = 400;
      answer.body = body;
      answer.content_type = "text/html";
      const Verdict verdict = judge_answer(answer, range(entries));
      CHECK(verdict.action == Action::kRefused);
      CHECK(verdict.dropped_entries == 0);
      CHECK(verdict.words.view().find(title) != std::string_view::npos);
      answer.content_type = "text/plain; charset=utf-8";
      CHECK(judge_answer(answer, range(entries)).action == (entries == 1 ? Action::kDrop : Action::kBisect));
    }
  }
}

TEST_CASE("what_the_endpoint_or_the_credentials_are_to_blame_for_is_kept") {
  for (const int status : {300, 301, 302, 304, 307, 308, 399, 401, 403, 404, 405, 407}) {
    CAPTURE(status);
    const Verdict verdict = judge(status, "no org id\n");
    CHECK(verdict.action == Action::kRefused);
    CHECK(verdict.dropped_entries == 0);
    CHECK(verdict.words == "no org id");
  }
}

TEST_CASE("overload_and_nonsense_are_retried") {
  for (const int status : {0, 42, 100, 199, 408, 429, 500, 501, 502, 503, 504, 599, 600, 999, -1}) {
    CAPTURE(status);
    CHECK(judge(status).action == Action::kRetry);
    CHECK(judge(status).dropped_entries == 0);
  }
}

TEST_CASE("overload_of_a_push_over_a_mebibyte_splits_it_first") {
  for (const int status : {408, 429, 500, 503}) {
    CHECK(judge(status, "", range(40, kSplitFirstBytes)).action == Action::kRetry);
    CHECK(judge(status, "", range(40, kLarge)).action == Action::kSplit);
    CHECK(judge(status, "", range(1, kLarge)).action == Action::kRetry);
  }
}

TEST_CASE("retry_after_is_passed_on") {
  PushAnswer answer;
  answer.status = 429;
  answer.retry_after = Milliseconds(1500);
  CHECK(judge_answer(answer, range(1)).retry_after == Milliseconds(1500));
  CHECK(judge_answer(answer, range(2, kLarge)).retry_after == Milliseconds(1500));
  CHECK_FALSE(judge(429).retry_after);
}

TEST_CASE("other_4xx_and_2xx_are_rejected_with_the_server_s_words") {
  for (const int status : {201, 202, 206, 260, 299, 402, 406, 409, 410, 415, 422, 451, 499}) {
    CAPTURE(status);
    const Verdict verdict = judge(status, "ingestion blocked for user fake until '2030' with status code '260'\n");
    CHECK(verdict.action == Action::kDrop);
    CHECK(verdict.reason == DropReason::kRejected);
    CHECK(verdict.dropped_entries == 40);
    CHECK(verdict.words == "ingestion blocked for user fake until '2030' with status code '260'");
  }
}

// ---- too large ----

TEST_CASE("what_is_too_large_is_split_down_to_one_entry_which_is_dropped") {
  const std::string_view grpc =
      "rpc error: code = ResourceExhausted desc = grpc: received message larger than max (5001001 vs 4194304)\n";
  const std::string_view http = "request body too large: message size too large than max (209715200 vs 104857600)";
  for (const auto& [status, body, limit] :
       {std::tuple(500, grpc, size_t{4194304}), std::tuple(503, grpc, size_t{4194304}),
        std::tuple(413, http, size_t{104857600}), std::tuple(400, http, size_t{104857600}),
        std::tuple(413, std::string_view("request body too large: 900 bytes, limit: 700 bytes"), size_t{700}),
        std::tuple(400, std::string_view("decompressed message size too large than max (9 vs 8)"), size_t{8})}) {
    CAPTURE(status, body);
    const Verdict two = judge(status, body, range(2, size_t{200} << 20));
    CHECK(two.action == Action::kSplit);
    CHECK(two.body_bytes_max == limit);
    const Verdict one = judge(status, body, range(1, size_t{200} << 20));
    CHECK(one.action == Action::kDrop);
    CHECK(one.reason == DropReason::kTooLarge);
    CHECK(one.dropped_entries == 1);
  }
}

TEST_CASE("a_413_without_a_usable_limit_still_splits") {
  CHECK(judge(413).action == Action::kSplit);
  CHECK_FALSE(judge(413).body_bytes_max);
  // Above what was pushed it says nothing about pushes.
  CHECK_FALSE(judge(413, "(5 vs 1001)").body_bytes_max);
  CHECK(judge(413, "(5 vs 999)").body_bytes_max == 999);
  CHECK_FALSE(judge(413, "(5 vs 0)").body_bytes_max);
}

// ---- 400 from parsing: nothing was stored ----

TEST_CASE("a_400_from_parsing_is_bisected_down_to_the_poisoned_entry") {
  for (const std::string_view body :
       {"couldn't parse labels: 1:3: parse error: unexpected character inside braces: '-'\n",
        "loghttp.PushRequest.Streams: []loghttp.LogProtoStream: unmarshalerDecoder: Value looks like Number/Boolean/"
        "None, but can't find its end: ',' or '}' symbol, error found in #10 byte of ...|1,\"x\"|..., bigger context",
        "snappy: corrupt input\n", "EOF\n", "unexpected EOF\n", "Content-Encoding \"GZIP\" not supported\n",
        "mime: no media type\n", "<html>Bad Request</html>", "", "\xFF\x00\x01"}) {
    CAPTURE(body);
    const Verdict many = judge(400, body);
    CHECK(many.action == Action::kBisect);
    CHECK(many.dropped_entries == 0);
    const Verdict one = judge(400, body, range(1));
    CHECK(one.action == Action::kDrop);
    CHECK(one.reason == DropReason::kRejected);
    CHECK(one.dropped_entries == 1);
  }
}

TEST_CASE("a_parse_error_that_quotes_a_validation_message_is_still_a_parse_error") {
  CHECK(
      judge(400, "loghttp.PushRequest: ...|entry for stream '{}' has timestamp too old: x; stream '{}' x|...").action ==
      Action::kBisect);
}

TEST_CASE("a_refused_tenant_id_is_the_configuration_s_fault") {
  CHECK(judge(400, "tenant ID 'a b' contains unsupported character ' '\n").action == Action::kRefused);
  CHECK(judge(400, "multiple org IDs present\n").action == Action::kRefused);
}

// ---- 400 from validation: the valid entries were stored ----

TEST_CASE("disallowed_metadata_is_left_out_from_then_on") {
  const std::string_view body =
      "stream '{service_name=\"x\"}' includes structured metadata, but this feature is disallowed. Please see "
      "`limits_config.allow_structured_metadata` or contact your Loki administrator to enable it.\n";
  const Verdict verdict = judge(400, body);
  CHECK(verdict.action == Action::kAmend);
  CHECK(verdict.amend.strip_metadata);
  CHECK(verdict.amend.entries == 40);
  CHECK(verdict.dropped_entries == 0);
  // There was none: no use in trying again.
  PushedRange bare = range(40);
  bare.metadata = PushedMetadata::kAbsent;
  const Verdict again = judge(400, "12 errors like: " + std::string(body), bare);
  CHECK(again.action == Action::kDrop);
  CHECK(again.reason == DropReason::kRejected);
  CHECK(again.dropped_entries == 12);
}

TEST_CASE("too_old_entries_are_stamped_above_the_oldest_acceptable_time") {
  const Verdict verdict = judge(400,
                                "entry for stream '{a=\"b; c\"}' has timestamp too old: 2026-07-01T00:00:00Z, oldest "
                                "acceptable timestamp is: 2026-08-05T12:00:00Z\n");
  CHECK(verdict.action == Action::kAmend);
  // Printed without its fraction: the limit lies within that second.
  CHECK(verdict.amend.oldest_accepted_ns == kNoon + kSecond);
  CHECK(verdict.amend.restamp_from_ns == kNoon + kSecond + kMinute);
  CHECK(verdict.dropped_entries == 0);
  CHECK_FALSE(verdict.amend.strip_metadata);
}

TEST_CASE("a_limit_with_nanoseconds_is_taken_exactly") {
  const Verdict verdict = judge(400,
                                "entry for stream '{}' has timestamp too old: 2026-07-01T00:00:00Z, oldest acceptable "
                                "timestamp is: 2026-08-05T12:00:00.000000007Z");
  CHECK(verdict.amend.oldest_accepted_ns == kNoon + 7);
}

TEST_CASE("entries_too_far_behind_are_stamped_anew_by_the_latest_limit_listed") {
  const Verdict verdict = judge(
      400,
      "entry with timestamp 2026-08-05 10:00:00.000000001 +0000 UTC ignored, reason: 'entry too far behind, entry "
      "timestamp is: 2026-08-05T10:00:00Z, oldest acceptable timestamp is: 2026-08-05T12:00:00Z',\n"
      "entry with timestamp 2026-08-05 10:00:01 +0000 UTC ignored, reason: 'entry too far behind, entry timestamp is: "
      "2026-08-05T10:00:01Z, oldest acceptable timestamp is: 2026-08-05T12:00:05Z',\n"
      "entry with timestamp 2026-08-05 10:00:02 +0000 UTC ignored, reason: 'entry too far behind, entry timestamp is: "
      "2026-08-05T10:00:02Z, oldest acceptable timestamp is: 2026-08-05T12:00:03Z',\n"
      "user 'fake', total ignored: 12 out of 40 for stream: {service_name=\"x\"}");
  CHECK(verdict.action == Action::kAmend);
  CHECK(verdict.amend.oldest_accepted_ns == kNoon + 6 * kSecond);
  CHECK(verdict.amend.entries == 12);
  CHECK(verdict.dropped_entries == 0);
}

TEST_CASE("entries_the_ingester_ignores_for_other_reasons_are_counted_by_its_total") {
  const std::string line =
      "entry with timestamp 2026-08-05 10:00:00 +0000 UTC ignored, reason: 'entry out of order',\n";
  const Verdict two = judge(400, line + line + "user 'fake', total ignored: 2 out of 40 for stream: {}");
  CHECK(two.action == Action::kDrop);
  CHECK(two.reason == DropReason::kRejected);
  CHECK(two.dropped_entries == 2);
  // More than were listed: of what kind they were is not known.
  const Verdict more = judge(400, line + line + "user 'fake', total ignored: 31 out of 40 for stream: {}");
  CHECK(more.dropped_entries == 31);
  CHECK(more.reason == DropReason::kRejectedUnconfirmed);
  const Verdict no_total = judge(400, line);
  CHECK(no_total.dropped_entries == 1);
  CHECK(no_total.reason == DropReason::kRejectedUnconfirmed);
  const Verdict unwrapped = judge(400, "rpc error: code = Code(400) desc = " + line + "total ignored: 1 out of 40");
  CHECK(unwrapped.action == Action::kDrop);
  CHECK(unwrapped.dropped_entries == 1);
}

TEST_CASE("entries_too_new_are_stamped_anew_from_the_earliest_named_time_on") {
  const Verdict verdict =
      judge(400,
            "entry for stream '{}' has timestamp too new: 2026-08-05T12:00:09Z; 3 errors like: entry "
            "for stream '{}' has timestamp too new: 2026-08-05T12:00:00Z; entry for stream '{}' has "
            "timestamp too new: 2026-08-05T12:00:30Z\n");
  CHECK(verdict.action == Action::kAmend);
  CHECK(verdict.amend.too_new_from_ns == kNoon);
  CHECK(verdict.amend.entries == 5);
  CHECK(verdict.dropped_entries == 0);
}

TEST_CASE("the_line_limit_is_learnt_from_the_refusal") {
  for (const std::string_view first : {"max entry size", "Max entry size"}) {
    const Verdict verdict = judge(400, std::string(first) +
                                           " '262144' bytes exceeded for stream '{a=\"max entry size '1'\"}' while "
                                           "adding an entry with length '262145' bytes");
    CHECK(verdict.action == Action::kAmend);
    CHECK(verdict.amend.line_bytes_max == 262144);
    CHECK(verdict.dropped_entries == 0);
  }
}

TEST_CASE("faults_of_the_stream_reject_every_entry") {
  for (const std::string_view body :
       {"entry for stream '{...}' has 16 label names; limit 15", "stream '{...}' has label name too long: 'x'",
        "stream '{...}' has label value too long: 'x'", "stream '{...}' has duplicate label name: 'a'",
        "missing required labels 'team' for user fake for stream {}",
        "error at least one label pair is required per stream"}) {
    CAPTURE(body);
    const Verdict verdict = judge(400, body);
    CHECK(verdict.action == Action::kDrop);
    CHECK(verdict.reason == DropReason::kRejected);
    CHECK(verdict.dropped_entries == 40);
  }
}

TEST_CASE("faults_of_single_entries_are_counted_as_grouped") {
  const std::string large =
      "stream '{}' has structured metadata too large: '65537' bytes, limit: '65536' bytes. Please see "
      "`limits_config.max_structured_metadata_size` or contact your Loki administrator to increase it.";
  const std::string many =
      "stream '{}' has too many structured metadata labels: '129', limit: '128'. Please see "
      "`limits_config.max_structured_metadata_entries_count` or contact your Loki administrator to increase it.";
  CHECK(judge(400, large).dropped_entries == 1);
  CHECK(judge(400, "3 errors like: " + large).dropped_entries == 3);
  const Verdict both = judge(400, "3 errors like: " + large + "; 5 errors like: " + many + "\n");
  CHECK(both.action == Action::kDrop);
  CHECK(both.reason == DropReason::kRejected);
  CHECK(both.dropped_entries == 8);
}

TEST_CASE("several_causes_in_one_answer_are_all_heeded") {
  const Verdict verdict = judge(
      400,
      "2 errors like: entry for stream '{a=\"; entry\"}' has timestamp too old: 2026-07-01T00:00:00Z, oldest "
      "acceptable "
      "timestamp is: 2026-08-05T12:00:00Z; max entry size '1000' bytes exceeded for stream '{a=\"x; y\"}' while adding "
      "an "
      "entry with length '1001' bytes; entry for stream '{}' has timestamp too new: 2026-08-05T12:00:00Z; 4 errors "
      "like: "
      "stream '{}' has structured metadata too large: '9' bytes, limit: '8' bytes. Please see x; stream '{}' includes "
      "structured metadata, but this feature is disallowed. Please see y");
  CHECK(verdict.action == Action::kAmend);
  CHECK(verdict.amend.oldest_accepted_ns == kNoon + kSecond);
  CHECK(verdict.amend.line_bytes_max == 1000);
  CHECK(verdict.amend.too_new_from_ns == kNoon);
  CHECK(verdict.amend.strip_metadata);
  CHECK(verdict.dropped_entries == 4);
  CHECK(verdict.reason == DropReason::kRejected);
}

TEST_CASE("a_remedy_that_cannot_be_read_leaves_a_counted_drop") {
  for (const std::string_view body :
       {"max entry size 'huge' bytes exceeded", "max entry size '0' bytes exceeded", "max entry size '",
        "entry for stream '{}' has timestamp too old: x, oldest acceptable timestamp is: yesterday",
        "entry for stream '{}' has timestamp too old", "entry for stream '{}' has timestamp too new: soon"}) {
    CAPTURE(body);
    const Verdict verdict = judge(400, body);
    CHECK(verdict.action == Action::kDrop);
    CHECK(verdict.dropped_entries == 1);
    CHECK(verdict.reason == DropReason::kRejected);
  }
}

TEST_CASE("no_more_entries_are_dropped_than_were_pushed") {
  CHECK(judge(400, "99999999999 errors like: stream '{}' has a new kind of fault").dropped_entries == 40);
  CHECK(judge(400, "18446744073709551615 errors like: stream '{}' x; 7 errors like: stream '{}' x").dropped_entries ==
        40);
}

TEST_CASE("drops_told_by_an_answer_that_was_cut_off_are_unconfirmed") {
  PushAnswer answer;
  answer.status = 400;
  answer.body = "3 errors like: stream '{}' has structured metadata too large: '9' bytes, limit: '8' by";
  answer.body_read = BodyRead::kCut;
  const Verdict verdict = judge_answer(answer, range(40));
  CHECK(verdict.dropped_entries == 3);
  CHECK(verdict.reason == DropReason::kRejectedUnconfirmed);
}

TEST_CASE("no_more_of_an_answer_is_read_than_its_limit") {
  const std::string message = "stream '{}' has structured metadata too large: '9' bytes";
  std::string body = message;
  while (body.size() < kAnswerBytesMax) body += "; " + message;
  const uint32_t within = judge(400, body.substr(0, kAnswerBytesMax), range(1'000'000)).dropped_entries;
  const Verdict verdict = judge(400, body + body, range(1'000'000));
  CHECK(verdict.dropped_entries == within);
  CHECK(verdict.reason == DropReason::kRejectedUnconfirmed);
  CHECK(judge(400, body.substr(0, kAnswerBytesMax), range(1'000'000)).reason == DropReason::kRejected);
}

// ---- rate limits ----

TEST_CASE("rate_limits_are_retried_and_drop_nothing") {
  for (const std::string_view body :
       {"ingestion rate limit exceeded for user fake (limit: 4194304 bytes/sec) while attempting to ingest '28' lines "
        "totaling '7000000' bytes, reduce log volume",
        "entry with timestamp 2026-08-05 10:00:00 +0000 UTC ignored, reason: 'Per stream rate limit exceeded (limit: "
        "3MB/sec) while attempting to ingest for stream '{}' totaling 1000B, consider splitting a stream',\nuser "
        "'fake', "
        "total ignored: 1 out of 2 for stream: {}",
        "maximum active stream limit exceeded when trying to create stream {}, reduce the number of active streams"}) {
    CHECK(judge(429, body).action == Action::kRetry);
    CHECK(judge(429, body).dropped_entries == 0);
    CHECK(judge(429, body, range(40, kLarge)).action == Action::kSplit);
  }
}

TEST_CASE("a_split_for_overload_names_no_limit") {
  CHECK_FALSE(judge(429, "(1 vs 2)", range(9, kLarge)).body_bytes_max);
}

}  // namespace
}  // namespace sleipnir
