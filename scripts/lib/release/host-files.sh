# shellcheck shell=sh
# What a release has outside of its own directory: the command, a first configuration, units, plugins that are in use.
# Each is written only where it differs, and replaced whole.

config=/etc/corral/corral.yaml
command_link=/usr/local/bin/corral
units=/etc/systemd/system
link_files=/etc/systemd/network
manager_files=/etc/NetworkManager/conf.d
cni=/opt/cni/bin

systemd_runs() { [ -d /run/systemd/system ] && command -v systemctl >/dev/null 2>&1; }

# place MODE FILE: standard input becomes the file. True if it was another before.
place() {
  local draft=$2.corral-new
  mkdir -p "${2%/*}"
  cat >"$draft"
  if cmp -s "$draft" "$2"; then rm -f "$draft"; return 1; fi
  chmod "$1" "$draft"
  mv -fT "$draft" "$2"
}

place_host_files() {
  if [ -e "$command_link" ] && [ ! -L "$command_link" ]; then
    fail "$command_link is somebody else's" 'Move it away, then try again.'
  fi
  [ "$(readlink "$command_link")" = "$prefix/current/bin/corral" ] || point "$command_link" "$prefix/current/bin/corral"
  if [ ! -e "$config" ]; then
    place 644 "$config" <"$prefix/current/lib/corral.yaml"
    detail "$config: every key is optional"
  fi
  place_units
  refresh_plugins
}

# Templates are written for /opt/corral.
from_release() { sed "s,/opt/corral/,$prefix/,g" "$prefix/current/systemd/$1"; }

place_units() {
  local unit changed=no
  if [ -d /etc/NetworkManager ]; then from_release networkmanager.conf | place 644 "$manager_files/90-corral.conf" || true; fi
  command -v systemctl >/dev/null 2>&1 || return 0
  for unit in $(unit_files); do
    if from_release "$unit" | place 644 "$units/$unit"; then changed=yes; fi
  done
  from_release 10-corral.link | place 644 "$link_files/10-corral.link" || true
  if systemd_runs; then
    [ "$changed" = no ] || logged systemctl daemon-reload
  elif [ "$start" = yes ]; then
    logged systemctl enable corral.service || true # an image that is built: it starts at the first boot
  fi
}

# Names below systemd/ of the release: units, and what adds to them.
unit_files() { (cd "$prefix/current/systemd" && find . -type f \( -name '*.service' -o -name '*.target' -o -path '*.d/*.conf' \) | sed 's,^\./,,' | sort); }

# Plugins that `corral cni install` has put there are those of the version in use; the link beside them leads to it.
refresh_plugins() {
  local name
  case $(readlink "$cni/.corral" 2>/dev/null) in "$prefix"/*) ;; *) return 0 ;; esac
  [ "$(readlink "$cni/.corral")" = "$prefix/current/cni/.corral" ] || point "$cni/.corral" "$prefix/current/cni/.corral"
  for name in corral-bridge corral-ipam; do
    [ ! -e "$cni/$name" ] || place 755 "$cni/$name" <"$prefix/current/cni/$name" || true
  done
}

drop_host_files() {
  local unit name file
  case $(readlink "$command_link" 2>/dev/null) in "$prefix"/*) rm -f "$command_link" ;; esac
  for unit in $(unit_files); do
    rm -f "$units/$unit"
    rmdir "$units/${unit%/*}" 2>/dev/null || true
  done
  rm -f "$link_files/10-corral.link" "$manager_files/90-corral.conf"
  if command -v systemctl >/dev/null 2>&1; then
    find "$units" -type l \( -name 'corral.service' -o -name 'corral.target' -o -name 'corral@*.service' \) -delete
    if systemd_runs; then logged systemctl daemon-reload; fi
  fi
  case $(readlink "$cni/.corral" 2>/dev/null) in
    "$prefix"/*) for name in corral-bridge corral-ipam rancher-bridge rancher-cni-ipam .corral; do rm -f "$cni/$name"; done ;;
  esac
  for file in /etc/cni/net.d/10-corral-*.conflist; do
    if [ -e "$file" ] && grep -q '"generatedBy": "corral"' "$file"; then rm -f "$file"; fi
  done
  for name in "$cni" /opt/cni /etc/cni/net.d /etc/cni; do rmdir "$name" 2>/dev/null || true; done
  rm -rf /run/corral /var/cache/corral
}
