// Ledger: the counters as one line of JSON, for stderr and for the stream in Loki. Pure.
//
//   {"sleipnir":"ledger","received":1204,...,"dropped":{"overflow":12},"lost_upstream":{"records":0,"bytes":0}}
//
// received + restored = sent + pending + spooled + filtered + sampled_out + duplicate + dead_lettered + dropped{...}
// Beside it, in pushes: `throttled`, those that Loki put off with 429.
#pragma once

#include "base/fixed_text.h"
#include "batch/counters.h"

namespace sleipnir {

using LedgerLine = FixedText<768>;

LedgerLine ledger_line(const Counters& counters);

}  // namespace sleipnir
