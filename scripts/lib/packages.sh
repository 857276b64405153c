# shellcheck shell=sh
# Debian packages: only what is missing is installed, and only then is the network asked.
# A word is PACKAGE or PACKAGE:COMMAND; with the command on the machine (from another source) the package is not wanted.

packages_runtime='ca-certificates iptables iproute2 conntrack'
# A checkout compiles the small program that container runtimes start.
packages_checkout='gcc:cc libc6-dev'
# Several hosts on one machine (corral lab).
packages_lab='etcd-server:etcd iputils-ping:ping'
# Networks of driver ipsec: charon as a plain process, with raw public keys, AEAD, and ESP in user space.
packages_ipsec='charon-systemd:charon-systemd libcharon-extra-plugins libstrongswan-standard-plugins'
# Engines and reference plugins, then the tests' tools (chromium looks at the supervisor's page), then what `cap` is compiled with,
# then the virtual machine.
packages_dev='docker.io:dockerd docker-compose podman:podman runc:runc containernetworking-plugins busybox-static
  bind9-dnsutils curl etcd-client:etcdctl iperf3 iputils-arping netcat-openbsd nftables tcpdump nginx-light:nginx wrk
  dnsperf procps:sysctl wget systemd:systemctl musl-tools chromium g++ libpcap-dev make python3
  qemu-system-x86:qemu-system-x86_64 kmod:modprobe'

# missing_packages WORD...: prints the packages to install, one a line.
missing_packages() {
  local word names installed
  names=
  for word in "$@"; do names="$names ${word%%:*}"; done
  # shellcheck disable=SC2086
  installed=" $(dpkg-query -W -f '${Package}/${db:Status-Status} ' $names 2>/dev/null || true)"
  for word in "$@"; do
    case $installed in *" ${word%%:*}/installed "*) continue ;; esac
    case $word in *:*) command -v "${word#*:}" >/dev/null 2>&1 && continue ;; esac
    printf '%s\n' "${word%%:*}"
  done
}

# wanted_packages MODE: dev, or runtime with +lab and +ipsec
wanted_packages() {
  echo "$packages_runtime"
  case $1 in host*) ;; *) echo "$packages_checkout" ;; esac
  case $1 in dev | *+lab*) echo "$packages_lab" ;; esac
  case $1 in dev | *+ipsec*) echo "$packages_ipsec" ;; esac
  case $1 in dev) echo "$packages_dev" ;; esac
}

packages_ready() {
  command -v dpkg-query >/dev/null 2>&1 || return 1
  # shellcheck disable=SC2046
  [ -z "$(missing_packages $(wanted_packages "$1"))" ]
}

ensure_packages() {
  local missing
  command -v apt-get >/dev/null 2>&1 || fail 'this machine has no apt-get' 'Corral is set up on Debian 12; use such a machine.'
  # shellcheck disable=SC2046
  missing=$(missing_packages $(wanted_packages "$1") | tr '\n' ' ')
  if [ -n "$missing" ]; then
    install_packages "$missing"
  elif guard_left_behind; then
    wait_for_lock /run/lock/corral-setup-apt.lock 8
    services_may_start
  else
    detail 'all there'
  fi
}

# install_packages "NAME NAME": under a lock of the whole machine, since another clone of Corral may be at it.
install_packages() {
  local before added
  mkdir -p /run/lock
  wait_for_lock /run/lock/corral-setup-apt.lock 8
  # shellcheck disable=SC2086
  detail installing $1
  services_stay_stopped
  before=$(installed_packages)
  logged apt_get update || detail 'a package list could not be refreshed; going on with the lists that are here'
  repair_dpkg
  # shellcheck disable=SC2086
  refuse_removals $1
  # shellcheck disable=SC2086
  logged apt_get install --no-install-recommends $1 ||
    fail "apt-get could not install: $1" 'Check that the Debian mirrors in /etc/apt can be reached, then try again.'
  # shellcheck disable=SC2086
  [ -z "$(missing_packages $1)" ] || fail "apt-get did not install: $(missing_packages $1 | tr '\n' ' ')" 'Look at them with: dpkg --audit'
  added=$(installed_packages | while read -r name; do
    case "
$before
" in *"
$name
"*) ;; *) echo "$name" ;; esac
  done)
  for name in $added; do
    case $name in docker.io | containerd | podman | nginx-common | etcd-server | iperf3 | charon-systemd) no_start_at_boot "$name" ;; esac
  done
  services_may_start
  exec 8>&-
}

installed_packages() { dpkg-query -W -f '${Package} ${db:Status-Status}\n' | sed -n 's/ installed$//p'; }

# An apt that was killed leaves packages half unpacked, which apt then skips in silence unless told to install them
# again, or unpacked, and it refuses to work until those are configured.
repair_dpkg() {
  local broken
  [ -n "$(dpkg --audit 2>/dev/null)" ] || return 0
  detail 'finishing an interrupted installation'
  logged env DEBIAN_FRONTEND=noninteractive dpkg --configure -a --force-confdef --force-confold || true
  broken=$(dpkg-query -W -f '${Package} ${db:Status-Eflag}\n' | sed -n 's/ reinstreq$//p')
  # shellcheck disable=SC2086
  [ -z "$broken" ] || logged apt_get install --reinstall --no-install-recommends $broken || true
}

# refuse_removals NAME...: nothing of the machine's owner is removed to make room (a Docker Engine of another
# publisher, for example). busybox makes way for busybox-static, the same program.
refuse_removals() {
  local removed
  removed=$(apt_get --simulate install --no-install-recommends "$@" 2>>"$log" | sed -nE 's/^Remv ([^ ]+).*/\1/p' | tr '\n' ' ')
  case $removed in
    '' | 'busybox ') ;;
    *) fail "installing $* would remove: $removed" 'Setup removes nothing; settle this by hand with apt-get, then try again.' ;;
  esac
}

apt_get() {
  DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 APT_LISTCHANGES_FRONTEND=none apt-get -q -y \
    -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
    -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@"
}
