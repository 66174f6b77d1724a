// Handoff: everything the loop thread and the sender thread share. Nothing else is shared.
//
// | what          | written by        | read by | rule                                                              |
// |---------------|-------------------|---------|-------------------------------------------------------------------|
// | queue         | loop              | sender  | ownership of a batch moves with its message                       |
// | flush_settled | sender (release)  | loop    | acquire: the flush with this id and all before it are settled     |
// | probe_at_ms   | sender (relaxed)  | loop    | a hint: whether an invocation is worth holding                    |
// | line_bytes_max| sender (relaxed)  | loop    | a limit of the server, learnt from its refusal; 0: none           |
// | finished      | sender (release)  | loop    | acquire: nothing is pending any more, the counters are final      |
// | counters      | each its own      | all     | relaxed, see batch/counters.h                                     |
//
// The pool of batches is shared too and has its own rule (batch/pool.h). After a change the writer calls the other
// side's Kernel::wake().
#pragma once

#include <atomic>

#include "batch/counters.h"
#include "batch/message_queue.h"

namespace sleipnir {

struct Handoff {
  // The loop, and one to spare for whoever reports about itself.
  static constexpr size_t kProducers = 2;

  MessageQueue queue{kProducers};
  std::atomic<uint64_t> flush_settled{0};
  // 0: Loki is taken to be well. Otherwise Unix milliseconds of the next probe: before it nobody need wait.
  std::atomic<int64_t> probe_at_ms{0};
  std::atomic<size_t> line_bytes_max{0};
  std::atomic<bool> finished{false};
  Counters counters;
};

}  // namespace sleipnir
