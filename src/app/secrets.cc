#include "app/secrets.h"

#include <algorithm>

#include "app/push_setup.h"
#include "aws/secret_reference.h"
#include "base/json_decode.h"
#include "base/json_fields.h"
#include "base/log.h"

namespace sleipnir {

namespace {

std::string text_of(std::string_view object, std::string_view key) {
  FixedText<4096> text;  // a session token has about 1,000 bytes
  append_json_text(json_field(object, key).value, text);
  return std::string(text.view());
}

}  // namespace

Secrets::Secrets(Kernel& kernel, const Config& config, uint64_t tag)
    : kernel_(kernel), config_(config), tag_(tag), resolver_(kernel), fetched_(config.credentials) {}

void Secrets::start(Instant now) {
  next_ = 0;
  keys_ = {.access_key_id = config_.lambda.access_key_id,
           .secret_access_key = config_.lambda.secret_access_key,
           .session_token = config_.lambda.session_token};
  // SnapStart serves them, because those of the environment would have been in the snapshot.
  state_ = keys_.given() ? State::kSecret : State::kKeys;
  next(now);
}

void Secrets::next(Instant now) {
  hang_up();
  if (state_ == State::kKeys) {
    ask_keys(now);
  } else {
    ask_secret(now);
  }
}

void Secrets::ask(const Endpoint& endpoint, const std::optional<Endpoint>& proxy, std::string request, Instant now) {
  request_ = std::move(request);
  upstream_.emplace(proxy ? *proxy : endpoint, resolver_, config_.connect_timeout);
  streams_ = std::make_unique<Streams>(kernel_, config_, endpoint, proxy ? &*proxy : nullptr);
  connection_ = std::make_unique<PushConnection>(kernel_, *streams_, tag_);
  opened_ = false;
  Address unused;
  static_cast<void>(upstream_->locate(unused, now));
}

// Without a place to ask at, step() finds no connection, and says so.
void Secrets::ask_keys(Instant now) {
  Result<Endpoint> served =
      parse_endpoint(config_.lambda.container_credentials_uri, {.scheme = EndpointDefaults::Scheme::kHttp});
  if (!served) return;
  keys_endpoint_ = std::move(served.value());
  ask(*keys_endpoint_, std::nullopt,
      "GET " + keys_endpoint_->path + " HTTP/1.1\r\nHost: " + keys_endpoint_->host_header +
          "\r\nAuthorization: " + config_.lambda.container_credentials_token + "\r\n\r\n",
      now);
}

void Secrets::ask_secret(Instant now) {
  const SecretSource& source = config_.secrets[next_];
  const SecretReference reference = *parse_secret_reference(source.reference);
  const AwsTime time = aws_time(now.wall);
  const std::string body = request_body(reference);
  constexpr std::string_view kContentType = "application/x-amz-json-1.1";
  // By their names' order; the token only where there is one.
  SignedHeader headers[5] = {{"content-type", kContentType},
                             {"host", source.endpoint.host_header},
                             {"x-amz-date", {time.data(), time.size()}}};
  size_t count = 3;
  if (!keys_.session_token.empty()) headers[count++] = {"x-amz-security-token", keys_.session_token};
  headers[count++] = {"x-amz-target", request_target(reference.store)};
  const SignedRequest request{.method = "POST",
                              .headers = std::span(headers).first(count),
                              .body = body,
                              .region = source.region,
                              .service = service_name(reference.store)};
  std::string text = "POST / HTTP/1.1\r\n";
  for (const SignedHeader& header : request.headers) {
    text.append(header.name).append(": ").append(header.value).append("\r\n");
  }
  text.append("authorization: ").append(authorization(request, keys_, time));
  text.append("\r\ncontent-length: ").append(Error::make("%zu", body.size()).text()).append("\r\n\r\n").append(body);
  ask(source.endpoint, source.proxy, std::move(text), now);
}

Secrets::Event Secrets::step(Instant now) {
  using Connection = PushConnection::State;
  while (fetching()) {
    if (!connection_) {
      return fail("there are no AWS credentials (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY) to ask with");
    }
    if (!opened_) {
      if (upstream_->lookup_failed(now)) return fail(upstream_->failure());
      Address address;
      if (upstream_->locate(address, now) == Upstream::Where::kResolving) return Event::kNone;
      connection_->open(address, now.monotonic + config_.connect_timeout, now);
      opened_ = true;
    }
    const PushConnection::Event event = connection_->step(now);
    if (event == PushConnection::Event::kAnswered) {
      if (!take_answer(now)) return Event::kFailed;
      if (!fetching()) return Event::kReady;
      continue;
    }
    if (connection_->state() == Connection::kClosed) return fail(connection_->failure());
    if (connection_->state() != Connection::kReady) return Event::kNone;
    const iovec whole = piece(request_.data(), request_.size());
    connection_->push(Pieces(&whole, 1), now.monotonic + config_.request_timeout, now);
  }
  return Event::kNone;
}

// False: it is over, and has failed.
bool Secrets::take_answer(Instant now) {
  if (!(state_ == State::kKeys ? take_keys() : take_secret())) return false;
  if (state_ == State::kKeys) {
    state_ = State::kSecret;
  } else if (++next_ == config_.secrets.size()) {
    finish(now);
    return true;
  }
  next(now);
  return true;
}

bool Secrets::take_keys() {
  const std::string_view body = connection_->body();
  keys_ = {.access_key_id = text_of(body, "AccessKeyId"),
           .secret_access_key = text_of(body, "SecretAccessKey"),
           .session_token = text_of(body, "Token")};
  if (connection_->status() == 200 && keys_.given()) return true;
  fail("AWS_CONTAINER_CREDENTIALS_FULL_URI serves no credentials");
  return false;
}

bool Secrets::take_secret() {
  const SecretSource& source = config_.secrets[next_];
  const std::string_view body = connection_->body();
  if (connection_->status() != 200 || connection_->body_cut()) {
    fail(connection_->body_cut() ? "it is too long" : failure_in_answer(connection_->status(), body));
    return false;
  }
  const SecretReference reference = *parse_secret_reference(source.reference);
  const Result<std::string> value = secret_in_answer(reference, body);
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
  failure_.clear();
  failure_.append(source.variable).append(" (").append(reference.id).append(" in ").append(source.region);
  failure_.append("): ").append(why);
  state_ = State::kIdle;
  hang_up();
  return Event::kFailed;
}

void Secrets::finish(Instant now) {
  std::vector<ConfigProblem> found;
  Problems problems(found);
  identity_ = compose_identity(fetched_, &*config_.endpoint, problems);
  for (const ConfigProblem& problem : found) {
    if (problem.severity == Severity::kError) log_line(LogLevel::kError, "%s", problem.text.c_str());
  }
  head_.emplace(push_head(*config_.endpoint, identity_.authorization, identity_.tenant_id, identity_.headers));
  fetched_at_ = now.monotonic;
  accepted_ = false;
  stale_ = false;
  state_ = State::kIdle;
  hang_up();
  for (const SecretSource& source : config_.secrets) (fetched_.*source.field).clear();
}

void Secrets::hang_up() {
  connection_.reset();
  streams_.reset();
  upstream_.reset();
  request_.clear();
}

void Secrets::on_thaw(Instant now) {
  if (!connection_) return;
  upstream_->on_thaw(now);
  connection_->on_thaw(now.monotonic + config_.request_timeout, now);
}

MonotonicTime Secrets::next_deadline() const {
  if (!fetching()) return kNever;
  if (!connection_) return MonotonicTime::min();
  return opened_ ? connection_->next_deadline() : upstream_->next_deadline();
}

bool Secrets::refused(MonotonicTime pushed_at) {
  if (stale_ || fetching() || pushed_at < fetched_at_) return true;
  stale_ = true;
  return accepted_;
}

}  // namespace sleipnir
