/* player: a whole life of one extension under load. It plays the Lambda APIs and Loki, posts telemetry as Lambda does (at most
 * 1,000 items and 256 KiB a POST, the next one when the last is acknowledged), and says what that cost. One thread, one poll.
 *
 *   player [--invocations N] [--records N] [--bytes N] [--form text|json] [--gap-ms N] [--loki-delay-ms N] [--rest-ms N]
 *          [--timeout-ms N] [--port N] [--realtime 0|1]
 *          [--save FILE] [--burn N --function FILE] -- PROGRAM [ARGUMENT]...
 *
 * --records, each of --bytes, go into each invocation, between its platform.start and its platform.runtimeDone. Loki's answer
 * (204) leaves --loki-delay-ms after the push has arrived whole; --save keeps the bodies, each behind its length and a newline,
 * for whoever wants to count what arrived. "@API@" in the value of an environment variable becomes the
 * address:port of all of it (--port, or any). Prints one line of JSON:
 * With --function, a program (perf/burner.c) plays the function: told to, it does N units of work, and how long that took counts
 * as the invocation's duration:
 *   burns_us    per invocation
 *   next_ms     exec -> first /next
 *   holds_us    per invocation: the POST with runtimeDone written -> /next received
 *   cpu_us      user and system time of the program's whole life (rusage)
 *   *_kb        resident before the first INVOKE, after the last /next, --rest-ms later; and the peak
 *   settled_ms  first INVOKE -> last push answered; pushes, push_bytes: what Loki was sent
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <strings.h>
#include <sys/resource.h>

#include "function.h"
#include "harness.h"
#include "records.h"

enum { kPeersMax = 31, kHeadBytesMax = 16384, kItemsPerPost = 1000, kPostBytesMax = 262144, kInvocationsMax = 100000 };

struct options {
  long invocations, records, bytes, json, gap_ms, loki_delay_ms, rest_ms, timeout_ms, port, realtime, burn;
};
static FILE* saved;
static const char* function_program;
static struct options wanted = {.invocations = 1, .records = 10, .bytes = 150, .timeout_ms = 60000, .realtime = 1};

/* Somebody who sent us a request, or is about to: head first, then a body that is counted and, up to the buffer, kept. */
struct peer {
  int fd;
  size_t used;            /* bytes of head (and of the body behind it, as far as it fits) */
  size_t head_bytes;      /* 0: the head is not complete */
  size_t body_bytes, body_got;
  long long answer_at_ns; /* a push that waits for its answer; 0: none */
  char* body;             /* with --save: body_bytes of room */
  char bytes[kHeadBytesMax + 1];
};

static struct peer peers[kPeersMax];
static int peer_count, listener;
static pid_t pid;
static long long deadline_ns, next_at_ns, last_answer_ns, pushes, push_bytes;
static int next_fd = -1;  /* who waits for the next event */
static int telemetry_port;
static char telemetry_path[256] = "/";

static void send_text(int fd, const char* text, size_t length) {
  while (length > 0) {
    ssize_t sent = write(fd, text, length);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return; /* its end is seen when we read */
    if (sent > 0) text += sent, length -= (size_t)sent;
    else poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, 100);
  }
}

static void answer(int fd, const char* status, const char* header, const char* body) {
  char text[2048];
  int length = snprintf(text, sizeof text, "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n%s", status, header, strlen(body), body);
  send_text(fd, text, (size_t)length);
}

static void learn_destination(const char* body) {
  const char* host = strstr(body, "http://");
  const char* port = host ? strchr(host + 7, ':') : NULL;
  if (!port) fail("no destination in the subscription");
  telemetry_port = atoi(port + 1);
  size_t digits = strspn(port + 1, "0123456789");
  size_t length = strcspn(port + 1 + digits, "\"");
  if (length > 0 && length < sizeof telemetry_path)
    snprintf(telemetry_path, sizeof telemetry_path, "%.*s", (int)length, port + 1 + digits);
}

/* One whole request has arrived. */
static void handle(struct peer* from) {
  const char* request = from->bytes;
  if (begins(request, "POST /2020-01-01/extension/register")) {
    answer(from->fd, "200 OK",
           "Content-Type: application/json\r\n"
           "Lambda-Extension-Identifier: 5f3c1c6e-0f0b-4f63-9c0e-6f2f7d1f9a11\r\n",
           "{\"functionName\":\"measured\",\"functionVersion\":\"$LATEST\","
           "\"handler\":\"main.handler\",\"accountId\":\"123456789012\"}");
  } else if (begins(request, "PUT /2022-07-01/telemetry") || begins(request, "PUT /2020-08-15/logs")) {
    learn_destination(from->bytes + from->head_bytes);
    answer(from->fd, "200 OK", "Content-Type: text/plain\r\n", "OK");
  } else if (begins(request, "GET /2020-01-01/extension/event/next")) {
    next_at_ns = now_ns();
    next_fd = from->fd;
  } else if (strstr(request, "/push HTTP/1.1\r\n")) {
    pushes++;
    push_bytes += (long long)from->body_bytes;
    if (saved) {
      fprintf(saved, "%zu\n", from->body_bytes);
      fwrite(from->body, 1, from->body_bytes, saved);
    }
    from->answer_at_ns = now_ns() + wanted.loki_delay_ms * 1000000;
  } else {
    answer(from->fd, "404 Not Found", "", "");
  }
}

static void answer_pushes(long long now) {
  for (int i = 0; i < peer_count; i++) {
    if (peers[i].answer_at_ns == 0 || peers[i].answer_at_ns > now) continue;
    peers[i].answer_at_ns = 0;
    last_answer_ns = now;
    answer(peers[i].fd, "204 No Content", "", "");
  }
}

/* The next bytes of a body, which lie behind the head. */
static void keep(struct peer* from, size_t bytes) {
  if (saved) memcpy(from->body + from->body_got, from->bytes + from->head_bytes, bytes);
}

/* Takes whole requests off what was received; of a long body only the count. */
static void consume(struct peer* from) {
  for (;;) {
    if (from->head_bytes == 0) {
      from->bytes[from->used] = 0;
      char* end = memmem(from->bytes, from->used, "\r\n\r\n", 4);
      if (!end) {
        if (from->used == kHeadBytesMax) fail("a head too long");
        return;
      }
      *end = 0; /* the search for the header must not enter the body */
      const char* header = strcasestr(from->bytes, "\r\nContent-Length:");
      if (strcasestr(from->bytes, "\r\nTransfer-Encoding:")) fail("a chunked request is not understood");
      *end = '\r';
      from->head_bytes = (size_t)(end + 4 - from->bytes);
      from->body_bytes = header ? strtoul(header + 17, NULL, 10) : 0;
      from->body_got = 0;
      if (saved && !(from->body = realloc(from->body, from->body_bytes + 1))) fail("memory");
    }
    size_t behind = from->used - from->head_bytes; /* of this request's body, or of the next request */
    if (from->body_got + behind < from->body_bytes) {
      if (from->used == kHeadBytesMax) { /* a long body: only counted */
        keep(from, behind);
        from->body_got += behind;
        from->used = from->head_bytes;
      }
      return;
    }
    size_t of_body = from->body_bytes - from->body_got;
    keep(from, of_body);
    handle(from);
    memmove(from->bytes, from->bytes + from->head_bytes + of_body, behind - of_body);
    from->used = behind - of_body;
    from->head_bytes = 0;
  }
}

static int receive(struct peer* from) {
  for (;;) {
    ssize_t got = read(from->fd, from->bytes + from->used, kHeadBytesMax - from->used);
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (got == 0) return 0;
    from->used += (size_t)got;
    consume(from);
  }
}

/* Serves everybody until until_ns, or until `ready` (readable, or writable for `writing`) has something; 1 then. With
 * ready < 0: until somebody asks for the next event. */
static int serve(long long until_ns, int ready, short events) {
  for (;;) {
    long long now = now_ns(), wake = until_ns < deadline_ns ? until_ns : deadline_ns;
    answer_pushes(now);
    if (ready < 0 && next_fd >= 0 && until_ns == deadline_ns) return 1;
    if (now >= deadline_ns) {
      fprintf(stderr, "player: not done within %ld ms\n", wanted.timeout_ms);
      end_program(pid, SIGKILL);
      exit(1);
    }
    if (now >= until_ns) return 0;
    for (int i = 0; i < peer_count; i++)
      if (peers[i].answer_at_ns && peers[i].answer_at_ns < wake) wake = peers[i].answer_at_ns;
    struct pollfd watched[kPeersMax + 2] = {{.fd = listener, .events = POLLIN}, {.fd = ready, .events = events}};
    int watched_count = peer_count;
    for (int i = 0; i < watched_count; i++) watched[i + 2] = (struct pollfd){.fd = peers[i].fd, .events = POLLIN};
    struct timespec left = {.tv_sec = (wake - now) / 1000000000, .tv_nsec = (wake - now) % 1000000000};
    if (wake <= now) left = (struct timespec){0};
    if (ppoll(watched, (nfds_t)watched_count + 2, &left, NULL) < 0 && errno != EINTR) fail("poll");
    for (int i = watched_count; i-- > 0;) {
      if (watched[i + 2].revents == 0 || receive(&peers[i])) continue;
      if (peers[i].fd == next_fd) next_fd = -1;
      close(peers[i].fd);
      free(peers[i].body);
      peers[i] = peers[--peer_count];
    }
    if (watched[0].revents) {
      int fd = accept_connection(listener);
      if (peer_count == kPeersMax) fail("too many connections");
      peers[peer_count++] = (struct peer){.fd = fd};
    }
    if (ready >= 0 && watched[1].revents) return 1;
  }
}

static int telemetry_fd = -1;

static void connect_telemetry(void) {
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)telemetry_port)};
  int on = 1;
  telemetry_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(telemetry_fd, (struct sockaddr*)&address, sizeof address)) fail("connect to the telemetry listener");
  fcntl(telemetry_fd, F_SETFL, O_NONBLOCK);
  setsockopt(telemetry_fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static int is_whole_answer(const char* reply, size_t got) {
  const char* end = strstr(reply, "\r\n\r\n");
  if (!end) return 0;
  const char* header = strcasestr(reply, "\r\nContent-Length:");
  if (header) return got >= (size_t)(end + 4 - reply) + strtoul(header + 17, NULL, 10);
  return !strcasestr(reply, "\r\nTransfer-Encoding:") || strstr(end, "\r\n0\r\n\r\n");
}

/* Posts the body and waits for 200, serving everybody meanwhile. Returns when its last byte was written, in ns. */
static long long post(const char* body, size_t length) {
  char head[512], reply[4096];
  if (telemetry_fd < 0) connect_telemetry();
  int head_bytes = snprintf(head, sizeof head,
                            "POST %s HTTP/1.1\r\nHost: sandbox.localdomain:%d\r\nContent-Type: application/json\r\n"
                            "Content-Length: %zu\r\n\r\n",
                            telemetry_path, telemetry_port, length);
  send_text(telemetry_fd, head, (size_t)head_bytes);
  while (length > 0) {
    ssize_t sent = write(telemetry_fd, body, length);
    if (sent < 0 && errno != EAGAIN) fail("write to the telemetry listener");
    if (sent > 0) body += sent, length -= (size_t)sent;
    if (sent < 0) serve(deadline_ns - 1, telemetry_fd, POLLOUT);
  }
  long long written_ns = now_ns();
  size_t got = 0;
  do {
    serve(deadline_ns - 1, telemetry_fd, POLLIN);
    ssize_t more = read(telemetry_fd, reply + got, sizeof reply - 1 - got);
    if (more == 0) fail("the telemetry listener closed");
    if (more > 0) got += (size_t)more;
    reply[got] = 0;
  } while (!is_whole_answer(reply, got));
  if (!begins(reply, "HTTP/1.1 200")) {
    fprintf(stderr, "player: telemetry was answered: %s\n", reply);
    exit(1);
  }
  if (strcasestr(reply, "\r\nConnection: close")) {
    close(telemetry_fd);
    telemetry_fd = -1;
  }
  return written_ns;
}

static void post_records(const char* request_id) {
  size_t room = kPostBytesMax + 4096 + (size_t)wanted.bytes;
  char* body = malloc(room);
  char time[64];
  for (long left = wanted.records; left > 0;) {
    size_t used = 0;
    time_text(time, sizeof time);
    body[used++] = '[';
    for (int items = 0; items < kItemsPerPost && left > 0; items++, left--) {
      if (items > 0 && used + (size_t)wanted.bytes + 80 > kPostBytesMax) break;
      if (items > 0) body[used++] = ',';
      used += element(body + used, time, request_id, wanted.bytes, (int)wanted.json);
    }
    body[used++] = ']';
    post(body, used);
  }
  free(body);
}

static long long burns_ns[kInvocationsMax];
/* Returns how long the function worked, in ns by its own clock. */
static long long burn(void) {
  char text[64];
  int length = snprintf(text, sizeof text, "%ld\n", wanted.burn);
  if (write(function_in, text, (size_t)length) != length) fail("write to the function");
  serve(deadline_ns - 1, function_out, POLLIN);
  ssize_t got = read(function_out, text, sizeof text - 1);
  if (got <= 0) fail("the function has ended");
  text[got] = 0;
  return atoll(text);
}

/* Answers the waiting /next. */
static void give_event(const char* body) {
  int fd = next_fd;
  next_fd = -1;
  answer(fd, "200 OK", "Content-Type: application/json\r\nLambda-Extension-Event-Identifier: 1\r\n", body);
}

/* One invocation; the hold in ns. */
static long long invoke(long number) {
  char text[1024], time[64], request_id[64];
  struct timespec now;
  snprintf(request_id, sizeof request_id, "0b6f3c1e-5a55-4c0e-9d5b-%012ld", number);
  clock_gettime(CLOCK_REALTIME, &now);
  snprintf(text, sizeof text,
           "{\"eventType\":\"INVOKE\",\"deadlineMs\":%lld,\"requestId\":\"%s\",\"invokedFunctionArn\":"
           "\"arn:aws:lambda:eu-central-1:123456789012:function:measured\",\"tracing\":{\"type\":\"X-Amzn-Trace-Id\",\"value\":"
           "\"Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1\"}}",
           now.tv_sec * 1000LL + 60000, request_id);
  give_event(text);
  time_text(time, sizeof time);
  int length = snprintf(text, sizeof text,
                        "[{\"time\":\"%s\",\"type\":\"platform.start\",\"record\":{\"requestId\":\"%s\",\"version\":\"$LATEST\"}}]",
                        time, request_id);
  post(text, (size_t)length);
  if (function_program) burns_ns[number] = burn();
  post_records(request_id);
  time_text(time, sizeof time);
  length = snprintf(text, sizeof text,
                    "[{\"time\":\"%s\",\"type\":\"platform.runtimeDone\",\"record\":{\"requestId\":\"%s\",\"status\":\"success\","
                    "\"metrics\":{\"durationMs\":12.5,\"producedBytes\":2}}}]",
                    time, request_id);
  long long done_ns = post(text, (size_t)length);
  serve(deadline_ns, -1, 0);
  return next_at_ns - done_ns;
}

static int read_options(int count, char** arguments) {
  static const struct { const char* name; long* value; } known[] = {
      {"--invocations", &wanted.invocations}, {"--records", &wanted.records}, {"--bytes", &wanted.bytes},
      {"--gap-ms", &wanted.gap_ms}, {"--loki-delay-ms", &wanted.loki_delay_ms}, {"--rest-ms", &wanted.rest_ms},
      {"--timeout-ms", &wanted.timeout_ms}, {"--port", &wanted.port}, {"--realtime", &wanted.realtime}, {"--burn", &wanted.burn}};
  int at = 1;
  for (; at + 1 < count && strcmp(arguments[at], "--") != 0; at += 2) {
    size_t row = 0;
    while (row < sizeof known / sizeof *known && strcmp(arguments[at], known[row].name) != 0) row++;
    if (row < sizeof known / sizeof *known) *known[row].value = atol(arguments[at + 1]);
    else if (strcmp(arguments[at], "--save") == 0) saved = fopen(arguments[at + 1], "we");
    else if (strcmp(arguments[at], "--function") == 0) function_program = arguments[at + 1];
    else if (strcmp(arguments[at], "--form") == 0) wanted.json = strcmp(arguments[at + 1], "json") == 0;
    else return 0;
  }
  if (wanted.invocations < 0 || wanted.invocations > kInvocationsMax || wanted.bytes < 1 || wanted.bytes > kPostBytesMax) return 0;
  return at + 1 < count && strcmp(arguments[at], "--") == 0 ? at + 1 : 0;
}

int main(int count, char** arguments) {
  int command = read_options(count, arguments);
  if (!command) {
    fprintf(stderr, "usage: player [OPTION VALUE]... -- PROGRAM [ARGUMENT]...   (the options: at the top of player.c)\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  int realtime = wanted.realtime && become_realtime();
  char api[32];
  listener = listen_on(wanted.port, api, sizeof api);
  char** variables = environment(api);
  deadline_ns = now_ns() + wanted.timeout_ms * 1000000;
  long long start_ns = now_ns();
  pid = start_program(arguments + command, variables);
  serve(deadline_ns, -1, 0);
  double next_ms = (double)(next_at_ns - start_ns) / 1e6;

  static long long holds_ns[kInvocationsMax];
  if (function_program) start_function(function_program, variables);
  serve(now_ns() + 300000000, -1, 0); /* what it does once /next is out: connecting, reading the trust store */
  long idle_kb = resident_kb(pid);
  long long first_ns = now_ns();
  for (long i = 0; i < wanted.invocations; i++) {
    if (wanted.gap_ms && i > 0) serve(now_ns() + wanted.gap_ms * 1000000, -1, 0);
    holds_ns[i] = invoke(i);
  }
  long after_kb = resident_kb(pid);
  if (wanted.rest_ms) serve(now_ns() + wanted.rest_ms * 1000000, -1, 0);
  long rested_kb = resident_kb(pid);
  long peak_kb = process_kb(pid, "status", "VmHWM:");

  char shutdown[128];
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  snprintf(shutdown, sizeof shutdown, "{\"eventType\":\"SHUTDOWN\",\"shutdownReason\":\"spindown\",\"deadlineMs\":%lld}",
           now.tv_sec * 1000LL + 2000);
  give_event(shutdown);
  for (long long until = now_ns() + 30000000000; is_running(pid) && now_ns() < until;) serve(now_ns() + 1000000, -1, 0);
  struct rusage used;
  end_program(pid, SIGKILL);
  wait4(pid, NULL, 0, &used);

  if (saved && fclose(saved)) fail("--save");
  printf("{\"holds_us\":[");
  for (long i = 0; i < wanted.invocations; i++) printf("%s%.1f", i ? "," : "", (double)holds_ns[i] / 1000);
  printf("],\"burns_us\":[");
  for (long i = 0; function_program && i < wanted.invocations; i++) printf("%s%.1f", i ? "," : "", (double)burns_ns[i] / 1000);
  printf("],\"next_ms\":%.3f,\"cpu_us\":%lld,\"idle_kb\":%ld,\"after_kb\":%ld,\"rested_kb\":%ld,\"peak_kb\":%ld,\"settled_ms\":%.1f,"
         "\"pushes\":%lld,\"push_bytes\":%lld,\"realtime\":%d}\n",
         next_ms, (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000LL + used.ru_utime.tv_usec + used.ru_stime.tv_usec, idle_kb,
         after_kb, rested_kb, peak_kb, last_answer_ns ? (double)(last_answer_ns - first_ns) / 1e6 : 0.0, pushes, push_bytes, realtime);
  return 0;
}
