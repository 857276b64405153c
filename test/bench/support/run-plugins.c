// Calls CNI plugins as a runtime does and times each from its start to its end. In C, since Node.js forks, which takes a
// millisecond of its own for each; a container runtime starts programs as posix_spawn does.
//
//   run-plugins turn|once ROUNDS NAMESPACES    NAMESPACES: how many there are, /run/netns/n0 and on
//
// stdin: one plugin a line: name, program, configuration (JSON), further variable or nothing; separated by tabs.
// stdout: one measurement a line: name, verb, milliseconds; separated by tabs.
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PLUGINS_MAX = 8, CALLS_MAX = 512, OUT_MAX = 16384, TEXT_MAX = 4096 };
struct plugin { char name[64], program[256], config[TEXT_MAX], variable[256]; };
struct call { const struct plugin *plugin; char id[65], netns[64], out[OUT_MAX]; size_t length; int fd; pid_t pid; };
static struct plugin plugins[PLUGINS_MAX];
static struct call calls[CALLS_MAX];

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void die(const char *what, const struct call *call) {
  fprintf(stderr, "run-plugins: %s %s: %.*s\n", what, call ? call->plugin->name : "", call ? (int)call->length : 0,
    call ? call->out : "");
  exit(1);
}

static void prepare(struct call *call, const struct plugin *plugin, int netns) {
  unsigned char bytes[32];
  FILE *random = fopen("/dev/urandom", "re");
  if (!random || fread(bytes, 1, sizeof bytes, random) != sizeof bytes) die("no random bytes", NULL);
  fclose(random);
  for (size_t at = 0; at < sizeof bytes; at++) sprintf(call->id + 2 * at, "%02x", bytes[at]);
  snprintf(call->netns, sizeof call->netns, "/run/netns/n%d", netns);
  call->plugin = plugin, call->length = 0;
}

// The configuration, with the result of ADD for the verbs after it.
static size_t render(const struct call *call, char *into, size_t room) {
  const char *config = call->plugin->config;
  int body = (int)strlen(config) - 1; // without the closing brace
  if (call->length == 0) return (size_t)snprintf(into, room, "%s", config);
  return (size_t)snprintf(into, room, "%.*s,\"prevResult\":%.*s}", body, config, (int)call->length, call->out);
}

static void start(struct call *call, const char *verb) {
  char command[64], id[128], netns[128], text[TEXT_MAX + OUT_MAX + 64];
  snprintf(command, sizeof command, "CNI_COMMAND=%s", verb), snprintf(id, sizeof id, "CNI_CONTAINERID=%s", call->id);
  snprintf(netns, sizeof netns, "CNI_NETNS=%s", call->netns);
  char *variable = (char *)call->plugin->variable;
  char *env[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "CNI_IFNAME=eth0", "CNI_PATH=/usr/lib/cni:/opt/cni/bin", command, id,
    netns, *variable ? variable : NULL, NULL };
  char *argv[] = { (char *)call->plugin->program, NULL };
  int in[2], out[2];
  if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC)) die("no pipe", NULL);
  size_t length = render(call, text, sizeof text);
  if (write(in[1], text, length) != (ssize_t)length) die("no room for the configuration", NULL); // a pipe takes 64 KiB
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], 0), posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  if (posix_spawn(&call->pid, argv[0], &actions, NULL, argv, env)) die("cannot start", call);
  posix_spawn_file_actions_destroy(&actions);
  close(in[0]), close(in[1]), close(out[1]);
  call->fd = out[0];
  if (strcmp(verb, "ADD") == 0) call->length = 0;
}

// Takes what the program says; 1 at its end. Only ADD's answer is kept.
static int hear(struct call *call, const char *verb) {
  char scrap[OUT_MAX];
  int keep = strcmp(verb, "ADD") == 0;
  ssize_t n = keep ? read(call->fd, call->out + call->length, OUT_MAX - call->length) : read(call->fd, scrap, OUT_MAX);
  if (n > 0) call->length += keep ? (size_t)n : 0;
  return n <= 0;
}

static void finish(struct call *call, const char *verb) {
  int status;
  close(call->fd);
  if (waitpid(call->pid, &status, 0) != call->pid || status != 0) die(verb, call);
}

static void in_turn(const struct plugin *plugin, int netns) {
  static const char *const verbs[] = { "ADD", "CHECK", "DEL" };
  prepare(&calls[0], plugin, netns);
  for (int at = 0; at < 3; at++) {
    double begun = now_ms();
    start(&calls[0], verbs[at]);
    while (!hear(&calls[0], verbs[at])) continue;
    finish(&calls[0], verbs[at]);
    printf("%s\t%s\t%.3f\n", plugin->name, verbs[at], now_ms() - begun);
  }
}

static void at_once(const struct plugin *plugin, int count) {
  static const char *const verbs[] = { "ADD", "DEL" };
  struct pollfd waits[CALLS_MAX];
  for (int at = 0; at < count; at++) prepare(&calls[at], plugin, at);
  for (int v = 0; v < 2; v++) {
    double begun = now_ms();
    for (int at = 0; at < count; at++) start(&calls[at], verbs[v]), waits[at] = (struct pollfd){ calls[at].fd, POLLIN, 0 };
    for (int left = count; left > 0;) {
      if (poll(waits, (nfds_t)count, 120000) <= 0) die("silent", NULL);
      for (int at = 0; at < count; at++) {
        if (!waits[at].revents || !hear(&calls[at], verbs[v])) continue;
        finish(&calls[at], verbs[v]), waits[at].fd = -1, left--;
      }
    }
    printf("%s\t%s\t%.3f\n", plugin->name, verbs[v], now_ms() - begun);
  }
}

int main(int argc, char **argv) {
  char line[TEXT_MAX + 1024];
  int count = 0, rounds = argc == 4 ? atoi(argv[2]) : 0, namespaces = argc == 4 ? atoi(argv[3]) : 0;
  if (rounds < 1 || namespaces < 1 || namespaces > CALLS_MAX) die("usage: run-plugins turn|once ROUNDS NAMESPACES", NULL);
  for (; count < PLUGINS_MAX && fgets(line, sizeof line, stdin); count++) {
    struct plugin *plugin = &plugins[count];
    if (sscanf(line, "%63[^\t]\t%255[^\t]\t%4095[^\t\n]\t%255[^\n]", plugin->name, plugin->program, plugin->config,
        plugin->variable) < 3) die("not a plugin", NULL);
  }
  for (int round = 0; round < rounds; round++) {
    for (int at = 0; at < count; at++) {
      if (strcmp(argv[1], "turn") == 0) in_turn(&plugins[at], round % namespaces);
      else at_once(&plugins[at], namespaces);
    }
  }
  return 0;
}
