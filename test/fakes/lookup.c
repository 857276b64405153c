/* Looks names up as programs do: lookup FAMILY:NAME... with i (either), 4 or 6. One line each: what was asked for, the
 * milliseconds that it took, and the addresses or why there are none. Compiled against more than one C library. */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec * 1e3 + at.tv_nsec / 1e6;
}

static const char *why(int code) {
  if (code == EAI_AGAIN) return "again";
  if (code == EAI_FAIL) return "fail";
  if (code == EAI_NONAME) return "none";
#ifdef EAI_NODATA
  if (code == EAI_NODATA) return "none";
#endif
  return code == -5 ? "none" : "error"; /* EAI_NODATA, where the header hides it */
}

static void look_up(const char *asked) {
  struct addrinfo hints, *found = NULL;
  char text[INET6_ADDRSTRLEN];
  double begun = now();
  int code;
  memset(&hints, 0, sizeof hints);
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_family = *asked == '4' ? AF_INET : *asked == '6' ? AF_INET6 : AF_UNSPEC;
  code = getaddrinfo(asked + 2, NULL, &hints, &found);
  printf("%s %d", asked, (int)(now() - begun));
  if (code != 0) printf(" %s", why(code));
  for (struct addrinfo *one = code == 0 ? found : NULL; one; one = one->ai_next) {
    const void *address = one->ai_family == AF_INET ? (void *)&((struct sockaddr_in *)one->ai_addr)->sin_addr
                                                    : (void *)&((struct sockaddr_in6 *)one->ai_addr)->sin6_addr;
    printf(" %s", inet_ntop(one->ai_family, address, text, sizeof text));
  }
  printf("\n");
  if (code == 0) freeaddrinfo(found);
}

int main(int count, char **arguments) {
  for (int at = 1; at < count; at++) look_up(arguments[at]);
  return 0;
}
