// Server: the HTTP server that Lambda posts telemetry to.
//
// Owned by the loop, loop thread. Each POST is a transaction: its body is received whole into the one body buffer,
// then handed to the handler, then answered; a body that breaks off leaves nothing behind. There is one body buffer,
// so one POST at a time is received; a second one waits unread (Lambda sends one at a time). Whatever it is sent, the
// server answers or closes, and its memory stays what it is.
//
//   connections (<= kServerConnectionsMax) -> RequestParser -> body buffer -> Handler -> 200
#pragma once

#include <array>
#include <memory>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mapped_memory.h"
#include "http/request_parser.h"
#include "net/kernel.h"

namespace sleipnir {

// What becomes of a body.
enum class Handled : uint8_t {
  kAccepted,  // ours now: 200
  kLater,     // no room yet: the body stays where it is and Handler::on_post is called again by Server::resume()
};

class PostHandler {
 public:
  // `body` is whole and stays valid and unchanged until kAccepted has been returned.
  virtual Handled on_post(std::string_view body, Instant now) = 0;
  // A request that was refused (413, 4xx) or broken off in the middle; nothing of it was handed over.
  virtual void on_refused(int status) = 0;

 protected:
  ~PostHandler() = default;
};

class Server {
 public:
  // `tag_base` .. `tag_base + kServerConnectionsMax` are the tags the server watches its handles with.
  static Result<std::unique_ptr<Server>> create(Kernel& kernel, PostHandler& handler, uint64_t tag_base);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Listens on all interfaces (Lambda's address in the sandbox differs from kind to kind). `os_error`: see Kernel.
  Status listen(uint16_t port, int& os_error);
  bool listening() const { return listener_ >= 0; }
  // 0 when not listening.
  uint16_t port();
  // Closes the listener and every connection.
  void close();

  bool owns(uint64_t tag) const { return tag >= tag_base_ && tag <= tag_base_ + kServerConnectionsMax; }
  void on_ready(const Ready& ready, Instant now);
  // Calls the handler again for a body it had answered with kLater.
  void resume(Instant now);
  // Timers; to be called after the ready handles of the round have been served.
  void on_time(Instant now);
  // After a thaw nothing has stalled: the clock of every request under way starts again.
  void on_thaw(Instant now);
  MonotonicTime next_deadline() const;

  // A body waits for the handler, or one is being received.
  bool receiving() const { return body_owner_ != nullptr; }

 private:
  class Connection;

  Server(Kernel& kernel, PostHandler& handler, uint64_t tag_base, MappedMemory body);

  void accept_all(Instant now);
  void serve(Connection& connection, Instant now);
  bool read_into_body(Connection& connection, Instant now);
  bool feed_input(Connection& connection, Instant now);
  bool on_head(Connection& connection, Instant now);
  bool on_message(Connection& connection, Instant now);
  void answer(Connection& connection, int status, bool keep_alive);
  bool flush_reply(Connection& connection, Instant now);
  void linger(Connection& connection);
  void refuse(Connection& connection, int status);
  void release_body();
  void drop(Connection& connection);
  void watch(Connection& connection);

  Kernel& kernel_;
  PostHandler& handler_;
  const uint64_t tag_base_;
  int listener_ = -1;
  std::array<std::unique_ptr<Connection>, kServerConnectionsMax> connections_;

  MappedMemory body_;
  size_t body_bytes_ = 0;
  // Who holds the body buffer; null while it is free.
  Connection* body_owner_ = nullptr;

 public:
  ~Server();
};

}  // namespace sleipnir
