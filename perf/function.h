/* The player's function: a process of its own, told over a pipe what to do (perf/burner.c). */
#ifndef SLEIPNIR_PERF_FUNCTION_H_
#define SLEIPNIR_PERF_FUNCTION_H_

#include <fcntl.h>

#include "harness.h"

static int function_in = -1, function_out = -1;
static pid_t function_pid;

static void end_function_at_exit(void) {
  if (function_pid) kill(-function_pid, SIGKILL);
}

/* In a group of processes of its own, ended with us. */
static void start_function(const char* program, char** variables) {
  int to[2], from[2];
  char* command[] = {(char*)program, NULL};
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC)) fail("pipe");
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, to[0], 0);
  posix_spawn_file_actions_adddup2(&actions, from[1], 1);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  errno = posix_spawn(&function_pid, program, &actions, &attributes, command, variables);
  if (errno) fail(program);
  atexit(end_function_at_exit);
  close(to[0]);
  close(from[1]);
  function_in = to[1];
  function_out = from[0];
}

#endif
