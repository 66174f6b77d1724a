#include "app/check.h"

#include <algorithm>
#include <cerrno>

#include "app/push_setup.h"
#include "base/check.h"
#include "base/json_fields.h"
#include "net/proxy_stream.h"
#include "net/tcp_stream.h"
#include "net/tls_stream.h"

namespace sleipnir {

namespace {

constexpr uint64_t kTag = 1;

// `{"a":"b","c":"d"}`, as the push prefix has the labels, as a selector to look for: `{a="b",c="d"}`.
BorrowedText selector(std::string_view push_prefix, TextStore& texts) {
  constexpr std::string_view kBefore = "{\"streams\":[{\"stream\":";
  BorrowedText text;
  JsonFields<PlainJson> fields(push_prefix.substr(kBefore.size()));
  for (JsonField field; fields.next(field);) {
    text = texts.keep({text, text.empty() ? "{" : ",", field.key, "=\"", field.value, "\""});
  }
  return texts.keep({text, "}"});
}

}  // namespace

const char* result_name(CheckStep::Result result) {
  switch (result) {
    case CheckStep::Result::kOk: return "ok";
    case CheckStep::Result::kWarning: return "warning";
    case CheckStep::Result::kFailed: return "failed";
    case CheckStep::Result::kSkipped: return "skipped";
  }
  return "";
}

Check::Check(Config& config, const CheckNames& names, LinuxKernel& kernel)
    : config_(config), names_(names), kernel_(kernel), resolver_(kernel) {
  if (config.endpoint) streams_.emplace(kernel, config);
}

std::span<const CheckStep> Check::run() {
  struct Step {
    const char* name;
    bool (Check::*run)();
  };
  static constexpr Step kInOrder[kSteps] = {
      {"configuration", &Check::check_configuration},
      {"secrets", &Check::fetch_secrets},
      {"name", &Check::find_name},
      {"connection", &Check::connect},
      {"proxy", &Check::open_tunnel},
      {"tls", &Check::open_tls},
      {"push", &Check::check_push},
      {"metadata", &Check::check_metadata},
  };
  bool reached = true;
  for (step_ = 0; step_ < kSteps; step_++) {
    steps_[step_].name = kInOrder[step_].name;
    began_at_ = read_clocks().monotonic;
    if (reached) {
      reached = (this->*kInOrder[step_].run)();
    } else {
      finding().found("not reached");
    }
  }
  return steps_;
}

void Check::end(CheckStep::Result result) {
  steps_[step_].result = result;
  steps_[step_].took = read_clocks().monotonic - began_at_;
}

bool Check::fail() {
  end(CheckStep::Result::kFailed);
  return false;
}

// Of the push: the connection that the steps have made, first.
Result<std::unique_ptr<Stream>> Check::open(const Address& address) {
  if (stream_) return std::move(stream_);
  return streams_->open(address);
}

// ---- the steps: whether the next one can be taken ----

// Every problem on a line of its own; each says itself what is accepted. An error is no reason not to look further.
bool Check::check_configuration() {
  if (config_.enabled()) {
    finding().found("pushes go to %s", config_.endpoint->url(texts_).c_str());
  } else {
    finding().found(config_.extension_enabled ? "there is nowhere to push to"
                                              : "LOKI_EXTENSION_ENABLED=false: Sleipnir does nothing");
  }
  for (const ConfigProblem& problem : config_.problems) finding().add_fix("%s", problem.text.c_str());
  using Result = CheckStep::Result;
  const bool failed = !config_.enabled() || config_.has_errors();
  end(failed ? Result::kFailed : config_.problems.empty() ? Result::kOk : Result::kWarning);
  return config_.enabled();
}

bool Check::fetch_secrets() {
  if (config_.secrets.empty()) {
    finding().found("none");
    return true;
  }
  secrets_ = std::make_unique<Secrets>(kernel_, config_, kTag);
  Instant now = read_clocks();
  secrets_->start(now);
  while (secrets_->fetching()) {
    if (secrets_->step(now) == Secrets::Event::kFailed) {
      finding().found("%s", secrets_->failure());
      finding().fix("check the reference, and that these credentials may read it");
      return fail();
    }
    if (secrets_->fetching()) now = wait(secrets_->next_deadline());
  }
  const RequestIdentity& identity = secrets_->identity();
  config_.authorization = identity.authorization;
  config_.authorization_source = identity.source;
  config_.tenant_id = identity.tenant_id;
  config_.headers = identity.headers;
  config_.credentials = secrets_->fetched();
  BorrowedText variables;
  for (const SecretSource& source : config_.secrets) {
    variables = texts_.keep({variables, variables.empty() ? "" : ", ", source.variable});
  }
  finding().found("fetched %s", variables.c_str());
  end(CheckStep::Result::kOk);
  return true;
}

bool Check::find_name() {
  const Endpoint& target = config_.proxy ? *config_.proxy : *config_.endpoint;
  const char* const host = target.host.c_str();
  if (const Result<Address> literal = Address::from_literal(target.host, target.port)) {
    resolution_.count = 1;
    resolution_.addresses[0] = literal.value();
    finding().found("%s is an address", host);
    return true;
  }
  Instant now = read_clocks();
  const MonotonicTime deadline = now.monotonic + config_.connect_timeout;
  resolver_.start(target.host, target.port, 1, now.monotonic);
  std::optional<Resolution> answer;
  while (!answer && now.monotonic < deadline) {
    now = wait(std::min(deadline, resolver_.deadline()));
    answer = resolver_.poll(now.monotonic);
  }
  if (!answer || !answer->ok()) {
    const Error silence = Error::make("no DNS server answered for %s", host);
    say_name_failure(finding(), config_, names_, answer ? answer->error.text() : silence.text());
    return fail();
  }
  resolution_ = *answer;
  BorrowedText addresses;
  for (const Address& address : resolution_.usable()) {
    const FixedText<64> text = address.text();
    const std::string_view alone = text.view().substr(0, text.view().rfind(':'));
    addresses = texts_.keep({addresses, addresses.empty() ? "" : ", ", alone});
  }
  finding().found("%s is %s", host, addresses.c_str());
  end(CheckStep::Result::kOk);
  return true;
}

bool Check::connect() {
  for (const Address& address : resolution_.usable()) {
    const FixedText<64> text = address.text();
    const Result<int> handle = kernel_.connect(address);
    IoResult result{.os_error = EHOSTUNREACH};
    if (handle) {
      stream_ = std::make_unique<TcpStream>(kernel_, handle.value());
      if (drive(*stream_, result)) {
        finding().found("to %s%s", config_.proxy ? "the proxy, " : "", text.c_str());
        end(CheckStep::Result::kOk);
        return true;
      }
    }
    say_connect_failure(finding(), config_, names_, text.c_str(), result.os_error);
  }
  return fail();
}

bool Check::open_tunnel() {
  if (!config_.proxy) {
    finding().found("none");
    return true;
  }
  const BorrowedText target = config_.endpoint->authority;
  stream_ = std::make_unique<ProxyStream>(std::move(stream_), *config_.proxy, *config_.endpoint);
  finding().fix("check %s, and that it may go to %s", names_.proxy.c_str(), target.c_str());
  if (!drive_layer()) return fail();
  finding().found("tunnel to %s", target.c_str());
  end(CheckStep::Result::kOk);
  return true;
}

bool Check::open_tls() {
  if (!config_.endpoint->tls) {
    finding().found("none, by http");
    return true;
  }
  Result<std::unique_ptr<TlsContext>> context = TlsContext::create(tls_options(config_, config_.credentials));
  if (!context) {
    finding().found("%s", context.error().text());
    finding().fix("correct LOKI_CA_FILE, LOKI_CA_PEM, LOKI_CLIENT_CERT_FILE or LOKI_CLIENT_KEY_FILE");
    return fail();
  }
  tls_ = std::move(context.value());
  const TlsPeer peer{.host = config_.endpoint->host, .port = config_.endpoint->port};
  auto layer = std::make_unique<TlsStream>(*tls_, std::move(stream_), peer);
  const TlsStream& tls = *layer;
  stream_ = std::move(layer);
  finding().fix("check what listens at %s", config_.endpoint->authority.c_str());
  if (!drive_layer()) return fail();
  const PeerCertificate& certificate = tls.peer_certificate();
  const char* const names = certificate.names.empty() ? certificate.subject.c_str() : certificate.names.c_str();
  finding().found("%s, %s, certificate for %s until %s", tls.version(), tls.cipher(), names,
                  date_text(certificate.valid_until).c_str());
  end(CheckStep::Result::kOk);
  return true;
}

bool Check::check_push() {
  connection_ = std::make_unique<PushConnection>(kernel_, *this, kTag);
  const bool metadata = config_.structured_metadata;
  Pushed pushed = push(metadata ? StructuredMetadata::kOn : StructuredMetadata::kOff);
  metadata_refused_ = pushed == Pushed::kMetadataRefused;
  if (metadata_refused_) pushed = push(StructuredMetadata::kOff);
  if (pushed != Pushed::kStored) return fail();
  end(CheckStep::Result::kOk);
  return true;
}

bool Check::check_metadata() {
  if (!config_.structured_metadata) {
    finding().found("off (LOKI_STRUCTURED_METADATA)");
  } else if (metadata_refused_) {
    finding().found("Loki takes no structured metadata");
    finding().fix(
        "allow it in Loki (allow_structured_metadata, schema v13), or set LOKI_STRUCTURED_METADATA=false, and "
        "LOKI_REQUEST_ID_AS=line to keep the request ids");
    end(CheckStep::Result::kWarning);
  } else {
    finding().found("taken");
    end(CheckStep::Result::kOk);
  }
  return true;
}

// One line; the finding says what came of it.
Check::Pushed Check::push(StructuredMetadata metadata) {
  const std::string prefix = push_prefix_of(config_, {});
  const WallTime time = read_clocks().wall;
  const Record record{.time = time,
                      .log_type = LogType::kExtension,
                      .level = Level::kInfo,
                      .text = "sleipnir check: this line came through"};
  std::array<char, 512> entry;
  EncodeCursor cursor;
  EntryShape shape;
  const EncodeStep step = EntryWriter({.structured_metadata = metadata})
                              .write(record, time.time_since_epoch().count(), cursor, entry, shape);
  CHECK(step == EncodeStep::kLast);
  std::array<char, kPushHeadBytesMax> head;
  // Less the entry's comma.
  const size_t body_bytes = prefix.size() + shape.bytes - 1 + kPushSuffix.size();
  const size_t head_bytes = push_head(config_).write(head, body_bytes, ContentEncoding::kIdentity);
  CHECK(head_bytes != 0);
  const iovec pieces[] = {
      piece(head.data(), head_bytes),
      piece(prefix.data(), prefix.size()),
      piece(entry.data(), shape.bytes - 1),
      piece(kPushSuffix.data(), kPushSuffix.size()),
  };
  if (!exchange(pieces)) {
    finding().fix("check %s: something listens there, but it does not answer as Loki does", names_.endpoint.c_str());
    say_failure(finding(), connection_->failure());
    return Pushed::kFailed;
  }
  const PushAnswer answer{
      .status = connection_->status(), .content_type = connection_->content_type(), .body = connection_->body()};
  const bool with = metadata == StructuredMetadata::kOn;
  const Verdict verdict = judge_answer(
      answer,
      {.entries = 1, .body_bytes = body_bytes, .metadata = with ? PushedMetadata::kPresent : PushedMetadata::kAbsent});
  if (verdict.action == Verdict::Action::kSent) {
    finding().found("Loki answered %d; the line is in %s", answer.status, selector(prefix, texts_).c_str());
    return Pushed::kStored;
  }
  if (verdict.amend.strip_metadata) return Pushed::kMetadataRefused;
  say_push_failure(finding(), config_, names_, answer.status, connection_->location(), verdict);
  return Pushed::kFailed;
}

// ---- waiting ----

// False: there is no answer; the connection says why.
bool Check::exchange(Pieces pieces) {
  using State = PushConnection::State;
  Instant now = read_clocks();
  const MonotonicTime deadline = now.monotonic + config_.request_timeout;
  if (connection_->state() == State::kClosed) connection_->open(resolution_.addresses[0], deadline, now);
  for (;;) {
    const PushConnection::Event event = connection_->step(now);
    if (event == PushConnection::Event::kAnswered) return true;
    if (connection_->state() == State::kClosed) return false;
    if (connection_->state() == State::kReady) {
      connection_->push(pieces, deadline, now);
    } else {
      now = wait(deadline);
    }
  }
}

Instant Check::wait(MonotonicTime deadline) {
  const Nanoseconds left = deadline - read_clocks().monotonic;
  std::array<Ready, 4> ready;
  if (left > Nanoseconds(0)) kernel_.wait(ready, std::chrono::ceil<Milliseconds>(left));
  return read_clocks();
}

// To the end of its handshake. False: `result` says how it failed, kAgain that it took too long.
bool Check::drive(Stream& stream, IoResult& result) {
  const MonotonicTime deadline = read_clocks().monotonic + config_.connect_timeout;
  for (;;) {
    result = stream.handshake();
    if (result.status != Io::kAgain) return result.status == Io::kOk;
    kernel_.watch(stream.handle(), stream.wants(), kTag);
    if (wait(deadline).monotonic >= deadline) return false;
  }
}

// The layer laid last. The finding has the failure; what to change stays where that does not say it.
bool Check::drive_layer() {
  IoResult result;
  if (drive(*stream_, result)) {
    finding().clear_fix();
    return true;
  }
  say_failure(finding(), result.status == Io::kAgain ? "no answer in time" : stream_->failure());
  return false;
}

}  // namespace sleipnir
