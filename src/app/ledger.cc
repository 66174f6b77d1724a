#include "app/ledger.h"

#include <cstdio>

namespace sleipnir {

namespace {

void append_number(LedgerLine& line, std::string_view key, uint64_t value) {
  char text[64];
  const int bytes = snprintf(text, sizeof(text), ",\"%.*s\":%llu", static_cast<int>(key.size()), key.data(),
                             static_cast<unsigned long long>(value));
  line.append({text, static_cast<size_t>(bytes)});
}

}  // namespace

LedgerLine ledger_line(const Counters& counters) {
  LedgerLine line("{\"sleipnir\":\"ledger\"");
  append_number(line, "received", counters.received.get());
  append_number(line, "restored", counters.restored.get());
  append_number(line, "sent", counters.sent.get());
  append_number(line, "pending", counters.pending());
  append_number(line, "spooled", counters.spooled.get());
  append_number(line, "filtered", counters.filtered.get());
  // Stands there only where invocations are sampled.
  if (const uint64_t sampled_out = counters.sampled_out.get()) append_number(line, "sampled_out", sampled_out);
  append_number(line, "duplicate", counters.duplicate.get());
  if (const uint64_t dead_lettered = counters.dead_lettered.get()) append_number(line, "dead_lettered", dead_lettered);
  append_number(line, "throttled", counters.throttled.get());
  line.append(",\"dropped\":{");
  LedgerLine reasons;
  for (size_t i = 0; i < kDropReasons; i++) {
    const auto reason = static_cast<DropReason>(i);
    const uint64_t count = reason == DropReason::kMalformed ? counters.malformed.get() : counters.dropped[i].get();
    if (count != 0) append_number(reasons, drop_reason_name(reason), count);
  }
  if (!reasons.empty()) line.append(reasons.view().substr(1));
  line.append("},\"lost_upstream\":{\"records\":");
  char text[64];
  snprintf(text, sizeof(text), "%llu,\"bytes\":%llu}}",
           static_cast<unsigned long long>(counters.lost_upstream_records.get()),
           static_cast<unsigned long long>(counters.lost_upstream_bytes.get()));
  line.append(text);
  return line;
}

}  // namespace sleipnir
