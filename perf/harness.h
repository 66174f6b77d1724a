/* What the starter and the player share: starting a program with its own process group, reading its memory, and
 * requests off a socket. Included by one C file each; everything here is static. */
#ifndef SLEIPNIR_PERF_HARNESS_H_
#define SLEIPNIR_PERF_HARNESS_H_

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char** environ;

static long long now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static pid_t program_pid; /* the group that must not outlive us; 0 before it is started and once it is gone */

static void end_group_at_exit(void) {
  if (program_pid) kill(-program_pid, SIGKILL);
}

static void fail(const char* what) {
  fprintf(stderr, "perf: %s: %s\n", what, strerror(errno));
  exit(1);
}

static int begins(const char* text, const char* with) {
  return strncmp(text, with, strlen(with)) == 0;
}

static int accept_connection(int listener) {
  int on = 1;
  int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) fail("accept");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

static int is_running(pid_t pid) {
  siginfo_t info = {0};
  return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
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

/* status counts resident pages lazily, up to 256 kB behind on two CPUs; smaps_rollup walks them. */
static long resident_kb(pid_t pid) {
  long kb = process_kb(pid, "smaps_rollup", "Rss:");
  return kb ? kb : process_kb(pid, "status", "VmRSS:");
}

/* On loopback; port 0: any that is free. */
static int listen_on(long port, char* address_text, size_t size) {
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
  socklen_t length = sizeof address;
  int on = 1;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
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

/* Where it is allowed, real-time, which the program inherits: a kernel that lets others finish their slice first would
 * add its 3 ms to half of all starts on a busy machine. */
static int become_realtime(void) {
  struct sched_param priority = {.sched_priority = 1};
  return sched_setscheduler(0, SCHED_RR, &priority) == 0;
}

/* The program gets SIGPIPE as it would elsewhere, and a process group of its own: a tracer in front of it would die of
 * the signal alone and leave it running. */
static pid_t start_program(char** command, char** variables) {
  posix_spawnattr_t attributes;
  sigset_t pipe_signal;
  pid_t pid;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigdefault(&attributes, &pipe_signal);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  errno = posix_spawn(&pid, command[0], NULL, &attributes, command, variables);
  if (errno) fail(command[0]);
  program_pid = pid;
  atexit(end_group_at_exit);
  return pid;
}

/* Ends what is left of the program's group; pid is not waited for. After 5 s by SIGKILL. */
static void end_program(pid_t pid, int end_signal) {
  long long kill_at_ns = now_ns() + 5000000000;
  kill(-pid, end_signal);
  while (is_running(pid)) {
    if (now_ns() > kill_at_ns) kill(-pid, SIGKILL);
    usleep(end_signal == SIGKILL ? 100 : 10000);
  }
  kill(-pid, SIGKILL); /* what a tracer may have left of the group, while the id is still ours */
  program_pid = 0;
}

#endif
