#include "http/server.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace sleipnir {

namespace {

std::string_view reply_text(int status, bool keep_alive) {
  switch (status) {
    case 100: return "HTTP/1.1 100 Continue\r\n\r\n";
    case 200:
      return keep_alive ? "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
                        : "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    case 405: return "HTTP/1.1 405 Method Not Allowed\r\nAllow: POST\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    case 413: return "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    case 431: return "HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    default: return "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  }
}

}  // namespace

class Server::Connection final : public BodySink {
 public:
  Connection(Server& server, int socket, uint64_t own_tag)
      : parser(*this), server_(server), handle(socket), tag(own_tag) {}

  // Body bytes lie in the body buffer already when they were read straight into it: nothing is moved then, unless
  // chunk headers came between.
  void on_body(std::string_view bytes) override {
    const std::span<char> buffer = server_.body_.bytes();
    if (body_too_large || bytes.size() > kTelemetryBodyBytesMax - server_.body_bytes_) {
      body_too_large = true;
      return;
    }
    char* const end = buffer.data() + server_.body_bytes_;
    if (bytes.data() != end) memmove(end, bytes.data(), bytes.size());
    server_.body_bytes_ += bytes.size();
  }

  RequestParser parser;

 private:
  Server& server_;

 public:
  int handle;
  uint64_t tag;
  MonotonicTime last_bytes_at{};
  Interest watched = Interest::kNone;
  bool waits_for_body_buffer = false;
  bool body_too_large = false;
  bool waits_for_handler = false;
  bool close_after_reply = false;
  // Refused: input may be unread, and closing over it would reset the connection before the client has our reply.
  bool refused = false;
  // From when the reply to it is written: input is thrown away until the client ends, or until one of these is reached.
  bool lingering = false;
  MonotonicTime linger_until{};
  size_t linger_bytes = 0;
  bool peer_closed = false;
  std::string_view reply;
  std::array<char, kServerInputBytes> input;
  size_t input_begin = 0;
  size_t input_end = 0;
};

Result<std::unique_ptr<Server>> Server::create(Kernel& kernel, PostHandler& handler, uint64_t tag_base) {
  // The slack takes chunk headers that were read together with the end of a body of the largest size.
  Result<MappedMemory> body = MappedMemory::create(kTelemetryBodyBytesMax + kServerInputBytes);
  if (!body) return body.error();
  return std::unique_ptr<Server>(new Server(kernel, handler, tag_base, std::move(body.value())));
}

Server::Server(Kernel& kernel, PostHandler& handler, uint64_t tag_base, MappedMemory body)
    : kernel_(kernel), handler_(handler), tag_base_(tag_base), body_(std::move(body)) {}

Server::~Server() {
  close();
}

Status Server::listen(uint16_t port, int& os_error) {
  Result<int> listener = kernel_.listen(Address::any_ipv4(port), os_error);
  if (!listener) return listener.error();
  listener_ = listener.value();
  kernel_.watch(listener_, Interest::kRead, tag_base_);
  return Done{};
}

uint16_t Server::port() {
  return listening() ? kernel_.local_port(listener_) : uint16_t{0};
}

void Server::close() {
  for (auto& connection : connections_) {
    if (connection) drop(*connection);
  }
  if (listening()) kernel_.close(listener_);
  listener_ = -1;
}

void Server::on_ready(const Ready& ready, Instant now) {
  if (ready.tag == tag_base_) {
    accept_all(now);
    return;
  }
  Connection* connection = connections_[ready.tag - tag_base_ - 1].get();
  // Closed earlier in this round.
  if (connection == nullptr) return;
  serve(*connection, now);
}

void Server::accept_all(Instant now) {
  for (size_t round = 0; round < kServerConnectionsMax; round++) {
    const std::optional<int> handle = kernel_.accept(listener_);
    if (!handle) return;
    auto free = std::find(connections_.begin(), connections_.end(), nullptr);
    if (free == connections_.end()) {
      // Full: whoever has been silent longest makes room, but not the one whose body is being received.
      free = std::min_element(connections_.begin(), connections_.end(), [this](const auto& a, const auto& b) {
        const bool a_busy = a.get() == body_owner_;
        const bool b_busy = b.get() == body_owner_;
        return a_busy != b_busy ? b_busy : a->last_bytes_at < b->last_bytes_at;
      });
      drop(**free);
    }
    const auto index = static_cast<uint64_t>(free - connections_.begin());
    *free = std::make_unique<Connection>(*this, *handle, tag_base_ + 1 + index);
    (*free)->last_bytes_at = now.monotonic;
    serve(**free, now);
  }
}

// Moves one connection as far as it goes: write what is owed, parse what is there, read what comes.
void Server::serve(Connection& connection, Instant now) {
  size_t budget = kReadBytesPerRound;
  for (;;) {
    if (!flush_reply(connection, now)) return;  // closed
    if (connection.lingering) {
      linger(connection);
      return;
    }
    if (!connection.reply.empty() || connection.waits_for_handler) break;
    if (connection.input_begin != connection.input_end || connection.waits_for_body_buffer) {
      if (!feed_input(connection, now)) return;
      if (!connection.reply.empty()) continue;
      if (connection.waits_for_handler || connection.waits_for_body_buffer) break;
      if (connection.input_begin != connection.input_end) continue;
    }
    // What was read already has been looked at: nothing else would make this connection ready for it again.
    if (budget == 0) break;
    const bool in_body = connection.parser.state() == RequestParser::State::kBody;
    const std::span<char> room =
        in_body && !connection.body_too_large ? body_.bytes().subspan(body_bytes_) : std::span<char>(connection.input);
    size_t wanted = std::min(room.size(), budget);
    const auto content_bytes = connection.parser.head().content_bytes;
    // Not a byte of the next request may land in the body buffer.
    if (in_body && content_bytes && !connection.body_too_large) {
      wanted = std::min<size_t>(wanted, *content_bytes - body_bytes_);
    }
    const IoResult got = kernel_.read(connection.handle, room.first(wanted));
    if (got.status == Io::kAgain) break;
    if (got.status != Io::kOk) {
      if (!connection.parser.idle()) handler_.on_refused(0);
      drop(connection);
      return;
    }
    budget -= got.bytes;
    connection.last_bytes_at = now.monotonic;
    if (room.data() == connection.input.data()) {
      connection.input_begin = 0;
      connection.input_end = got.bytes;
      continue;
    }
    const size_t taken = connection.parser.feed(room.first(got.bytes));
    // Chunked only: what follows the last chunk belongs to the next request.
    const size_t rest = got.bytes - taken;
    if (rest > connection.input.size()) {
      refuse(connection, 400);
      continue;
    }
    memmove(connection.input.data(), room.data() + taken, rest);
    connection.input_begin = 0;
    connection.input_end = rest;
    if (!on_message(connection, now)) return;
  }
  watch(connection);
}

// Reads what nobody wants any more.
void Server::linger(Connection& connection) {
  for (size_t budget = kReadBytesPerRound; budget != 0;) {
    const IoResult got =
        kernel_.read(connection.handle, std::span(connection.input).first(std::min(budget, connection.input.size())));
    if (got.status == Io::kAgain) break;
    connection.linger_bytes += got.bytes;
    if (got.status != Io::kOk || connection.linger_bytes > kLingerBytesMax) {
      drop(connection);
      return;
    }
    budget -= got.bytes;
  }
  watch(connection);
}

// Parses the connection's own input buffer. False: the connection is gone.
bool Server::feed_input(Connection& connection, Instant now) {
  RequestParser& parser = connection.parser;
  if (parser.state() == RequestParser::State::kHeadDone) return on_head(connection, now);
  const std::span<const char> input(connection.input.data() + connection.input_begin,
                                    connection.input_end - connection.input_begin);
  connection.input_begin += parser.feed(input);
  if (parser.state() == RequestParser::State::kHeadDone) return on_head(connection, now);
  return on_message(connection, now);
}

// The head is complete: decides whether its body is wanted, and waits for the body buffer if so.
bool Server::on_head(Connection& connection, Instant now) {
  const RequestHead& head = connection.parser.head();
  if (!head.is_post) {
    refuse(connection, 405);
    return true;
  }
  if (head.content_bytes && *head.content_bytes > kTelemetryBodyBytesMax) {
    refuse(connection, 413);
    return true;
  }
  connection.waits_for_body_buffer = body_owner_ != nullptr;
  if (connection.waits_for_body_buffer) return true;
  body_owner_ = &connection;
  body_bytes_ = 0;
  // The while it waited for the buffer was not its own.
  connection.last_bytes_at = now.monotonic;
  connection.body_too_large = false;
  if (head.expects_continue) connection.reply = reply_text(100, true);
  connection.parser.accept_body();
  return on_message(connection, now);
}

// Looks whether the request is complete or broken. False: the connection is gone.
bool Server::on_message(Connection& connection, Instant now) {
  switch (connection.parser.state()) {
    case RequestParser::State::kHead:
    case RequestParser::State::kHeadDone:
    case RequestParser::State::kBody:
      if (connection.body_too_large) refuse(connection, 413);
      return true;
    case RequestParser::State::kBad: refuse(connection, connection.parser.bad_status()); return true;
    case RequestParser::State::kDone: break;
  }
  if (connection.body_too_large) {
    refuse(connection, 413);
    return true;
  }
  const std::string_view body(body_.bytes().data(), body_bytes_);
  connection.waits_for_handler = handler_.on_post(body, now) == Handled::kLater;
  if (connection.waits_for_handler) return true;
  connection.last_bytes_at = now.monotonic;
  answer(connection, 200, connection.parser.head().keep_alive);
  release_body();
  connection.parser.next();
  return true;
}

void Server::resume(Instant now) {
  Connection* connection = body_owner_;
  if (connection == nullptr || !connection->waits_for_handler) return;
  if (!on_message(*connection, now)) return;
  if (!connection->waits_for_handler) serve(*connection, now);
}

void Server::answer(Connection& connection, int status, bool keep_alive) {
  // A 100 Continue that is not written yet has been overtaken by the final answer.
  connection.reply = reply_text(status, keep_alive);
  connection.close_after_reply = !keep_alive;
}

void Server::refuse(Connection& connection, int status) {
  handler_.on_refused(status);
  connection.waits_for_body_buffer = false;
  connection.input_begin = connection.input_end;
  if (body_owner_ == &connection) release_body();
  answer(connection, status, false);
  connection.refused = true;
}

// Writes what is owed. False: the connection is gone.
bool Server::flush_reply(Connection& connection, Instant now) {
  while (!connection.reply.empty()) {
    const iovec out = piece(connection.reply.data(), connection.reply.size());
    const IoResult wrote = kernel_.write(connection.handle, Pieces(&out, 1));
    if (wrote.status == Io::kAgain) return true;
    if (wrote.status != Io::kOk) {
      drop(connection);
      return false;
    }
    connection.reply.remove_prefix(wrote.bytes);
  }
  if (!connection.close_after_reply || connection.lingering) return true;
  if (!connection.refused) {
    drop(connection);
    return false;
  }
  kernel_.finish(connection.handle);
  connection.lingering = true;
  connection.linger_until = now.monotonic + kLingerMax;
  return true;
}

void Server::release_body() {
  if (body_bytes_ > kTelemetryBodyBytesKept) {
    MappedMemory::discard(body_.bytes().subspan(kTelemetryBodyBytesKept));
  }
  body_owner_ = nullptr;
  body_bytes_ = 0;
  // Whoever waits for the buffer gets its turn as if it had become readable.
  for (auto& waiting : connections_) {
    if (waiting && waiting->waits_for_body_buffer) {
      kernel_.watch(waiting->handle, Interest::kReadWrite, waiting->tag);
      waiting->watched = Interest::kReadWrite;
      return;
    }
  }
}

void Server::drop(Connection& connection) {
  if (body_owner_ == &connection) release_body();
  kernel_.close(connection.handle);
  connections_[connection.tag - tag_base_ - 1].reset();
}

void Server::watch(Connection& connection) {
  Interest interest = Interest::kRead;
  if (!connection.reply.empty()) interest = Interest::kWrite;
  if (connection.waits_for_handler || connection.waits_for_body_buffer) interest = Interest::kNone;
  if (interest == connection.watched) return;
  kernel_.watch(connection.handle, interest, connection.tag);
  connection.watched = interest;
}

void Server::on_time(Instant now) {
  for (auto& connection : connections_) {
    if (!connection || connection->waits_for_handler || connection->waits_for_body_buffer) continue;
    if (connection->lingering) {
      if (now.monotonic >= connection->linger_until) drop(*connection);
      continue;
    }
    const bool under_way = !connection->parser.idle() || !connection->reply.empty();
    if (under_way && now.monotonic - connection->last_bytes_at > kRequestStallMax) {
      handler_.on_refused(0);
      drop(*connection);
    }
  }
}

void Server::on_thaw(Instant now) {
  for (auto& connection : connections_) {
    if (connection) connection->last_bytes_at = now.monotonic;
  }
}

MonotonicTime Server::next_deadline() const {
  MonotonicTime deadline = kNever;
  for (const auto& connection : connections_) {
    if (!connection || connection->waits_for_handler || connection->waits_for_body_buffer) continue;
    if (connection->lingering) {
      deadline = std::min(deadline, connection->linger_until);
      continue;
    }
    if (connection->parser.idle() && connection->reply.empty()) continue;
    // A moment later than the limit, so that on_time() finds it passed.
    deadline = std::min(deadline, connection->last_bytes_at + kRequestStallMax + Milliseconds(1));
  }
  return deadline;
}

}  // namespace sleipnir
