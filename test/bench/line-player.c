// Serial lines for the benchmark, in a process of their own: makes a pty for each device, opens it as a serial line is, and
// writes frames made beforehand by the emulator, each at its own time. What it writes down is when each packet's last byte left.
//
//   line-player SCHEDULE LEDGER LINK...
//
// SCHEDULE: records of 12 bytes in order of time: uint32 microseconds since "go", uint16 device, uint8 1 where a packet ends,
// five bytes of the frame. LEDGER: for each packet's end an uint64, its CLOCK_MONOTONIC in ns, 0 where a byte of it was refused.
// Prints "ready", waits for a line on stdin, prints "done" and the worst lateness when the schedule or a SIGTERM ends it.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { FRAME = 5, RECORD = 12, DEVICES_MAX = 256 };
static volatile sig_atomic_t told_to_end;
static void on_term(int signal) { (void)signal; told_to_end = 1; }

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int make_line(const char *link) {
  int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
  if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) fail("pty");
  // Kept open, so that its settings survive a reader's end and writing to it never gives EIO.
  int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
  struct termios line;
  if (slave < 0 || tcgetattr(slave, &line) != 0) fail("pty slave");
  cfmakeraw(&line);
  tcsetattr(slave, TCSANOW, &line);
  unlink(link);
  if (symlink(ptsname(master), link) != 0) fail(link);
  return master;
}

static unsigned char *read_whole(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  struct stat found;
  if (file == NULL || fstat(fileno(file), &found) != 0) fail(path);
  *size = found.st_size;
  unsigned char *bytes = malloc(*size);
  if (fread(bytes, 1, *size, file) != *size) fail(path);
  fclose(file);
  return bytes;
}

int main(int count, char **words) {
  if (count < 4 || count - 3 > DEVICES_MAX) return 2;
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  struct sigaction action = { .sa_handler = on_term };
  sigaction(SIGTERM, &action, NULL);
  size_t size;
  unsigned char *schedule = read_whole(words[1], &size);
  int devices = count - 3, lines[DEVICES_MAX], refused[DEVICES_MAX] = { 0 };
  for (int i = 0; i < devices; i++) lines[i] = make_line(words[3 + i]);
  uint64_t *ledger = calloc(size / RECORD + 1, sizeof *ledger);
  size_t packets = 0;
  int64_t worst = 0;
  puts("ready");
  fflush(stdout);
  if (getchar() == EOF) told_to_end = 1;
  int64_t start = now_ns();
  for (unsigned char *at = schedule; at + RECORD <= schedule + size && !told_to_end; at += RECORD) {
    uint32_t us = at[0] | at[1] << 8 | at[2] << 16 | (uint32_t)at[3] << 24;
    int device = at[4] | at[5] << 8;
    int64_t due = start + us * 1000LL;
    struct timespec when = { due / 1000000000LL, due % 1000000000LL };
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL) == EINTR && !told_to_end) continue;
    if (told_to_end) break;
    if (write(lines[device], at + 7, FRAME) != FRAME) refused[device] = 1;
    int64_t left = now_ns();
    if (left - due > worst) worst = left - due;
    if (at[6]) {
      ledger[packets++] = refused[device] ? 0 : (uint64_t)left;
      refused[device] = 0;
    }
  }
  FILE *file = fopen(words[2], "wb");
  if (file == NULL || fwrite(ledger, sizeof *ledger, packets, file) != packets || fclose(file) != 0) fail(words[2]);
  printf("done %lld\n", (long long)worst);
  fflush(stdout);
  // The lines stay until they are no longer wanted: a reader must not see them hang up.
  while (!told_to_end) pause();
  for (int i = 0; i < devices; i++) unlink(words[3 + i]);
  return 0;
}
