// Driver: steps objects on fake kernels as their thread shells would, on virtual time.
//
//   Driver driver(network);
//   driver.add(kernel, [&](Instant now, std::span<const Ready> ready) { return sender.step(now, ready); });
//   driver.act([&] { return loki.answer_all(); });       // a scripted peer: true if it did something
//   driver.run_until([&] { return handoff.finished; }, 2s);
//
// An object is stepped when something is ready for it, when it was woken, and when its deadline has come. With nothing
// left to do, time jumps to the next deadline or the next arrival. An object that wants to be stepped again and again
// without anything having happened burns the customer's CPU: that ends the process with a line.
#pragma once

#include <functional>
#include <vector>

#include "fake/kernel.h"

namespace sleipnir::test {

class Driver {
 public:
  using Step = std::function<MonotonicTime(Instant, std::span<const Ready>)>;
  using Action = std::function<bool()>;

  // `seed` 0: objects take their turns in the order they were added; otherwise in a seeded order.
  explicit Driver(FakeNetwork& network, uint64_t seed = 0) : network_(network), seeded_(seed != 0), random_(seed) {}

  void add(FakeKernel& kernel, Step step) { objects_.push_back({.kernel = &kernel, .step = std::move(step)}); }
  void act(Action action) { actions_.push_back(std::move(action)); }
  // When a scripted peer wants its next turn, although nothing has come for it; kNever: not by itself.
  void wakes_at(std::function<MonotonicTime()> when) { wakes_.push_back(std::move(when)); }
  // Called after each step with the object's number, in the order they were added.
  void after_step(std::function<void(size_t)> look) { after_step_ = std::move(look); }

  // Of 100 turns an object misses so many, as a thread does that is scheduled late. With a seed only.
  unsigned late_percent = 0;
  // Nothing is stepped any more: the process is dead.
  void stop() { stopped_ = true; }
  bool stopped() const { return stopped_; }

  // Everything that can be done at this moment.
  void settle();
  // Until `done`, at most for `limit` of virtual time. False: it did not come true.
  bool run_until(const std::function<bool()>& done, Nanoseconds limit);
  // So much virtual time.
  void run_for(Nanoseconds time) {
    run_until([] { return false; }, time);
  }

  // Steps taken so far, over all objects.
  uint64_t steps() const { return steps_; }
  // When something would happen by itself.
  MonotonicTime next_event() const;

 private:
  struct Object {
    FakeKernel* kernel;
    Step step;
    MonotonicTime deadline = MonotonicTime::min();  // never stepped: at once
  };

  // One turn for each; false: nobody had anything to do.
  bool round();

  FakeNetwork& network_;
  bool seeded_;
  SeededRandom random_;
  std::vector<Object> objects_;
  std::vector<Action> actions_;
  std::vector<std::function<MonotonicTime()>> wakes_;
  std::function<void(size_t)> after_step_;
  std::vector<size_t> order_;
  uint64_t steps_ = 0;
  bool stopped_ = false;
};

}  // namespace sleipnir::test
