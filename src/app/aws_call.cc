#include "app/aws_call.h"

#include <array>
#include <cstdio>

#include "base/json_fields.h"
#include "base/kept_json.h"

namespace sleipnir {

AwsCall::AwsCall(Kernel& kernel, const Config& config, uint64_t tag)
    : kernel_(kernel), config_(config), tag_(tag), resolver_(kernel) {}

void AwsCall::start(const AwsService& service, const AwsRequest& request, Instant now) {
  service_ = &service;
  request_ = request;
  hang_up();
  const LambdaEnvironment& lambda = config_.lambda;
  if (!lambda.access_key_id.empty()) {
    keys_.access_key_id = lambda.access_key_id;
    keys_.secret_access_key = lambda.secret_access_key;
    keys_.session_token = lambda.session_token;
  }
  if (keys_.given()) return ask_service(now);
  // SnapStart serves them, because those of the environment would have been in the snapshot.
  ask_keys(now);
}

void AwsCall::ask(const Endpoint& endpoint, const std::optional<Endpoint>& proxy, Instant now) {
  upstream_.emplace(proxy ? *proxy : endpoint, resolver_, config_.connect_timeout);
  streams_ = std::make_unique<Streams>(kernel_, config_, endpoint, proxy ? &*proxy : nullptr);
  connection_ = std::make_unique<PushConnection>(kernel_, *streams_, tag_);
  opened_ = false;
  Address unused;
  static_cast<void>(upstream_->locate(unused, now));
}

// Without a place to ask at, step() finds no connection, and says so.
void AwsCall::ask_keys(Instant now) {
  state_ = State::kKeys;
  call_texts_ = TextStore();
  const Result<Endpoint> served = parse_endpoint(config_.lambda.container_credentials_uri,
                                                 {.scheme = EndpointDefaults::Scheme::kHttp}, call_texts_);
  if (!served) return;
  keys_endpoint_ = served.value();
  head_ = call_texts_.keep({"GET ", keys_endpoint_.path, " HTTP/1.1\r\nHost: ", keys_endpoint_.host_header,
                            "\r\nAuthorization: ", config_.lambda.container_credentials_token, "\r\n\r\n"});
  ask(keys_endpoint_, std::nullopt, now);
}

void AwsCall::ask_service(Instant now) {
  state_ = State::kRequest;
  const AwsTime time = aws_time(now.wall);
  call_texts_ = TextStore();
  const std::string_view hash = sha256_hex(request_.body, call_texts_);
  // By their names' order.
  std::array<SignedHeader, 5> headers{
      {{"content-type", request_.content_type}, {"host", service_->endpoint.host_header}}};
  size_t count = 2;
  if (request_.target.empty()) headers[count++] = {"x-amz-content-sha256", hash};
  headers[count++] = {"x-amz-date", {time.data(), time.size()}};
  if (!keys_.session_token.empty()) headers[count++] = {"x-amz-security-token", keys_.session_token};
  if (!request_.target.empty()) headers[count++] = {"x-amz-target", request_.target};
  const SignedRequest request{.method = request_.method,
                              .path = request_.path,
                              .headers = std::span(headers).first(count),
                              .body_sha256 = hash,
                              .region = service_->region,
                              .service = request_.service};
  char end[64];
  snprintf(end, sizeof(end), "\r\ncontent-length: %zu\r\n\r\n", request_.body.size());
  head_ = call_texts_.keep({request_.method, " ", request_.path, " HTTP/1.1\r\n"});
  for (const SignedHeader& header : request.headers) {
    head_ = call_texts_.keep({head_, header.name, ": ", header.value, "\r\n"});
  }
  head_ = call_texts_.keep({head_, "authorization: ", authorization(request, keys_, time, call_texts_), end});
  ask(service_->endpoint, service_->proxy, now);
}

AwsCall::Event AwsCall::step(Instant now) {
  using Connection = PushConnection::State;
  while (under_way()) {
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
    if (connection_->step(now) == PushConnection::Event::kAnswered) {
      if (state_ == State::kRequest) {
        state_ = State::kIdle;
        return Event::kAnswered;
      }
      if (!take_keys()) return fail("AWS_CONTAINER_CREDENTIALS_FULL_URI serves no credentials");
      hang_up();
      ask_service(now);
      continue;
    }
    if (connection_->state() == Connection::kClosed) return fail(connection_->failure());
    if (connection_->state() != Connection::kReady) return Event::kNone;
    const std::array<iovec, 2> pieces{piece(head_.data(), head_.size()),
                                      piece(request_.body.data(), request_.body.size())};
    const bool with_body = state_ == State::kRequest;
    connection_->push(Pieces(pieces).first(with_body ? 2 : 1), now.monotonic + config_.request_timeout, now);
  }
  return Event::kNone;
}

bool AwsCall::take_keys() {
  const std::string_view body = connection_->body();
  keys_texts_ = TextStore();
  const auto text = [&](std::string_view key) { return decoded_json(json_field(body, key).value, keys_texts_); };
  keys_ = {.access_key_id = text("AccessKeyId"),
           .secret_access_key = text("SecretAccessKey"),
           .session_token = text("Token")};
  return connection_->status() == 200 && keys_.given();
}

AwsCall::Event AwsCall::fail(const char* why) {
  failure_ = Error::make("%s", why);
  hang_up();
  return Event::kFailed;
}

void AwsCall::hang_up() {
  state_ = State::kIdle;
  connection_.reset();
  streams_.reset();
  upstream_.reset();
}

void AwsCall::on_thaw(Instant now) {
  if (!under_way() || !connection_) return;
  upstream_->on_thaw(now);
  connection_->on_thaw(now.monotonic + config_.request_timeout, now);
}

MonotonicTime AwsCall::next_deadline() const {
  if (!under_way()) return kNever;
  if (!connection_) return MonotonicTime::min();
  return opened_ ? connection_->next_deadline() : upstream_->next_deadline();
}

}  // namespace sleipnir
