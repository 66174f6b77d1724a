// A race on purpose, in what goes through the queue rather than in the queue: the producer writes to a batch it has
// already given away. tests/run expects the thread sanitizer to report it under tests/tsan.supp, so that the
// suppression cannot come to hide our own mistakes.
#include <mutex>  // concurrentqueue.h needs it before itself

#include <concurrentqueue.h>
#include <pthread.h>

namespace {

struct Batch {
  int entries = 0;
};

moodycamel::ConcurrentQueue<Batch*> queue;
Batch batch;  // not on main's stack: older sanitizers do not watch that

void* consume(void*) {
  Batch* taken = nullptr;
  while (!queue.try_dequeue(taken)) {
  }
  for (int i = 0; i < 1000; ++i) taken->entries++;
  return nullptr;
}

}  // namespace

int main() {
  pthread_t consumer;
  if (pthread_create(&consumer, nullptr, consume, nullptr) != 0) return 2;
  queue.enqueue(&batch);
  for (int i = 0; i < 1000; ++i) batch.entries++;
  pthread_join(consumer, nullptr);
  return 0;
}
