// The program that a container runtime starts. It hands the call to network-manager over <root>/run/corral/cni.sock (the
// protocol: daemons/network-manager/cni-host/protocol.ts) or, if nobody greets it there, becomes the standalone plugins,
// .corral/ beside itself. In C, since Node.js takes 30 ms to start. Buffers have fixed sizes, waits have deadlines.
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include "version.h" // VERSION_REPLY, made by scripts/build-cni from shared/versions.ts
enum { GREETING_MS = 300, BUSY_MS = 5000, REPLY_MS = 120000, STDIN_MAX = 1 << 20, ENV_MAX = 1 << 18, REPLY_MAX = 1 << 23 };
static const char greeting[] = "corral-cni 1\n", sock[] = "/run/corral/cni.sock", folder[] = "/opt/cni/bin";
static char config[STDIN_MAX + 1], vars[ENV_MAX], request[STDIN_MAX + ENV_MAX + 64], reply[REPLY_MAX + 1];
static char here[4096], program[256];
static size_t config_len, vars_len;

static long long now_ms(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static int put(int fd, const char *bytes, size_t length) {
  for (ssize_t n; length > 0; bytes += n > 0 ? n : 0, length -= n > 0 ? (size_t)n : 0) {
    n = write(fd, bytes, length);
    if (n < 0 && errno != EINTR) return 0;
  }
  return 1;
}

// Tells the runtime of an error as CNI wants it, and ends.
static void fail(int code, const char *message) {
  printf("{\"cniVersion\":\"1.1.0\",\"code\":%d,\"msg\":\"%s\"}\n", code, message), exit(1);
}

// Becomes the standalone plugins. `since`: when this call began, if the daemon may have done a part of it.
static void standalone(const char *since) {
  char node[4200], script[4200];
  int file = memfd_create("stdin", 0); // what was read from stdin, once more
  if (file < 0 || !put(file, config, config_len) || lseek(file, 0, SEEK_SET) < 0 || dup2(file, 0) < 0)
    fail(11, "INTERNAL: no memory file for the configuration");
  sprintf(node, "%s/.corral/node", here), sprintf(script, "%s/.corral/corral-cni.cjs", here);
  unsetenv("NODE_OPTIONS"), since ? setenv("CORRAL_CNI_SINCE", since, 1) : unsetenv("CORRAL_CNI_SINCE");
  execl(node, node, script, program, (char *)NULL);
  fail(11, "NOT_RUNNING: network-manager does not answer on cni.sock, and .corral/node beside the plugin cannot be started");
}

// Reads until `want` bytes, the end (returns what came), or the deadline (-1). `look` is shown what is there each time.
static ssize_t take(int fd, char *into, size_t have, size_t want, long long deadline, void (*look)(size_t)) {
  while (have < want) {
    long long left = deadline - now_ms(CLOCK_MONOTONIC);
    struct pollfd waiting = { .fd = fd, .events = POLLIN };
    if (left <= 0 || poll(&waiting, 1, (int)left) == 0) return -1;
    ssize_t n = recv(fd, into + have, want - have, MSG_DONTWAIT);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n <= 0) break;
    have += (size_t)n;
    if (look) look(have);
  }
  return (ssize_t)have;
}

// A daemon that runs is only busy, and one more process of ours would make it slower yet; one that is stopped is not there.
static int is_stopped(int fd) {
  struct ucred peer = { 0 };
  char path[64], state;
  getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &(socklen_t){ sizeof peer });
  snprintf(path, sizeof path, "/proc/%d/stat", peer.pid);
  FILE *stat = fopen(path, "re");
  return !stat || fscanf(stat, "%*d (%*[^)]) %c", &state) != 1 || strchr("TtZX", state) != NULL;
}

static int connected(const char *root) {
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  struct timeval patience = { .tv_usec = GREETING_MS * 1000 };
  char said[sizeof greeting] = "";
  if (strlen(root) + strlen(sock) >= sizeof address.sun_path) return -1;
  strcat(strcpy(address.sun_path, root), sock);
  long long deadline = now_ms(CLOCK_MONOTONIC) + GREETING_MS;
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience); // connect waits while the backlog is full
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) return -1;
  ssize_t n = take(fd, said, 0, sizeof greeting - 1, deadline, NULL);
  if (n < 0 && !is_stopped(fd)) n = take(fd, said, strlen(said), sizeof greeting - 1, deadline + BUSY_MS, NULL);
  if (n != sizeof greeting - 1 || strcmp(said, greeting) != 0) return -1; // the descriptor ends with the exec that follows
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &(struct timeval){ .tv_sec = REPLY_MS / 1000 }, sizeof patience);
  return fd;
}

static void gather(void) {
  for (char **entry = environ; *entry; entry++) {
    size_t length = strlen(*entry) + 1;
    if (strncmp(*entry, "CNI_", 4) != 0 && strncmp(*entry, "CORRAL_CNI_PROGRAM=", 19) != 0) continue;
    if (length > ENV_MAX - vars_len) fail(4, "CONFIG_INVALID: the CNI_ variables are longer than 256 KiB");
    memcpy(vars + vars_len, *entry, length), vars_len += length;
  }
  for (ssize_t n; (n = read(0, config + config_len, sizeof config - config_len)) != 0;) {
    if (n < 0 && errno != EINTR) break; // no stdin at all: as if it were empty
    config_len += n > 0 ? (size_t)n : 0;
    if (config_len > STDIN_MAX) fail(6, "CONFIG_INVALID: the configuration on stdin is longer than 1 MiB");
  }
}

// Prints a whole reply and ends with its code, without waiting for the daemon to hang up; comes back if it is none.
static void answer(size_t length) {
  unsigned code, out, err, head = reply[length] = 0;
  if (sscanf(reply, "reply %1u %7u %7u%n", &code, &out, &err, (int *)&head) != 3 || reply[head] != '\n') return;
  if (length - head - 1 != (size_t)out + err) return;
  put(1, reply + head + 1, out), put(2, reply + head + 1 + out, err), exit((int)code);
}

// Cuts a program's path down to what stands before /opt/cni/bin/; 0, and an empty path, if it is elsewhere.
static int root_of(char *path) {
  char *slash = strrchr(path, '/');
  size_t at = slash ? (size_t)(slash - path) : 0, length = strlen(folder);
  int found = at >= length && strncmp(slash - length, folder, length) == 0;
  path[found ? at - length : 0] = 0;
  return found;
}

int main(int argc, char **argv) {
  char exe[4096] = "", root[4096], since[32];
  const char *called = argc > 0 ? argv[0] : "", *slash = strrchr(called, '/'), *verb = getenv("CNI_COMMAND");
  if (verb && strcmp(verb, "VERSION") == 0) return fputs(VERSION_REPLY, stdout) < 0;
  signal(SIGPIPE, SIG_IGN); // a daemon that dies is an error of write; Node.js ignores the signal too
  snprintf(since, sizeof since, "%lld", now_ms(CLOCK_REALTIME));
  if (readlink("/proc/self/exe", exe, sizeof exe - 1) < 0) fail(5, "FILE_UNREADABLE: /proc/self/exe");
  snprintf(here, sizeof here, "%.*s", (int)(strrchr(exe, '/') - exe), exe);
  snprintf(program, sizeof program, "%s", slash ? slash + 1 : called), setenv("CORRAL_CNI_PROGRAM", program, 1);
  const char *told = getenv("CORRAL_ROOT");
  snprintf(root, sizeof root, "%s", told && *told ? told : exe);
  if (!(told && *told) && !root_of(root)) // the program may be a link in a root's own folder
    snprintf(root, sizeof root, "%s", called[0] == '/' ? called : ""), root_of(root);
  setenv("CORRAL_ROOT", root, 1);
  gather(); // before the daemon is asked, which shall not wait for a slow runtime
  int fd = connected(root);
  if (fd < 0) standalone(NULL);
  size_t size = (size_t)sprintf(request, "request %d %zu %zu\n", getpid(), vars_len, config_len);
  memcpy(request + size, vars, vars_len), memcpy(request + size + vars_len, config, config_len);
  put(fd, request, size + vars_len + config_len); // at once: for each part the daemon would be woken
  ssize_t length = take(fd, reply, 0, REPLY_MAX, now_ms(CLOCK_MONOTONIC) + REPLY_MS, answer);
  if (length < 0) fail(11, "DEADLINE: network-manager took the call and did not answer in 120 s");
  standalone(since);
}
