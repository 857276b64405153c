# shellcheck shell=sh
# Keeps packages from starting their services: Debian's maintainer scripts ask policy-rc.d, and 101 means "do not".
# The guard is there only while apt works. A run that was killed leaves it behind; the next run takes it away.

policy=/usr/sbin/policy-rc.d
policy_before=$policy.before-corral-setup
policy_mark='corral setup: packages are being installed, their services stay stopped'

guard_left_behind() {
  [ -e "$policy_before" ] || [ -L "$policy_before" ] || grep -qsF "$policy_mark" "$policy"
}

guarding=no

services_stay_stopped() {
  services_may_start
  guarding=yes
  if [ -e "$policy" ] || [ -L "$policy" ]; then mv -T "$policy" "$policy_before"; fi
  printf '#!/bin/sh\n# %s\nexit 101\n' "$policy_mark" >"$policy.corral-setup"
  chmod 755 "$policy.corral-setup"
  mv -T "$policy.corral-setup" "$policy"
}

# Puts back exactly what was there before: the same file, or none.
services_may_start() {
  if [ -e "$policy_before" ] || [ -L "$policy_before" ]; then
    mv -fT "$policy_before" "$policy"
  elif grep -qsF "$policy_mark" "$policy"; then
    rm -f "$policy"
  fi
  guarding=no
}

# For the end of the run, however it ends; the guard of another run is left to that run.
end_guard() { [ "$guarding" = no ] || services_may_start; }

# no_start_at_boot PACKAGE...: for engines that setup itself has installed. They are tools of the tests, which run
# their own; none of them should appear after the next boot.
no_start_at_boot() {
  command -v systemctl >/dev/null 2>&1 || return 0
  for package in "$@"; do
    dpkg-query -L "$package" 2>/dev/null | sed -nE 's,^(/usr)?/lib/systemd/system/([^/@]+\.(service|socket|timer))$,\2,p' |
      while read -r unit; do logged systemctl disable "$unit" || true; done
  done
}
