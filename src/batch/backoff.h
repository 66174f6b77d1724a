// Backoff: how long to wait before the next attempt. Exponential, half of it random, so that the environments of a
// busy function do not come back to an ailing Loki in step. Pure; any thread.
#pragma once

#include "base/clock.h"
#include "base/random.h"

namespace sleipnir {

// The wait after the `failures`-th failure in a row (from 1): between half and all of kBackoffFirst * 2^(failures-1),
// at most kBackoffLast.
Milliseconds backoff_after(int failures, RandomSource& random);

}  // namespace sleipnir
