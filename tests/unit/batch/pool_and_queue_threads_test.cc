// What the loop and the sender share, with two real threads: for the thread sanitizer.
#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <cstring>
#include <thread>

#include "batch/message_queue.h"
#include "batch/pool.h"

namespace sleipnir::test {
namespace {

// An entry says in which batch of which round it was written.
void fill(Batch& batch, uint64_t number) {
  for (int i = 0; i < 20; i++) {
    char text[24];
    const int bytes = snprintf(text, sizeof(text), "%llu,", static_cast<unsigned long long>(number));
    memcpy(batch.room().data(), text, static_cast<size_t>(bytes));
    batch.commit({.bytes = static_cast<uint32_t>(bytes), .metadata_offset = 0}, true, {});
  }
  batch.sequence = number;
}

bool holds(const Batch& batch, uint64_t number) {
  if (batch.sequence != number || batch.entry_count() != 20) return false;
  for (uint32_t i = 0; i < 20; i++) {
    if (batch.entry(i) != std::to_string(number) + ",") return false;
  }
  return true;
}

constexpr uint64_t kBatches = 20'000;

TEST_CASE("a_batch_arrives_whole_and_in_order_at_the_other_thread") {
  const auto pool = std::move(BatchPool::create(4, {.arena_bytes = 4096, .headroom = 16}).value());
  MessageQueue queue(1);
  std::atomic<uint64_t> wrong{0};
  std::thread sender([&] {
    for (uint64_t expected = 1; expected <= kBatches;) {
      SenderMessage message;
      if (!queue.take(message)) {
        std::this_thread::yield();
        continue;
      }
      if (!holds(*message.batch, expected)) wrong++;
      pool->give_back(message.batch);
      expected++;
    }
  });
  MessageQueue::Producer producer(queue);
  for (uint64_t number = 1; number <= kBatches;) {
    Batch* const batch = pool->take();
    if (batch == nullptr) {
      std::this_thread::yield();
      continue;
    }
    fill(*batch, number);
    CHECK(producer.put({.kind = SenderMessage::Kind::kBatch, .batch = batch}));
    number++;
  }
  sender.join();
  CHECK(wrong == 0);
  CHECK(pool->free_count() == 4);
}

TEST_CASE("two_threads_never_take_the_same_batch") {
  const auto pool = std::move(BatchPool::create(3, {.arena_bytes = 4096, .headroom = 16}).value());
  std::atomic<uint64_t> wrong{0};
  const auto use = [&](uint64_t thread) {
    for (uint64_t number = 0; number < kBatches; number++) {
      Batch* const batch = pool->take();
      if (batch == nullptr) continue;
      fill(*batch, number * 2 + thread);
      if (!holds(*batch, number * 2 + thread)) wrong++;
      pool->give_back(batch);
    }
  };
  std::thread other(use, 1);
  use(0);
  other.join();
  CHECK(wrong == 0);
  CHECK(pool->free_count() == 3);
}

TEST_CASE("trimming_never_takes_the_memory_of_a_batch_in_use") {
  const auto pool = std::move(BatchPool::create(3, {.arena_bytes = 4096, .headroom = 16}).value());
  std::atomic<uint64_t> wrong{0};
  std::atomic<bool> over{false};
  std::thread sender([&] {
    for (uint64_t number = 0; number < kBatches; number++) {
      Batch* const batch = pool->take();
      if (batch == nullptr) continue;
      fill(*batch, number);
      if (!holds(*batch, number)) wrong++;
      pool->give_back(batch);
    }
    over = true;
  });
  while (!over) pool->trim(0);
  sender.join();
  CHECK(wrong == 0);
  CHECK(pool->free_count() == 3);
}

TEST_CASE("the_queue_takes_messages_of_two_producers_each_in_its_order") {
  MessageQueue queue(2);
  // What one producer has in the queue is bounded in the program too: blocks that a producer once filled stay its own.
  constexpr uint64_t kUnderWayMax = kQueueMessagesMax / 2;
  std::atomic<uint64_t> seen[2] = {0, 0};
  std::atomic<uint64_t> refused{0};
  const auto produce = [&](uint64_t which) {
    MessageQueue::Producer producer(queue);
    for (uint64_t id = 1; id <= 5000;) {
      if (id - seen[which] > kUnderWayMax) {
        std::this_thread::yield();
        continue;
      }
      if (!producer.put({.kind = SenderMessage::Kind::kFlush, .flush = {.id = id, .through_sequence = which}}))
        refused++;
      id++;
    }
  };
  std::thread first(produce, 0);
  std::thread second(produce, 1);
  bool in_order = true;
  for (uint64_t taken = 0; taken < 10'000 && refused == 0;) {
    SenderMessage message;
    if (!queue.take(message)) {
      std::this_thread::yield();
      continue;
    }
    std::atomic<uint64_t>& before = seen[message.flush.through_sequence];
    in_order = in_order && message.flush.id == before + 1;
    before = message.flush.id;
    taken++;
  }
  first.join();
  second.join();
  CHECK(in_order);
  CHECK(refused == 0);
  SenderMessage message;
  CHECK_FALSE(queue.take(message));
}

TEST_CASE("the_queue_refuses_what_it_has_no_room_for_and_loses_nothing") {
  MessageQueue queue(1);
  MessageQueue::Producer producer(queue);
  uint64_t put = 0;
  while (put < 100'000 && producer.put({.kind = SenderMessage::Kind::kFlush, .flush = {.id = put + 1}})) put++;
  CHECK(put >= kQueueMessagesMax);
  CHECK(put < 100'000);
  SenderMessage message;
  uint64_t taken = 0;
  while (queue.take(message)) CHECK(message.flush.id == ++taken);
  CHECK(taken == put);
}

}  // namespace
}  // namespace sleipnir::test
