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
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { kConnectionsMax = 15, kRequestBytesMax = 65536 };

struct connection {
  int fd;
  size_t used;
  char bytes[kRequestBytesMax + 1];
};

static struct connection connections[kConnectionsMax];
static int connection_count;
static long long start_ns, register_ns, subscribe_ns, next_ns, request_count;

static long long now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void fail(const char* what) {
  fprintf(stderr, "starter: %s: %s\n", what, strerror(errno));
  exit(1);
}

static void answer(int fd, const char* status, const char* header, const char* body) {
  char text[1024];
  int length =
      snprintf(text, sizeof text, "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n%s", status, header, strlen(body), body);
  if (write(fd, text, (size_t)length) != length) fail("write");
}

static int begins(const char* text, const char* with) {
  return strncmp(text, with, strlen(with)) == 0;
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
  int on = 1;
  int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) fail("accept");
  if (connection_count == kConnectionsMax) {
    close(fd);
    return;
  }
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
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

static int is_running(pid_t pid) {
  siginfo_t info = {0};
  return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
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

/* A field of /proc/PID/FILE in kB, such as "Rss:"; 0 where the kernel does not tell. */
static long process_kb(pid_t pid, const char* file, const char* field) {
  char path[64], line[256];
  long value = 0;
  snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
  FILE* lines = fopen(path, "re");
  if (!lines) return 0;
  while (fgets(line, sizeof line, lines))
    if (begins(line, field)) value = strtol(line + strlen(field), NULL, 10);
  fclose(lines);
  return value;
}

static int listen_anywhere(char* address_text, size_t size) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (bind(fd, (struct sockaddr*)&address, length) || listen(fd, 64) ||
      getsockname(fd, (struct sockaddr*)&address, &length))
    fail("listen");
  snprintf(address_text, size, "127.0.0.1:%d", ntohs(address.sin_port));
  return fd;
}

/* The environment with @API@ replaced. Lives until exit. */
static char** environment(const char* api) {
  static const char mark[] = "@API@";
  for (char** variable = environ; *variable; variable++) {
    const char* found = strstr(*variable, mark);
    if (!found) continue;
    char* replaced;
    if (asprintf(&replaced, "%.*s%s%s", (int)(found - *variable), *variable, api, found + sizeof mark - 1) < 0)
      fail("asprintf");
    *variable = replaced;
  }
  return environ;
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
  /* Where it is allowed, real-time, which the program inherits: a kernel that lets others finish
   * their slice first would add its 3 ms to half of all starts on a busy machine. */
  struct sched_param priority = {.sched_priority = 1};
  int realtime = sched_setscheduler(0, SCHED_RR, &priority) == 0;
  char api[32];
  int listener = listen_anywhere(api, sizeof api);
  char** variables = environment(api);

  /* The program gets SIGPIPE as it would elsewhere, and a process group of its own: a tracer in
   * front of it would die of the signal alone and leave it running. */
  posix_spawnattr_t attributes;
  sigset_t pipe_signal;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigdefault(&attributes, &pipe_signal);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);

  pid_t pid;
  start_ns = now_ns();
  errno = posix_spawn(&pid, command[0], NULL, &attributes, command, variables);
  if (errno) fail(command[0]);
  serve(listener, pid, start_ns + timeout_ms * 1000000, 1);
  if (next_ns && idle_ms) serve(listener, pid, now_ns() + idle_ms * 1000000, 0);

  /* status counts resident pages lazily, up to 256 kB behind on two CPUs; smaps_rollup walks them. */
  long rss_kb = process_kb(pid, "smaps_rollup", "Rss:");
  if (rss_kb == 0) rss_kb = process_kb(pid, "status", "VmRSS:");
  long hwm_kb = process_kb(pid, "status", "VmHWM:");
  if (hwm_kb < rss_kb) hwm_kb = rss_kb;
  kill(-pid, end_signal);
  long long kill_at_ns = now_ns() + 5000000000;
  while (is_running(pid)) {
    if (now_ns() > kill_at_ns) kill(-pid, SIGKILL);
    usleep(end_signal == SIGKILL ? 100 : 10000);
  }
  kill(-pid, SIGKILL); /* what a tracer may have left of the group, while the id is still ours */
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
