// Check: the way to Loki, gone step by step as the sender goes it, with what each step found.
//
//   configuration -> secrets -> name -> connection -> proxy -> tls -> push -> metadata
//
// One connection carries all of it: each layer is laid over the one before only when that one stands, so that a step's
// time is its own. The push is a line that says what it is. Behind a step that failed the others are skipped.
// For the word `check`, in a process of its own; the only code here that waits.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>

#include "app/check_advice.h"
#include "app/secrets.h"
#include "app/streams.h"
#include "loki/entry_writer.h"
#include "loki/push_connection.h"
#include "net/linux_kernel.h"
#include "net/thread_resolver.h"
#include "net/tls_context.h"

namespace sleipnir {

struct CheckStep {
  enum class Result : uint8_t {
    kOk,
    kWarning,  // records arrive, but not as they should
    kFailed,
    kSkipped,  // not needed, or not reached
  };

  const char* name = "";
  Result result = Result::kSkipped;
  Nanoseconds took{0};
  Finding finding;
};

const char* result_name(CheckStep::Result result);

class Check final : public StreamFactory {
 public:
  // All of them outlive it. Credentials that are fetched are put into `config`, their texts borrowed from here.
  Check(Config& config, const CheckNames& names, LinuxKernel& kernel);

  static constexpr size_t kSteps = 8;

  // Every step, in order. Waits for the network. Valid as long as the check.
  std::span<const CheckStep> run();

  Result<std::unique_ptr<Stream>> open(const Address& address) override;
  void forget_sessions() override {}

 private:
  // What came of a push.
  enum class Pushed : uint8_t { kStored, kMetadataRefused, kFailed };

  Finding& finding() { return steps_[step_].finding; }
  void end(CheckStep::Result result);
  bool fail();

  bool check_configuration();
  bool fetch_secrets();
  bool find_name();
  bool connect();
  bool open_tunnel();
  bool open_tls();
  bool check_push();
  bool check_metadata();
  Pushed push(StructuredMetadata metadata);

  Instant wait(MonotonicTime deadline);
  bool drive(Stream& stream, IoResult& result);
  bool drive_layer();
  bool exchange(Pieces pieces);

  Config& config_;
  const CheckNames& names_;
  LinuxKernel& kernel_;
  ThreadResolver resolver_;
  Resolution resolution_;
  std::unique_ptr<Secrets> secrets_;
  std::unique_ptr<TlsContext> tls_;
  // What stands so far; null once the push has it.
  std::unique_ptr<Stream> stream_;
  std::optional<Streams> streams_;  // where there is an endpoint
  std::unique_ptr<PushConnection> connection_;
  TextStore texts_;
  std::array<CheckStep, kSteps> steps_;
  size_t step_ = 0;
  MonotonicTime began_at_{};
  bool metadata_refused_ = false;
};

}  // namespace sleipnir
