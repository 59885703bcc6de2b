// The floor in C: the same job and nothing else. Reads N ports, cuts Nonin frames, decodes packets, sends a protobuf every
// 100 ms by QoS 1 over MQTT 5 and mutual TLS 1.3, writes nothing to disk.
//
//   floor tick|chunk PORT CA CERT KEY CN LINE...      tick: all ports every 20 ms. chunk: wakes for every chunk, sends every packet.
#define _GNU_SOURCE
#include <fcntl.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { FRAME = 5, FRAMES = 25, LINES_MAX = 256, BUFFER = 4096, TICK_MS = 20, PACE_TICKS = 5 };
struct line { int fd, held, frames; unsigned char bytes[BUFFER], packet[FRAMES][FRAME]; uint64_t n; };
static struct line lines[LINES_MAX];
static unsigned char batch[65536];
static size_t filled;

static int64_t now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static size_t varint(unsigned char *to, uint64_t value) {
  size_t at = 0;
  for (; value > 127; value >>= 7) to[at++] = value | 128;
  to[at++] = value;
  return at;
}
static uint64_t zigzag(int64_t value) { return ((uint64_t)value << 1) ^ (uint64_t)(value >> 63); }
static size_t number(unsigned char *to, int field, uint64_t value) {
  to[0] = field << 3;
  return 1 + varint(to + 1, value);
}
static size_t content(unsigned char *to, int field, const void *bytes, size_t size) {
  to[0] = field << 3 | 2;
  size_t at = 1 + varint(to + 1, size);
  memcpy(to + at, bytes, size);
  return at + size;
}

static size_t observation(unsigned char *to, int metric, int value, int none) {
  unsigned char decimal[8], body[16];
  size_t size = number(body, 1, metric);
  if (value == none) size += number(body + size, 6, 2);
  else size += content(body + size, 2, decimal, number(decimal, 1, zigzag(value)));
  return content(to, 1, body, size);
}

// A Record of the wire: epoch, n, at_us, device_time, and the body as field 5 (report) or 6 (wave).
static void record(int index, uint64_t n, int64_t at, int timer, int field, const unsigned char *body, size_t size) {
  unsigned char bytes[512];
  char text[8];
  size_t end = number(bytes, 1, index + 1);
  end += number(bytes + end, 2, n);
  end += number(bytes + end, 3, zigzag(at));
  end += content(bytes + end, 4, text, sprintf(text, "%d", timer));
  end += content(bytes + end, field, body, size);
  if (filled + end + 4 <= sizeof batch) filled += content(batch + filled, 4, bytes, end);
}

static void packet(int index) {
  struct line *line = &lines[index];
#define BYTE(n) (line->packet[(n)-1][3] & 0x7f)
  int timer = BYTE(6) << 7 | BYTE(7), rate = (BYTE(20) << 7 | BYTE(21)) & 0x1ff;
  unsigned char body[256], steps[2 * FRAMES];
  size_t size = observation(body, 1, BYTE(9), 127);
  size += observation(body + size, 2, rate, 511);
  int64_t at = now_us();
  record(index, line->n, at, timer, 5, body, size);
  size_t made = 0;
  for (int i = 0, before = 0; i < FRAMES; before = line->packet[i++][2]) made += varint(steps + made, zigzag(line->packet[i][2] - before));
  size = number(body, 1, 3);
  size += number(body + size, 2, line->n * FRAMES);
  size += content(body + size, 3, steps, made);
  record(index, line->n++, at, timer, 6, body, size);
}

// Returns the packets that ended.
static int take(int index) {
  struct line *line = &lines[index];
  ssize_t got = read(line->fd, line->bytes + line->held, BUFFER - line->held);
  if (got <= 0) return 0;
  line->held += got;
  int at = 0, ended = 0;
  while (line->held - at >= FRAME) {
    unsigned char *f = line->bytes + at;
    if (f[0] != 1 || f[4] != ((f[0] + f[1] + f[2] + f[3]) & 0xff)) { at++; continue; }
    if (f[1] & 1) line->frames = 0;
    if (line->frames < FRAMES) memcpy(line->packet[line->frames], f, FRAME);
    if (++line->frames == FRAMES && (line->packet[0][1] & 1)) { packet(index); ended++; }
    at += FRAME;
  }
  memmove(line->bytes, line->bytes + at, line->held -= at);
  return ended;
}

static int open_line(const char *path) {
  int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK);
  struct termios raw;
  if (fd < 0 || tcgetattr(fd, &raw) != 0) { perror(path); exit(1); }
  cfmakeraw(&raw);
  raw.c_cc[VMIN] = raw.c_cc[VTIME] = 0;
  cfsetspeed(&raw, B9600);
  tcsetattr(fd, TCSANOW, &raw);
  tcflush(fd, TCIFLUSH);
  return fd;
}

static void must(int code, const char *what) {
  if (code == MOSQ_ERR_SUCCESS) return;
  fprintf(stderr, "%s: %s\n", what, mosquitto_strerror(code));
  exit(1);
}

static struct mosquitto *connect_broker(char **words) {
  mosquitto_lib_init();
  struct mosquitto *client = mosquitto_new(words[6], true, NULL);
  must(mosquitto_int_option(client, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5), "MQTT 5");
  must(mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1), "no delay");
  must(mosquitto_tls_set(client, words[3], NULL, words[4], words[5], NULL), "certificates");
  must(mosquitto_tls_opts_set(client, 1, "tlsv1.3", NULL), "TLS 1.3");
  must(mosquitto_connect(client, "localhost", atoi(words[2]), 60), "connect");
  return client;
}

static void serve(struct mosquitto *client) {
  if (mosquitto_loop_read(client, 16) != MOSQ_ERR_SUCCESS) exit(1);
  if (mosquitto_want_write(client)) mosquitto_loop_write(client, 16);
}

int main(int count, char **words) {
  if (count < 8) return 2;
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  int wakes = strcmp(words[1], "chunk") == 0, many = count - 7;
  for (int i = 0; i < many; i++) lines[i].fd = open_line(words[7 + i]);
  struct mosquitto *client = connect_broker(words);
  char topic[128];
  snprintf(topic, sizeof topic, "bedside/v1/%s/up/reports", words[6]);
  struct pollfd waiting[LINES_MAX + 1];
  for (int i = 0; i < many; i++) waiting[i] = (struct pollfd){ lines[i].fd, POLLIN, 0 };
  waiting[many] = (struct pollfd){ mosquitto_socket(client), POLLIN, 0 };
  struct timespec next;
  clock_gettime(CLOCK_MONOTONIC, &next);
  for (unsigned turn = 1;; turn++) {
    if (wakes) poll(waiting, many + 1, 1000);
    else {
      next.tv_nsec += TICK_MS * 1000000L;
      if (next.tv_nsec >= 1000000000L) { next.tv_nsec -= 1000000000L; next.tv_sec++; }
      clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
    }
    for (int i = 0; i < many; i++) if (!wakes || waiting[i].revents & POLLIN) take(i);
    if (filled > 0 && (wakes || turn % PACE_TICKS == 0)) {
      must(mosquitto_publish(client, NULL, topic, filled, batch, 1, false), "publish");
      filled = 0;
    }
    if (!wakes || waiting[many].revents || mosquitto_want_write(client)) serve(client);
    if (turn % 500 == 0) mosquitto_loop_misc(client);
  }
}
