// From exec to the first /next: listen, register, subscribe, ask; and what can go wrong on the way.

#include <cerrno>

#include "app/extension.h"
#include "app/push_setup.h"
#include "base/log.h"

namespace sleipnir {

namespace {

// Tags of the loop's handles.
constexpr uint64_t kApiTag = 1;
constexpr uint64_t kServerTags = 16;

// Newest first. Lambda refuses one it does not know with 400.
constexpr std::string_view kSchemas[] = {"2025-01-29", "2022-12-13", "2022-07-01"};

}  // namespace

Status Extension::start(Instant now) {
  Result<RuntimeApi> api = RuntimeApi::create(kernel_, config_.lambda.runtime_api, name_, kApiTag);
  if (!api) return api.error();
  api_.emplace(std::move(api.value()));
  managed_instances_ = config_.lambda.initialization_type == InitializationType::kManagedInstances;
  if (!config_.extension_enabled) {
    // Switched off: as if it were not there, down to the shutdown phase.
    api_->ask_register("[]", now);
  } else if (!config_.enabled()) {
    // Nowhere to push to: no invocation waits for us, and leaving in order at the end is all there is to do.
    api_->ask_register(R"(["SHUTDOWN"])", now);
  } else {
    // Listening first: the port cannot be taken by the function, which starts only after all have registered.
    try_listen();
    api_->ask_register(managed_instances_ ? R"(["SHUTDOWN"])" : R"(["INVOKE","SHUTDOWN"])", now);
  }
  advance_api(now);
  return Done{};
}

void Extension::try_listen() {
  if (!server_) {
    Result<std::unique_ptr<Server>> server = Server::create(kernel_, *this, kServerTags);
    if (!server) {
      telemetry_failure_ = "no memory for the listener";
      return;
    }
    server_ = std::move(server.value());
  }
  int os_error = 0;
  const Status listening = server_->listen(config_.listener_port, os_error);
  port_taken_ = !listening && os_error == EADDRINUSE;
  if (!listening && !port_taken_) telemetry_failure_ = "the listener could not be opened";
}

void Extension::on_registered(Instant now) {
  Result<RegisterAnswer> answer = parse_register_answer(api_->body());
  if (answer) identity_ = answer.value();
  if (!config_.enabled()) {
    if (config_.strict) {
      api_->tell_init_error("the configuration of Sleipnir is not usable: see its log lines", now);
      log_problems();
      code_at_end_ = 1;
    } else {
      api_->ask_next(now);
      phase_ = Phase::kDisabled;
    }
    return;
  }
  if (port_taken_) {
    phase_ = Phase::kListenRetry;
    listen_retry_until_ = now.monotonic + kListenRetryFor;
    listen_retry_at_ = now.monotonic;
    return;
  }
  subscribe(now);
}

void Extension::retry_listen(Instant now) {
  if (now.monotonic < listen_retry_at_) return;
  try_listen();
  if (port_taken_ && now.monotonic < listen_retry_until_) {
    listen_retry_at_ = now.monotonic + kListenRetryEvery;
    return;
  }
  if (port_taken_) {
    int os_error = 0;
    if (server_->listen(0, os_error)) {
      log_line(LogLevel::kWarn,
               "port %u is taken, listening on %u instead; set LOKI_LISTENER_PORT to a port that "
               "nothing in this function uses",
               config_.listener_port, server_->port());
    } else {
      telemetry_failure_ = "no port could be listened on";
    }
  }
  subscribe(now);
  advance_api(now);
}

void Extension::on_register_refused(Instant now) {
  // Managed Instances refuse INVOKE; the same process may register again.
  if (!managed_instances_ && api_->status() == 403 && api_->body().find("InvalidEventType") != std::string_view::npos) {
    managed_instances_ = true;
    api_->ask_register(R"(["SHUTDOWN"])", now);
    return;
  }
  const std::string_view body = api_->body();
  log_line(LogLevel::kError, "Lambda refused to register the extension %.*s: %d %.*s", static_cast<int>(name_.size()),
           name_.data(), api_->status(), static_cast<int>(std::min<size_t>(body.size(), 200)), body.data());
  end(1);
}

void Extension::subscribe(Instant now) {
  phase_ = Phase::kSubscribing;
  if (!server_ || !server_->listening()) {
    api_->ask_next(now);
    return;
  }
  const bool function = config_.events.function;
  const bool extension = config_.events.extension;
  const std::string_view types =
      function ? (extension ? R"(["platform","function","extension"])" : R"(["platform","function"])")
               : (extension ? R"(["platform","extension"])" : R"(["platform"])");
  api_->ask_subscribe(kSchemas[schema_], types, server_->port(), now);
}

void Extension::on_subscribe_answer(Instant now) {
  const int status = api_->status();
  if (status == 400 && !managed_instances_ && schema_ + 1 < std::size(kSchemas)) {
    schema_++;
    subscribe(now);
    return;
  }
  if (status != 200) {
    const std::string_view body = api_->body();
    log_line(LogLevel::kWarn,
             "no telemetry here: subscribing was answered %d %.*s; the function runs on, its logs are "
             "not shipped",
             status, static_cast<int>(std::min<size_t>(body.size(), 200)), body.data());
    server_->close();
    telemetry_failure_ = "refused";
  }
  api_->ask_next(now);
}

// The first /next has been written: from here on the function does not wait for us any more.
void Extension::begin_running(Instant now) {
  phase_ = Phase::kRunning;
  asked_next_at_ = now;
  if (!server_ || !server_->listening()) {
    if (telemetry_failure_ != "refused") {
      log_line(LogLevel::kError, "no telemetry: %.*s; set LOKI_LISTENER_PORT to a free port",
               static_cast<int>(telemetry_failure_.size()), telemetry_failure_.data());
    }
    lifecycle_.set_telemetry(false);
  }
  build_pipeline();
  log_problems();
}

void Extension::build_pipeline() {
  push_prefix_ = push_prefix_of(config_, identity_);
  head_.emplace(push_head(config_));
  // A batch that an earlier process spooled may have the label, whatever holds now.
  const size_t prefix_bytes = push_prefix_.size() + request_id_label_bytes_max(kRequestIdBytesMax);
  Result<std::unique_ptr<Intake>> intake = Intake::create(config_, handoff_, *this, prefix_bytes, managed_instances_);
  if (!intake) {
    log_line(LogLevel::kError, "no records can be taken: %s; set LOKI_MEMORY_LIMIT_BYTES lower", intake.error().text());
    if (server_) server_->close();
    lifecycle_.set_telemetry(false);
    return;
  }
  intake_ = std::move(intake.value());
  if (config_.lambda.initialization_type == InitializationType::kSnapStart) return;
  // The lines of the init need the name already; and the init phase, at full CPU, is where a connection costs least.
  name_instance();
  start_sender();
  intake_->put(SenderMessage{.kind = SenderMessage::Kind::kWarmUp});
}

// All that connects, resolves, draws random numbers or spools is the sender's doing, the environment's own name apart.
// A snapshot, from which many environments are restored, must contain none of it: there the sender does not exist
// before the first event. Until then records wait in the batches they were written to.
void Extension::start_sender() {
  if (sender_started_ || !intake_) return;
  sender_started_ = true;
  host_.start_sender({.pool = intake_->pool(), .head = *head_, .push_prefix = push_prefix_});
}

void Extension::log_problems() {
  problems_said_ = true;
  for (const ConfigProblem& problem : config_.problems) {
    log_line(problem.severity == Severity::kError ? LogLevel::kError : LogLevel::kWarn, "%s", problem.text.c_str());
  }
}

}  // namespace sleipnir
