#include "app/secrets.h"

#include "app/push_setup.h"
#include "aws/secret_reference.h"
#include "base/log.h"

namespace sleipnir {

Secrets::Secrets(Kernel& kernel, const Config& config, uint64_t tag)
    : config_(config), call_(kernel, config, tag), fetched_(config.credentials) {}

void Secrets::start(Instant now) {
  next_ = 0;
  fetching_ = true;
  fetched_ = config_.credentials;
  identity_ = {};
  texts_ = TextStore();
  call_.forget_keys();
  ask(now);
}

void Secrets::ask(Instant now) {
  const SecretSource& source = config_.secrets[next_];
  const SecretReference reference = *parse_secret_reference(source.reference);
  call_texts_ = TextStore();
  call_.start(source.service,
              {.service = service_name(reference.store),
               .method = "POST",
               .content_type = "application/x-amz-json-1.1",
               .target = request_target(reference.store),
               .body = request_body(reference, call_texts_)},
              now);
}

Secrets::Event Secrets::step(Instant now) {
  while (fetching()) {
    switch (call_.step(now)) {
      case AwsCall::Event::kNone: return Event::kNone;
      case AwsCall::Event::kFailed: return fail(call_.failure());
      case AwsCall::Event::kAnswered: break;
    }
    if (!take_answer()) return Event::kFailed;
    if (++next_ == config_.secrets.size()) {
      finish(now);
      return Event::kReady;
    }
    ask(now);
  }
  return Event::kNone;
}

// False: it is over, and has failed.
bool Secrets::take_answer() {
  const SecretSource& source = config_.secrets[next_];
  const std::string_view body = call_.body();
  if (call_.status() != 200 || call_.body_cut()) {
    fail(call_.body_cut() ? "it is too long" : failure_in_answer(call_.status(), body, call_texts_));
    return false;
  }
  const SecretReference reference = *parse_secret_reference(source.reference);
  const Result<BorrowedText> value = secret_in_answer(reference, body, texts_);
  if (!value) {
    fail(value.error().text());
    return false;
  }
  fetched_.*source.field = value.value();
  return true;
}

Secrets::Event Secrets::fail(std::string_view why) {
  const SecretSource& source = config_.secrets[next_];
  const SecretReference reference = *parse_secret_reference(source.reference);
  failure_ = call_texts_.keep({source.variable, " (", reference.id, " in ", source.service.region, "): ", why});
  fetching_ = false;
  call_.hang_up();
  return Event::kFailed;
}

void Secrets::finish(Instant now) {
  std::vector<ConfigProblem> found;
  Problems problems(found, texts_);
  identity_ = compose_identity(fetched_, &*config_.endpoint, problems, texts_);
  for (const ConfigProblem& problem : found) {
    if (problem.severity == Severity::kError) log_line(LogLevel::kError, "%s", problem.text.c_str());
  }
  head_.emplace(push_head(*config_.endpoint, identity_.authorization, identity_.tenant_id, identity_.headers));
  fetched_at_ = now.monotonic;
  accepted_ = false;
  stale_ = false;
  fetching_ = false;
  call_.hang_up();
  for (const SecretSource& source : config_.secrets) {
    const bool of_tls = source.field == &Credentials::client_cert || source.field == &Credentials::client_key;
    if (!of_tls) fetched_.*source.field = {};
  }
}

bool Secrets::refused(MonotonicTime pushed_at) {
  if (stale_ || fetching() || pushed_at < fetched_at_) return true;
  stale_ = true;
  return accepted_;
}

}  // namespace sleipnir
