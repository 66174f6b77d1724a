#include "app/threads.h"

#include <pthread.h>

#include <csignal>

#include "app/dead_letter.h"
#include "app/extension.h"
#include "app/secrets.h"
#include "app/sender.h"
#include "app/streams.h"
#include "base/linux_file_system.h"
#include "base/log.h"
#include "net/linux_kernel.h"
#include "net/thread_resolver.h"

namespace sleipnir {

namespace {

constexpr size_t kReadyPerRound = 16;
// TLS handshakes need the most: 24 KiB for the trust store's window, and mbedTLS below it.
constexpr size_t kSenderStackBytes = 256 * kKiB;

// How long to wait for a deadline: rounded up, so that it has passed when we wake.
std::optional<Milliseconds> wait_for(MonotonicTime deadline, MonotonicTime now) {
  if (deadline == kNever) return std::nullopt;
  if (deadline <= now) return Milliseconds(0);
  return std::chrono::ceil<Milliseconds>(deadline - now);
}

template <typename Stepper>
MonotonicTime step_once(Kernel& kernel, Stepper& stepper, MonotonicTime deadline, MonotonicTime& now) {
  std::array<Ready, kReadyPerRound> ready;
  const size_t count = kernel.wait(ready, wait_for(deadline, now));
  const Instant read = read_clocks();
  now = read.monotonic;
  return stepper.step(read, std::span<const Ready>(ready).first(count));
}

// Set by the signal handler, looked at in each round of the loop.
volatile std::sig_atomic_t terminated = 0;
Kernel* terminated_kernel = nullptr;

void on_sigterm(int) {
  terminated = 1;
  terminated_kernel->wake();  // write(2) on an eventfd: safe in a handler
}

class Threads final : public ExtensionHost {
 public:
  Threads(const Config& config, Kernel& loop, LinuxKernel sender_kernel, Handoff& handoff, RandomSource& random)
      : config_(config), loop_(loop), kernel_(std::move(sender_kernel)), handoff_(handoff), random_(random) {}

  void start_sender(const SenderSetup& setup) override {
    // Like this object itself none of these is destroyed before _exit(): the thread uses them to the end.
    auto* resolver = new ThreadResolver(kernel_);
    auto* streams = new Streams(kernel_, config_);
    auto* upstream =
        new Upstream(config_.proxy ? *config_.proxy : *config_.endpoint, *resolver, config_.connect_timeout);
    Secrets* secrets = nullptr;
    if (!config_.secrets.empty()) {
      secrets = new Secrets(kernel_, config_, kSecretsTag);
      streams->use(secrets->fetched());
    }
    auto* spool = new Spool(files_, random_, spool_options(config_), setup.push_prefix);
    Result<MappedMemory> spool_buffer = MappedMemory::create(kCompressedBytesMax);
    if (!spool_buffer) {
      log_line(LogLevel::kError, "no memory for the sender: records are not shipped");
      return;
    }
    sender_ = new Sender(
        SenderWiring{
            .kernel = kernel_,
            .loop = loop_,
            .streams = *streams,
            .upstream = *upstream,
            .random = random_,
            .pool = setup.pool,
            .spool = *spool,
            .handoff = handoff_,
            .head = setup.head,
            .push_prefix = setup.push_prefix,
            .secrets = secrets,
            .dead_letter = config_.dead_letter ? make_dead_letter() : nullptr,
        },
        sender_options(config_), std::move(spool_buffer.value()));
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, kSenderStackBytes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_t thread;
    const int failed = pthread_create(&thread, &attributes, &Threads::run_sender, this);
    pthread_attr_destroy(&attributes);
    if (failed != 0) log_line(LogLevel::kError, "no thread for the sender: records are not shipped");
  }

  void wake_sender() override { kernel_.wake(); }

 private:
  // Null where there is no memory for one.
  DeadLetter* make_dead_letter() {
    Result<MappedMemory> buffer = MappedMemory::create(kCompressedBytesMax);
    if (!buffer) return nullptr;
    return new DeadLetter(kernel_, config_, random_, handoff_.counters, std::move(buffer.value()));
  }

  static void* run_sender(void* argument) {
    Threads& me = *static_cast<Threads*>(argument);
    MonotonicTime now = read_clocks().monotonic;
    MonotonicTime deadline = now;
    for (;;) deadline = step_once(me.kernel_, *me.sender_, deadline, now);
    return nullptr;
  }

  const Config& config_;
  Kernel& loop_;
  LinuxKernel kernel_;
  Handoff& handoff_;
  RandomSource& random_;
  LinuxFileSystem files_;
  Sender* sender_ = nullptr;
};

}  // namespace

SenderOptions sender_options(const Config& config) {
  return SenderOptions{
      .gzip = config.gzip,
      .compression_threshold_bytes = config.compression_threshold_bytes,
      .compression_level = static_cast<int>(config.compression_level),
      .connect_timeout = config.connect_timeout,
      .request_timeout = config.request_timeout,
      .attempts_max = static_cast<int>(config.flush_attempts),
      .critical_attempts_max = static_cast<int>(config.critical_flush_attempts),
      .spool_outlives_environment = config.spool_dir != "/tmp" && !config.spool_dir.starts_with("/tmp/"),
  };
}

Spool::Options spool_options(const Config& config) {
  return Spool::Options{.directory = config.spool_dir, .bytes_max = config.spool_bytes_max};
}

int run_extension(const Config& config, std::string_view name) {
  set_log_level(config.log_level);
  Result<LinuxKernel> loop_kernel = LinuxKernel::create();
  Result<LinuxKernel> sender_kernel = LinuxKernel::create();
  if (!loop_kernel || !sender_kernel) {
    log_line(LogLevel::kError, "cannot start: %s", (!loop_kernel ? loop_kernel : sender_kernel).error().text());
    return 1;
  }
  KernelRandom random;
  const auto handoff = std::make_unique<Handoff>();
  // Not destroyed before _exit(): the sender's thread uses them to the end.
  auto* threads = new Threads(config, loop_kernel.value(), std::move(sender_kernel.value()), *handoff, random);
  auto* extension = new Extension(config, name, loop_kernel.value(), random, *handoff, *threads);

  signal(SIGPIPE, SIG_IGN);  // a closed stderr must not end us
  terminated_kernel = &loop_kernel.value();
  signal(SIGTERM, on_sigterm);

  Instant start = read_clocks();
  if (const Status started = extension->start(start); !started) {
    log_line(LogLevel::kError, "cannot start: %s", started.error().text());
    return 1;
  }
  MonotonicTime now = start.monotonic;
  MonotonicTime deadline = now;
  while (!extension->exit_code()) {
    deadline = step_once(loop_kernel.value(), *extension, deadline, now);
    if (terminated != 0) {
      terminated = 0;
      extension->terminate(read_clocks());
    }
  }
  return *extension->exit_code();
}

}  // namespace sleipnir
