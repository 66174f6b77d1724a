/* starter: starts one extension, plays the Lambda APIs to it until its first /next, and says when
 * that came. One process, one thread, one poll: what it adds is the same for every program
 * it starts, and small.
 *
 *   starter [--idle-ms N] [--end kill|term] [--timeout-ms N] -- PROGRAM [ARGUMENT]...
 *
 * "@API@" in the value of an environment variable becomes the address:port it listens on. The
 * same port answers 204 to every push, so it can be given as Loki too. After /next it serves
 * on for N ms, reads the program's memory, ends it, and prints one line of JSON:
 *   {"register_ns":..,"subscribe_ns":..,"next_ns":..,"rss_kb":..,"hwm_kb":..,"requests":..,"realtime":..}
 * Times count from just before the spawn to the complete arrival of the request.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <strings.h>

#include "harness.h"

enum { kConnectionsMax = 15, kRequestBytesMax = 65536 };

struct connection {
  int fd;
  size_t used;
  char bytes[kRequestBytesMax + 1];
};

static struct connection connections[kConnectionsMax];
static int connection_count;
static long long start_ns, register_ns, subscribe_ns, next_ns, request_count;

static void answer(int fd, const char* status, const char* header, const char* body) {
  char text[1024];
  int length =
      snprintf(text, sizeof text, "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n%s", status, header, strlen(body), body);
  if (write(fd, text, (size_t)length) != length) fail("write");
}

/* One complete request has arrived. /next is not answered: the program is idle from there on. */
static void handle(int fd, const char* request) {
  long long now = now_ns() - start_ns;
  request_count++;
  if (begins(request, "POST /2020-01-01/extension/register")) {
    register_ns = now;
    answer(fd, "200 OK",
           "Content-Type: application/json\r\n"
           "Lambda-Extension-Identifier: 5f3c1c6e-0f0b-4f63-9c0e-6f2f7d1f9a11\r\n",
           "{\"functionName\":\"measured\",\"functionVersion\":\"$LATEST\","
           "\"handler\":\"main.handler\",\"accountId\":\"123456789012\"}");
  } else if (begins(request, "PUT /2022-07-01/telemetry") || begins(request, "PUT /2020-08-15/logs")) {
    subscribe_ns = now;
    answer(fd, "200 OK", "Content-Type: text/plain\r\n", "OK");
  } else if (begins(request, "GET /2020-01-01/extension/event/next")) {
    if (next_ns == 0) next_ns = now;
  } else if (begins(request, "POST /loki/api/v1/push")) {
    answer(fd, "204 No Content", "", "");
  } else {
    answer(fd, "404 Not Found", "", "");
  }
}

/* Takes complete requests off the front of what was received. */
static void consume(struct connection* from) {
  for (;;) {
    from->bytes[from->used] = 0;
    char* end = memmem(from->bytes, from->used, "\r\n\r\n", 4);
    if (!end) return;
    *end = 0; /* the search for the header must not enter the body */
    const char* header = strcasestr(from->bytes, "\r\nContent-Length:");
    if (strcasestr(from->bytes, "\r\nTransfer-Encoding:")) {
      fprintf(stderr, "starter: a chunked request is not understood: %s\n", from->bytes);
      exit(1);
    }
    *end = '\r';
    size_t length = (size_t)(end + 4 - from->bytes) + (header ? strtoul(header + 17, NULL, 10) : 0);
    if (length > kRequestBytesMax) {
      fprintf(stderr, "starter: request of %zu bytes\n", length);
      exit(1);
    }
    if (from->used < length) return;
    handle(from->fd, from->bytes);
    memmove(from->bytes, from->bytes + length, from->used - length);
    from->used -= length;
  }
}

static void accept_one(int listener) {
  int fd = accept_connection(listener);
  if (connection_count == kConnectionsMax) {
    close(fd);
    return;
  }
  connections[connection_count].fd = fd;
  connections[connection_count++].used = 0;
}

/* Returns 0 when the peer has closed. */
static int receive(struct connection* from) {
  ssize_t got = read(from->fd, from->bytes + from->used, kRequestBytesMax - from->used);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  if (got == 0) return 0;
  from->used += (size_t)got;
  consume(from);
  return 1;
}

/* Serves until /next has come (until_next), the deadline, or the program's end. */
static void serve(int listener, pid_t pid, long long deadline_ns, int until_next) {
  while (!(until_next && next_ns)) {
    long long left_ms = (deadline_ns - now_ns()) / 1000000;
    if (left_ms <= 0) return;
    if (left_ms > 200) left_ms = 200;
    struct pollfd watched[kConnectionsMax + 1] = {{.fd = listener, .events = POLLIN}};
    int watched_count = connection_count;
    for (int i = 0; i < watched_count; i++) watched[i + 1] = (struct pollfd){.fd = connections[i].fd, .events = POLLIN};
    int ready = poll(watched, (nfds_t)watched_count + 1, (int)left_ms);
    if (ready < 0 && errno != EINTR) fail("poll");
    if (ready == 0 && !is_running(pid)) return;
    for (int i = watched_count; i-- > 0;) {
      if (watched[i + 1].revents == 0 || receive(&connections[i])) continue;
      close(connections[i].fd);
      connections[i] = connections[--connection_count];
    }
    if (watched[0].revents) accept_one(listener);
  }
}

int main(int count, char** arguments) {
  long long idle_ms = 0, timeout_ms = 10000;
  int end_signal = SIGKILL, at = 1;
  for (; at + 1 < count && strcmp(arguments[at], "--") != 0; at += 2) {
    if (strcmp(arguments[at], "--idle-ms") == 0)
      idle_ms = atoll(arguments[at + 1]);
    else if (strcmp(arguments[at], "--timeout-ms") == 0)
      timeout_ms = atoll(arguments[at + 1]);
    else if (strcmp(arguments[at], "--end") == 0 && strcmp(arguments[at + 1], "term") == 0)
      end_signal = SIGTERM;
    else if (strcmp(arguments[at], "--end") == 0 && strcmp(arguments[at + 1], "kill") == 0)
      end_signal = SIGKILL;
    else
      break;
  }
  if (at + 1 >= count || strcmp(arguments[at], "--") != 0) {
    fprintf(stderr, "usage: starter [--idle-ms N] [--end kill|term] [--timeout-ms N] -- PROGRAM [ARGUMENT]...\n");
    return 2;
  }
  char** command = arguments + at + 1;

  signal(SIGPIPE, SIG_IGN);
  int realtime = become_realtime();
  char api[32];
  int listener = listen_on(0, api, sizeof api);
  char** variables = environment(api);
  start_ns = now_ns();
  pid_t pid = start_program(command, variables);
  serve(listener, pid, start_ns + timeout_ms * 1000000, 1);
  if (next_ns && idle_ms) serve(listener, pid, now_ns() + idle_ms * 1000000, 0);

  long rss_kb = resident_kb(pid);
  long hwm_kb = process_kb(pid, "status", "VmHWM:");
  if (hwm_kb < rss_kb) hwm_kb = rss_kb;
  end_program(pid, end_signal);
  waitpid(pid, NULL, 0);
  if (!next_ns) {
    fprintf(stderr, "starter: %s did not ask for /next\n", command[0]);
    return 1;
  }
  printf(
      "{\"register_ns\":%lld,\"subscribe_ns\":%lld,\"next_ns\":%lld,\"rss_kb\":%ld,\"hwm_kb\":%ld,"
      "\"requests\":%lld,\"realtime\":%d}\n",
      register_ns, subscribe_ns, next_ns, rss_kb, hwm_kb, request_count, realtime);
  return 0;
}
