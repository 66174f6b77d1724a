/* burner: a function that does nothing but compute. For each number read from standard input: that many units of work, then the
 * nanoseconds they took on standard output. A unit is about a microsecond on a whole core. */
#include <stdio.h>
#include <time.h>

int main(void) {
  long units;
  volatile unsigned state = 1;
  while (scanf("%ld", &units) == 1) {
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (long i = 0; i < units * 1000; i++) state = state * 1664525u + 1013904223u;
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%lld\n", (end.tv_sec - begin.tv_sec) * 1000000000LL + end.tv_nsec - begin.tv_nsec);
    fflush(stdout);
  }
  return 0;
}
