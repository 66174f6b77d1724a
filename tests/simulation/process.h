// Process: one life of the extension in the sandbox: the real Extension and the real Sender, on fakes.
//
// What app/threads.cc does with two threads happens here on one, in an order drawn from the seed: both objects get
// kernels of their own on the sandbox's network, and the driver steps them. When a Process goes, its sockets, locks and
// memory go with it; what it wrote to the disk stays.
#pragma once

#include <memory>
#include <optional>

#include "app/dead_letter.h"
#include "app/extension.h"
#include "app/sender.h"
#include "app/upstream.h"
#include "fake/driver.h"
#include "fake/file_system.h"
#include "fake/streams.h"
#include "findings.h"
#include "name_server.h"

namespace sleipnir::simulation {

// The world that outlives a process.
struct Machine {
  test::FakeClock clock;
  test::FakeNetwork network;
  test::FakeDisk disk;
  test::SeededRandom random;

  explicit Machine(uint64_t seed) : network(clock, seed), random(seed ^ 0x5eed) {}
};

class Process final : public ExtensionHost {
 public:
  Process(Machine& machine, const Config& config, Findings& findings, const NameServerSetting& names);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // False: it refused to start.
  [[nodiscard]] bool start();

  test::Driver& driver() { return driver_; }
  test::FakeFileSystem& files() { return files_; }
  NameServer& names() { return names_; }
  const Extension& extension() const { return *extension_; }
  const Handoff& handoff() const { return handoff_; }
  const Counters& counters() const { return handoff_.counters; }
  const BatchPool* pool() const { return pool_; }
  const Sender* sender() const { return sender_.get(); }

  // As of the last moment at which it was alive: at a kill, of before the step that died.
  uint64_t pending_when_killed() const { return pending_before_step_; }
  // kill -9, at the next chance to step.
  void kill() { driver_.stop(); }
  bool dead() const { return driver_.stopped(); }
  // Kills it after so many more steps; 0: not.
  void kill_after_steps(uint64_t steps) { steps_to_live_ = steps; }

  void start_sender(const SenderSetup& setup) override;
  void wake_sender() override { kernel_.wake(); }

 private:
  void look(size_t object);
  void look_at_breaker();

  Machine& machine_;
  const Config& config_;
  Findings& findings_;
  test::FakeKernel loop_{machine_.network};
  test::FakeKernel kernel_{machine_.network};
  test::FakeFileSystem files_{machine_.disk};
  test::FakeStreams streams_{kernel_};
  NameServer names_;
  Handoff handoff_;
  std::unique_ptr<Extension> extension_;
  std::optional<Upstream> upstream_;
  std::optional<Spool> spool_;
  std::unique_ptr<DeadLetter> dead_letter_;
  std::unique_ptr<Sender> sender_;
  const BatchPool* pool_ = nullptr;
  test::Driver driver_;

  uint64_t pending_before_step_ = 0;
  uint64_t steps_to_live_ = 0;
  int64_t probe_before_step_ = 0;
  uint64_t pushes_before_step_ = 0;
  size_t under_way_before_step_ = 0;
};

}  // namespace sleipnir::simulation
