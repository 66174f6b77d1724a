/* The telemetry that the player posts: times, and elements whose records look like log lines. */
#ifndef SLEIPNIR_PERF_RECORDS_H_
#define SLEIPNIR_PERF_RECORDS_H_

#include <stdio.h>
#include <string.h>
#include <time.h>

static void time_text(char* text, size_t size) {
  struct timespec now;
  struct tm parts;
  char whole[32];
  clock_gettime(CLOCK_REALTIME, &now);
  gmtime_r(&now.tv_sec, &parts);
  strftime(whole, sizeof whole, "%Y-%m-%dT%H:%M:%S", &parts);
  snprintf(text, size, "%s.%03ldZ", whole, now.tv_nsec / 1000000);
}

/* Words that compress as log lines do: neither all alike nor random. */
static size_t filler(char* out, size_t length) {
  static const char* words[] = {"cart",  "loaded", "customer", "price", "list",  "voucher",  "order",   "payment",
                                "items", "total",  "retry",    "queue", "stock", "delivery", "address", "checked"};
  static unsigned state = 12345;
  size_t used = 0;
  while (used < length) {
    char word[32];
    state = state * 1664525u + 1013904223u;
    int length_of_word = state >> 30 ? snprintf(word, sizeof word, " %s", words[state >> 20 & 15])
                                     : snprintf(word, sizeof word, " %u", state >> 12 & 0xffff);
    for (int i = 0; i < length_of_word && used < length; i++) out[used++] = word[i];
  }
  return used;
}

/* One element with a record of `bytes`, as JSON or as Python's text; returns its length. */
static size_t element(char* out, const char* time, const char* request_id, long bytes, int json) {
  char* at = out;
  at += sprintf(at, "{\"time\":\"%s\",\"type\":\"function\",\"record\":", time);
  char* begin = at;
  if (json)
    at += sprintf(at, "{\"timestamp\":\"%s\",\"level\":\"INFO\",\"requestId\":\"%s\",\"message\":\"", time, request_id);
  else
    at += sprintf(at, "\"[INFO]\\t%s\\t%s\\t", time, request_id);
  const char* tail = json ? "\"}" : "\\n\"";
  long left = bytes - (at - begin) - (long)strlen(tail);
  if (left > 0) at += filler(at, (size_t)left);
  at += sprintf(at, "%s}", tail);
  return (size_t)(at - out);
}

#endif
