/* noop: the least that any Lambda extension with telemetry must do, as a yardstick.
 *
 * Listens, then makes the three exchanges (register, subscribe, first /next) over one
 * keep-alive connection, and waits for the answer to /next. No configuration, no threads,
 * no heap, no error handling beyond leaving. What Sleipnir needs on top of this is its own cost.
 *
 * Environment: AWS_LAMBDA_RUNTIME_API (IPv4 address:port), LOKI_LISTENER_PORT.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

static void require(int condition, const char* what) {
  if (condition) return;
  perror(what);
  _exit(1);
}

static struct sockaddr_in address_of(const char* host, const char* port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
  require(inet_pton(AF_INET, host, &address.sin_addr) == 1, "address");
  return address;
}

static int listen_on(const char* port) {
  struct sockaddr_in address = address_of("0.0.0.0", port);
  int on = 1;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  require(bind(fd, (struct sockaddr*)&address, sizeof address) == 0, "bind");
  require(listen(fd, 16) == 0, "listen");
  return fd;
}

/* Sends one request and reads until its answer's body is complete. The answer stays in `answer`. */
static void exchange(int fd, const char* request, int length, char* answer, size_t size) {
  require(write(fd, request, (size_t)length) == length, "write");
  size_t used = 0;
  for (;;) {
    ssize_t got = read(fd, answer + used, size - 1 - used);
    require(got > 0, "read");
    used += (size_t)got;
    answer[used] = 0;
    const char* end = strstr(answer, "\r\n\r\n");
    if (!end) continue;
    const char* body_length = strcasestr(answer, "\r\nContent-Length:");
    size_t head = (size_t)(end + 4 - answer);
    if (used >= head + (body_length ? strtoul(body_length + 17, NULL, 10) : 0)) return;
  }
}

int main(void) {
  const char* api = getenv("AWS_LAMBDA_RUNTIME_API");
  const char* listener_port = getenv("LOKI_LISTENER_PORT");
  char host[64] = "";
  const char* colon = api ? strchr(api, ':') : NULL;
  require(colon && listener_port && (size_t)(colon - api) < sizeof host, "environment");
  memcpy(host, api, (size_t)(colon - api));

  listen_on(listener_port);
  struct sockaddr_in address = address_of(host, colon + 1);
  int on = 1;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  require(connect(fd, (struct sockaddr*)&address, sizeof address) == 0, "connect");

  static char request[1024];
  static char answer[4096];
  static const char events[] = "{\"events\":[\"INVOKE\",\"SHUTDOWN\"]}";
  int length = snprintf(request, sizeof request,
                        "POST /2020-01-01/extension/register HTTP/1.1\r\nHost: %s\r\n"
                        "Lambda-Extension-Name: noop\r\nContent-Type: application/json\r\n"
                        "Content-Length: %zu\r\n\r\n%s",
                        api, sizeof events - 1, events);
  exchange(fd, request, length, answer, sizeof answer);

  static const char header[] = "\r\nLambda-Extension-Identifier:";
  char id[64] = "";
  const char* found = strcasestr(answer, header);
  require(found != NULL && sscanf(found + sizeof header - 1, " %63[^\r]", id) == 1, "identifier");

  char body[512];
  int body_length = snprintf(body, sizeof body,
                             "{\"schemaVersion\":\"2022-12-13\",\"types\":[\"platform\",\"function\"],"
                             "\"buffering\":{\"maxItems\":1000,\"maxBytes\":262144,\"timeoutMs\":25},"
                             "\"destination\":{\"protocol\":\"HTTP\",\"URI\":\"http://sandbox.localdomain:%s\"}}",
                             listener_port);
  length = snprintf(request, sizeof request,
                    "PUT /2022-07-01/telemetry HTTP/1.1\r\nHost: %s\r\n"
                    "Lambda-Extension-Identifier: %s\r\nContent-Type: application/json\r\n"
                    "Content-Length: %d\r\n\r\n%s",
                    api, id, body_length, body);
  exchange(fd, request, length, answer, sizeof answer);

  length = snprintf(request, sizeof request,
                    "GET /2020-01-01/extension/event/next HTTP/1.1\r\nHost: %s\r\n"
                    "Lambda-Extension-Identifier: %s\r\n\r\n",
                    api, id);
  exchange(fd, request, length, answer, sizeof answer);
  return 0;
}
