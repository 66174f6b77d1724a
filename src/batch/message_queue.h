// MessageQueue: what the loop tells the sender, lock-free, multi-producer single-consumer (moodycamel).
//
// Ownership of a batch moves with its message; the producer does not touch it again. Producers have tokens made at
// start, so that enqueueing never allocates; order holds per producer. The queue does not wake anybody: the producer
// calls Kernel::wake() of the sender after it has put everything in, and the sender pops until it is empty.
#pragma once

#include <mutex>  // NOLINT: concurrentqueue.h 1.0.4 needs it before it

#include <concurrentqueue.h>

#include "base/clock.h"
#include "base/limits.h"
#include "batch/batch.h"

namespace sleipnir {

// A wish that everything up to a batch be delivered, with somebody waiting for it.
struct FlushRequest {
  uint64_t id = 0;                  // counts up from 1
  uint64_t through_sequence = 0;    // batches up to this one belong to it
  MonotonicTime deadline = kNever;  // the waiter leaves then; what is not delivered is kept
  int attempts_max = 1;             // per batch, within this flush
};

struct SenderMessage {
  enum class Kind : uint8_t {
    kBatch,     // `batch`: push it; it is the sender's now
    kFlush,     // `flush`: tell when it is settled
    kMakeRoom,  // the pool is empty: give back the oldest batch that is not being pushed, at `flush.deadline` at the
                // latest: until then a push may end and give back its own
    kWarmUp,    // make a connection ready if none is
    kThaw,      // the environment was frozen: older connections are suspect
    kShutdown,  // `flush.deadline`: deliver what can be, settle the rest by then
  };
  Kind kind = Kind::kBatch;
  Batch* batch = nullptr;
  FlushRequest flush;
  // With kShutdown: the environment is started anew in the same sandbox.
  bool restart_comes = false;
};

class MessageQueue {
  struct Traits : moodycamel::ConcurrentQueueDefaultTraits {
    // Explicit producers only: nobody's first enqueue allocates.
    static constexpr size_t INITIAL_IMPLICIT_PRODUCER_HASH_SIZE = 0;
    static constexpr size_t BLOCK_SIZE = 32;
    // With tokens and a single consumer there is no need to spin or rotate.
    static constexpr size_t EXPLICIT_CONSUMER_CONSUMPTION_QUOTA_BEFORE_ROTATE = 256;
  };
  using Queue = moodycamel::ConcurrentQueue<SenderMessage, Traits>;

 public:
  class Producer {
   public:
    explicit Producer(MessageQueue& queue) : queue_(queue.queue_), token_(queue.queue_) {}
    // False when the queue is full: kQueueMessagesMax is above what can be under way, so a caller may CHECK it.
    [[nodiscard]] bool put(const SenderMessage& message) { return queue_.try_enqueue(token_, message); }

   private:
    Queue& queue_;
    moodycamel::ProducerToken token_;
  };

  // `producers`: how many Producer objects there will be.
  explicit MessageQueue(size_t producers) : queue_(kQueueMessagesMax, producers, 0), token_(queue_) {}

  // Sender thread only.
  bool take(SenderMessage& message) { return queue_.try_dequeue(token_, message); }

 private:
  Queue queue_;
  moodycamel::ConsumerToken token_;
};

}  // namespace sleipnir
