#include "lambda/runtime_api.h"

#include <cstdio>

#include "base/check.h"

namespace sleipnir {

namespace {

constexpr std::string_view kIdentifierHeader = "lambda-extension-identifier";

// printf's way of taking a view.
int width(std::string_view text) {
  return static_cast<int>(text.size());
}

}  // namespace

Result<RuntimeApi> RuntimeApi::create(Kernel& kernel, std::string_view authority, std::string_view name, uint64_t tag) {
  const size_t colon = authority.rfind(':');
  if (colon == std::string_view::npos) return Error::make("AWS_LAMBDA_RUNTIME_API is not host:port");
  uint32_t port = 0;
  for (const char digit : authority.substr(colon + 1)) {
    if (digit < '0' || digit > '9') return Error::make("AWS_LAMBDA_RUNTIME_API has no valid port");
    port = port * 10 + static_cast<uint32_t>(digit - '0');
    if (port > UINT16_MAX) return Error::make("AWS_LAMBDA_RUNTIME_API has no valid port");
  }
  std::string_view host = authority.substr(0, colon);
  if (host == "localhost") host = "127.0.0.1";  // emulators; Lambda gives an address
  Result<Address> address = Address::from_literal(host, static_cast<uint16_t>(port));
  if (!address) return Error::make("AWS_LAMBDA_RUNTIME_API is not address:port");
  return RuntimeApi(kernel, address.value(), authority, name, tag);
}

RuntimeApi::RuntimeApi(Kernel& kernel, Address address, std::string_view authority, std::string_view name, uint64_t tag)
    : kernel_(&kernel),
      address_(address),
      authority_(authority),
      name_(name),
      tag_(tag),
      buffers_(std::make_unique<Buffers>()) {
  buffers_->wanted[0].name = kIdentifierHeader;
}

void RuntimeApi::ask_register(std::string_view events, Instant now) {
  char body[128];
  const int bytes = snprintf(body, sizeof(body), "{\"events\":%.*s}", width(events), events.data());
  char headers[512];
  snprintf(headers, sizeof(headers), "Lambda-Extension-Name: %.*s\r\nLambda-Extension-Accept-Feature: accountId\r\n",
           width(name_), name_.data());
  begin(Call::kRegister, "POST", "/2020-01-01/extension/register", headers,
        std::string_view(body, static_cast<size_t>(bytes)), now);
}

void RuntimeApi::ask_subscribe(std::string_view schema, std::string_view types, uint16_t port, Instant now) {
  char body[512];
  const int bytes = snprintf(body, sizeof(body),
                             "{\"schemaVersion\":\"%.*s\",\"types\":%.*s,\"buffering\":{\"maxItems\":%d,"
                             "\"maxBytes\":%d,\"timeoutMs\":%d},\"destination\":{\"protocol\":\"HTTP\",\"URI\":"
                             "\"http://sandbox.localdomain:%u\"}}",
                             width(schema), schema.data(), width(types), types.data(), kTelemetryItemsMax,
                             kTelemetryBytesMax, kTelemetryTimeoutMs, port);
  begin(Call::kSubscribe, "PUT", "/2022-07-01/telemetry", "", std::string_view(body, static_cast<size_t>(bytes)), now);
}

void RuntimeApi::ask_next(Instant now) {
  begin(Call::kNext, "GET", "/2020-01-01/extension/event/next", "", "", now);
}

void RuntimeApi::tell_init_error(std::string_view reason, Instant now) {
  char body[512];
  const int bytes = snprintf(body, sizeof(body),
                             "{\"errorMessage\":\"%.*s\",\"errorType\":\"Extension.ConfigInvalid\",\"stackTrace\":[]}",
                             width(reason), reason.data());
  begin(Call::kInitError, "POST", "/2020-01-01/extension/init/error",
        "Lambda-Extension-Function-Error-Type: Extension.ConfigInvalid\r\n",
        std::string_view(body, static_cast<size_t>(bytes)), now);
}

void RuntimeApi::begin(Call call, std::string_view method, std::string_view path, std::string_view extra_headers,
                       std::string_view body, Instant now) {
  CHECK(!buffers_->exchange.busy());
  char identifier[128] = "";
  if (!identifier_.empty()) {
    snprintf(identifier, sizeof(identifier), "Lambda-Extension-Identifier: %s\r\n", identifier_.c_str());
  }
  char length[80] = "";
  if (!body.empty()) {
    snprintf(length, sizeof(length), "Content-Type: application/json\r\nContent-Length: %zu\r\n", body.size());
  }
  const int bytes = snprintf(buffers_->request.data(), buffers_->request.size(),
                             "%.*s %.*s HTTP/1.1\r\nHost: %.*s\r\n%s%.*s%s\r\n%.*s", width(method), method.data(),
                             width(path), path.data(), width(authority_), authority_.data(), identifier,
                             width(extra_headers), extra_headers.data(), length, width(body), body.data());
  CHECK(bytes > 0 && static_cast<size_t>(bytes) < buffers_->request.size());
  request_bytes_ = static_cast<size_t>(bytes);
  call_ = call;
  tries_ = 0;
  failure_ = "";
  retry_at_ = kNever;
  const iovec out = piece(buffers_->request.data(), request_bytes_);
  buffers_->exchange.start(Pieces(&out, 1));
  if (!stream_) connect(now);
}

void RuntimeApi::connect(Instant now) {
  Result<int> handle = kernel_->connect(address_);
  if (!handle) {
    fail("cannot make a socket", now);
    return;
  }
  stream_ = std::make_unique<TcpStream>(*kernel_, handle.value());
  watched_ = Interest::kNone;
}

RuntimeApi::Progress RuntimeApi::step(Instant now) {
  if (call_ == Call::kNone) {
    // Nothing was asked, so this can only be Lambda closing the kept connection; the next call makes a new one.
    stream_.reset();
    return Progress::kPending;
  }
  Exchange& exchange = buffers_->exchange;
  if (retry_at_ != kNever) {
    if (now.monotonic < retry_at_) return Progress::kPending;
    retry_at_ = kNever;
    const iovec out = piece(buffers_->request.data(), request_bytes_);
    exchange.give_up();
    exchange.start(Pieces(&out, 1));
    connect(now);
  }
  if (stream_) {
    const IoResult ready = stream_->handshake();
    if (ready.status == Io::kOk) {
      if (exchange.step(*stream_) == Exchange::State::kFailed) fail(exchange.failure(), now);
    } else if (ready.status != Io::kAgain) {
      fail(stream_->failure(), now);
    }
  }
  if (tries_ >= kRuntimeApiTries) return Progress::kUnreachable;
  if (stream_) watch(stream_->handshake().status == Io::kOk ? exchange.wants(*stream_) : stream_->wants());
  if (exchange.state() != Exchange::State::kDone) return Progress::kPending;
  if (call_ == Call::kRegister) identifier_.assign(buffers_->wanted[0].value.view());
  call_ = Call::kNone;
  if (!exchange.reusable()) stream_.reset();
  return Progress::kAnswered;
}

void RuntimeApi::watch(Interest interest) {
  if (interest == watched_) return;
  kernel_->watch(stream_->handle(), interest, tag_);
  watched_ = interest;
}

void RuntimeApi::fail(const char* why, Instant now) {
  failure_ = why;
  buffers_->exchange.give_up();
  stream_.reset();
  tries_++;
  retry_at_ = tries_ < kRuntimeApiTries ? now.monotonic + kRuntimeApiRetryEvery : kNever;
}

bool RuntimeApi::request_written() const {
  return buffers_->exchange.state() == Exchange::State::kAwaiting ||
         buffers_->exchange.state() == Exchange::State::kDone;
}

int RuntimeApi::status() const {
  return buffers_->exchange.status();
}

std::string_view RuntimeApi::body() const {
  return buffers_->exchange.body();
}

}  // namespace sleipnir
