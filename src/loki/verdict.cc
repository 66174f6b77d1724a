// Most of this is Loki's 400. A validation answer is one or several messages, joined by "; ", equal ones as
// `3 errors like: <message>`; or one multi-line message of the ingester. Every message begins with one of a few known
// phrases. The first one decides: an answer that does not begin so comes from parsing (or from a gateway), nothing was
// stored, and whatever else it says may be quoted from our own body and is not looked at.
#include "loki/verdict.h"

#include <algorithm>
#include <array>
#include <limits>

#include "loki/answer_text.h"

namespace sleipnir {

namespace {

constexpr size_t kNone = std::string_view::npos;

// How far above the server's limit old entries are stamped again; see Verdict::Amend. Guess, not tuned.
constexpr int64_t kRestampMarginNs = 60'000'000'000;
constexpr int64_t kNanosPerSecond = 1'000'000'000;

constexpr std::array<std::string_view, 6> kMessageBegins = {
    "entry for stream '",       // too old, too new, too many labels
    "entry with timestamp ",    // the ingester's list
    "max entry size '",         // line too long
    "stream '",                 // labels and structured metadata
    "missing required labels",  // enforced labels
    "error at least one label pair",
};

// Causes that concern a stream, which here means every entry of the push.
constexpr std::array<std::string_view, 6> kStreamFaults = {
    " label names; limit",  "label name too long",     "label value too long",
    "duplicate label name", "missing required labels", "at least one label pair",
};

// Faults of the tenant's id, which is configuration and not this batch.
constexpr std::array<std::string_view, 4> kTenantFaults = {"tenant id '", "tenant id is too long",
                                                           "multiple org ids present", "no org id"};

template <size_t N>
bool has_any(std::string_view text, const std::array<std::string_view, N>& phrases) {
  return std::any_of(phrases.begin(), phrases.end(), [&](std::string_view phrase) { return has_phrase(text, phrase); });
}

template <size_t N>
bool begins_with_any(std::string_view text, const std::array<std::string_view, N>& phrases) {
  return std::any_of(phrases.begin(), phrases.end(),
                     [&](std::string_view phrase) { return begins_with_phrase(text, phrase); });
}

// One message of a validation answer, and how many entries it speaks for.
struct Message {
  std::string_view text;
  uint64_t count = 1;
};

// `3 errors like: <message>` or `<message>`; an empty text if it is no message.
Message read_message(std::string_view text) {
  constexpr std::string_view kLike[] = {" errors like: ", " error like: "};
  Message message{.text = text};
  if (const std::optional<uint64_t> count = leading_number(text)) {
    const size_t digits = text.find_first_not_of("0123456789");
    for (const std::string_view like : kLike) {
      if (digits == kNone || !begins_with_phrase(text.substr(digits), like)) continue;
      message = {.text = text.substr(digits + like.size()), .count = *count};
    }
  }
  if (!begins_with_any(message.text, kMessageBegins)) message.text = {};
  return message;
}

// Gives the messages one by one. A "; " that no message follows is part of the message (`label names; limit 15`, or a
// label's value).
class Messages {
 public:
  explicit Messages(std::string_view text) : rest_(text) {}

  // An empty text: no further one. Bounded by the answer's length: each call goes on behind the last one.
  Message next() {
    const Message found = read_message(rest_);
    if (found.text.empty()) return found;
    size_t end = find_phrase(rest_, kJoin);
    while (end != kNone && read_message(rest_.substr(end + kJoin.size())).text.empty()) {
      end = find_phrase(rest_, kJoin, end + kJoin.size());
    }
    const std::string_view whole = rest_.substr(0, end);
    rest_ = end == kNone ? std::string_view{} : rest_.substr(end + kJoin.size());
    const auto skipped = static_cast<size_t>(found.text.data() - whole.data());
    return {.text = whole.substr(skipped), .count = found.count};
  }

 private:
  static constexpr std::string_view kJoin = "; ";
  std::string_view rest_;
};

// Adds up what the messages of one validation answer ask for.
class Validation {
 public:
  explicit Validation(const PushedRange& pushed) : pushed_(pushed) {}

  void add(const Message& message) {
    const std::string_view text = message.text;
    if (begins_with_phrase(text, "entry with timestamp ")) {
      add_ingester_list(text);
    } else if (begins_with_phrase(text, "max entry size '")) {
      const std::optional<uint64_t> limit = number_behind(text, "max entry size '");
      if (limit && *limit > 0) {
        amend_.line_bytes_max = std::min<size_t>(*limit, amend_.line_bytes_max.value_or(SIZE_MAX));
        amend(message.count);
      } else {
        lose(message.count);
      }
    } else if (has_phrase(text, "structured metadata, but this feature is disallowed")) {
      // Refused again though there was none in the push: nothing more to be done.
      if (pushed_.metadata == PushedMetadata::kPresent) {
        amend_.strip_metadata = true;
        amend(pushed_.entries);
      } else {
        lose(message.count);
      }
    } else if (has_phrase(text, "timestamp too old")) {
      note_oldest(text) ? amend(message.count) : lose(message.count);
    } else if (has_phrase(text, "timestamp too new")) {
      note_too_new(text) ? amend(message.count) : lose(message.count);
    } else if (has_any(text, kStreamFaults)) {
      lose(pushed_.entries);
    } else {
      lose(message.count);
    }
  }

  // The whole of it. `read`: of a cut answer the numbers are lower bounds.
  void finish(Verdict& verdict, BodyRead read) const {
    verdict.amend = amend_;
    verdict.amend.entries = static_cast<uint32_t>(std::min<uint64_t>(amended_, pushed_.entries));
    verdict.action = amend_.any() ? Verdict::Action::kAmend : Verdict::Action::kDrop;
    verdict.dropped_entries = static_cast<uint32_t>(std::min<uint64_t>(lost_, pushed_.entries));
    if (lost_ == 0 && amend_.any()) return;
    const bool exact = read == BodyRead::kWhole && exact_;
    verdict.reason = exact ? DropReason::kRejected : DropReason::kRejectedUnconfirmed;
  }

 private:
  // The numbers are the server's: no sum may wrap.
  static uint64_t added(uint64_t a, uint64_t b) {
    return b > std::numeric_limits<uint64_t>::max() - a ? std::numeric_limits<uint64_t>::max() : a + b;
  }

  void amend(uint64_t entries) { amended_ = added(amended_, entries); }

  void lose(uint64_t entries) { lost_ = added(lost_, entries); }

  // Behind the last occurrence of the phrase: what the message says itself comes behind the labels that it quotes.
  static std::optional<AnswerTime> time_behind_last(std::string_view text, std::string_view phrase) {
    const size_t at = find_last_phrase(text, phrase);
    if (at == kNone) return {};
    return leading_time(text.substr(at + phrase.size()));
  }

  bool note_oldest(std::string_view text) {
    const std::optional<AnswerTime> limit = time_behind_last(text, "oldest acceptable timestamp is: ");
    if (!limit) return false;
    const int64_t at = limit->unix_ns + (limit->whole_seconds ? kNanosPerSecond : 0);
    if (!amend_.oldest_accepted_ns || at > *amend_.oldest_accepted_ns) {
      amend_.oldest_accepted_ns = at;
      amend_.restamp_from_ns = at > std::numeric_limits<int64_t>::max() - kRestampMarginNs ? at : at + kRestampMarginNs;
    }
    return true;
  }

  bool note_too_new(std::string_view text) {
    const std::optional<AnswerTime> refused = time_behind_last(text, "timestamp too new: ");
    if (!refused) return false;
    amend_.too_new_from_ns = std::min(refused->unix_ns, amend_.too_new_from_ns.value_or(refused->unix_ns));
    return true;
  }

  // `entry with timestamp <t> ignored, reason: '<reason>',` line by line, at most ten by default, and behind them
  // `user '...', total ignored: 12 out of 40 for stream: {...}`.
  void add_ingester_list(std::string_view text) {
    uint64_t listed = 0;
    uint64_t too_far_behind = 0;
    std::string_view rest = text;
    while (begins_with_phrase(rest, "entry with timestamp ")) {
      const size_t end = rest.find('\n');
      const std::string_view line = rest.substr(0, end);
      listed++;
      if (has_phrase(line, "too far behind") && note_oldest(line)) too_far_behind++;
      rest = end == kNone ? std::string_view{} : rest.substr(end + 1);
    }
    const std::optional<uint64_t> total = number_behind(rest, "total ignored: ");
    const uint64_t ignored = std::max(total.value_or(listed), listed);
    // Those not listed are of the listed kinds; only if all of these can be sent again do they go with them.
    if (too_far_behind == listed) return amend(ignored);
    amend(too_far_behind);
    lose(ignored - too_far_behind);
    if (ignored > listed || !total) exact_ = false;
  }

  const PushedRange& pushed_;
  Verdict::Amend amend_;
  uint64_t amended_ = 0;
  uint64_t lost_ = 0;
  bool exact_ = true;
};

void drop_all(Verdict& verdict, const PushedRange& pushed, DropReason reason) {
  verdict.action = Verdict::Action::kDrop;
  verdict.reason = reason;
  verdict.dropped_entries = pushed.entries;
}

// Larger than the server takes, whatever it says about trying again.
void judge_too_large(Verdict& verdict, std::string_view body, const PushedRange& pushed) {
  if (pushed.entries <= 1) return drop_all(verdict, pushed, DropReason::kTooLarge);
  verdict.action = Verdict::Action::kSplit;
  std::optional<uint64_t> limit = number_behind(body, " vs ");
  if (!limit) limit = number_behind(body, "limit: ");
  if (limit && *limit > 0 && *limit < pushed.body_bytes) verdict.body_bytes_max = *limit;
}

void judge_overload(Verdict& verdict, std::string_view body, const PushedRange& pushed) {
  // `rpc error: code = ResourceExhausted desc = grpc: received message larger than max (5001001 vs 4194304)`
  if (has_phrase(body, "ResourceExhausted") || has_phrase(body, "message larger than max"))
    return judge_too_large(verdict, body, pushed);
  const bool split = pushed.body_bytes > kSplitFirstBytes && pushed.entries > 1;
  verdict.action = split ? Verdict::Action::kSplit : Verdict::Action::kRetry;
}

void judge_bad_request(Verdict& verdict, std::string_view body, BodyRead read, const PushedRange& pushed) {
  // gRPC's wrapping of the ingester's answer, should a version leave it on.
  constexpr std::string_view kWrapped = "rpc error: code = Code(400) desc = ";
  if (begins_with_phrase(body, kWrapped)) body.remove_prefix(kWrapped.size());
  if (begins_with_any(body, kTenantFaults)) {
    verdict.action = Verdict::Action::kRefused;
    return;
  }
  if (begins_with_phrase(body, "decompressed message size too large") ||
      begins_with_phrase(body, "request body too large")) {
    return judge_too_large(verdict, body, pushed);
  }
  Messages messages(body);
  Message message = messages.next();
  if (message.text.empty()) {
    if (pushed.entries <= 1) return drop_all(verdict, pushed, DropReason::kRejected);
    verdict.action = Verdict::Action::kBisect;
    return;
  }
  Validation validation(pushed);
  for (; !message.text.empty(); message = messages.next()) validation.add(message);
  validation.finish(verdict, read);
}

}  // namespace

Verdict judge_answer(const PushAnswer& answer, const PushedRange& pushed) {
  const std::string_view body = answer.body.substr(0, kAnswerBytesMax);
  const BodyRead read = body.size() < answer.body.size() ? BodyRead::kCut : answer.body_read;
  Verdict verdict;
  verdict.words = first_words(body);
  verdict.retry_after = answer.retry_after;
  const int status = answer.status;
  // Not Loki's: a login page or a proxy's, a gateway that wants TLS or a certificate. It has not looked at the records.
  verdict.page = begins_with_phrase(answer.content_type, "text/html");
  if (verdict.page && (status == 200 || status == 400)) {
    verdict.action = Verdict::Action::kRefused;
  } else if (status == 204 || status == 200) {
    verdict.action = Verdict::Action::kSent;
  } else if (status == 413) {
    judge_too_large(verdict, body, pushed);
  } else if (status == 400) {
    judge_bad_request(verdict, body, read, pushed);
  } else if (status == 408 || status == 429 || (status >= 500 && status <= 599)) {
    judge_overload(verdict, body, pushed);
  } else if ((status >= 300 && status <= 399) || status == 401 || status == 403 || status == 404 || status == 405 ||
             status == 407) {
    verdict.action = Verdict::Action::kRefused;
  } else if (status >= 200 && status <= 499) {
    // 422, 260 (ingestion blocked), and what nobody answers to a push: refused for good.
    drop_all(verdict, pushed, DropReason::kRejected);
  } else {
    verdict.action = Verdict::Action::kRetry;
  }
  return verdict;
}

}  // namespace sleipnir
