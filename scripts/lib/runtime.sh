# shellcheck shell=sh
# Corral's own Node.js and npm: .runtime/<key>/ holds one pinned set (scripts/runtime), .runtime/bin points at it.
# Everything is built beside and moved into place, so .runtime/bin either works or is not there.

runtime_key() {
  { cat "$root/scripts/runtime/package-lock.json"; uname -m; } | sha256sum | cut -c 1-12
}

runtime_ready() {
  [ "$(readlink "$root/.runtime/bin" 2>/dev/null)" = "$(runtime_key)/bin" ] && [ -x "$root/.runtime/bin/node" ] && [ -x "$root/.runtime/bin/npm" ]
}

# node_package_directory KEY: where bin/node and the headers in include/ are.
node_package_directory() {
  local directory
  for directory in "$root/.runtime/$1/node_modules/"node-linux-*; do
    if [ -x "$directory/bin/node" ]; then printf '%s\n' "$directory"; fi
  done
}

drop_stage() { rm -rf "$root/.runtime/stage"; }

ensure_runtime() {
  local key stage
  if runtime_ready; then detail 'all there'; return; fi
  key=$(runtime_key)
  stage=$root/.runtime/stage
  ensure_some_npm
  detail 'fetching'
  drop_stage
  mkdir -p "$stage/bin"
  cp "$root/scripts/runtime/package.json" "$root/scripts/runtime/package-lock.json" "$root/scripts/runtime/.npmrc" "$stage/"
  (cd "$stage" && logged npm ci --include=optional --ignore-scripts --no-audit --no-fund) ||
    fail 'npm could not fetch Node.js' 'Check that the npm registry can be reached (npm ping), then run setup again.'
  link_node "$stage"
  wrap_npm "$stage/bin/npm" npm-cli.js
  wrap_npm "$stage/bin/npx" npx-cli.js
  logged "$stage/bin/node" --version || fail 'the fetched Node.js does not run on this machine' 'It needs glibc 2.28 or later on x64 or arm64.'
  rm -rf "${root:?}/.runtime/$key"
  mv -T "$stage" "$root/.runtime/$key"
  ln -sfn "$key/bin" "$root/.runtime/bin.new"
  mv -fT "$root/.runtime/bin.new" "$root/.runtime/bin"
  drop_old_runtimes "$key"
  detail "Node.js $("$root/.runtime/bin/node" --version)"
}

# The first npm is the machine's, whatever its version, or else Debian's. Marked as automatic, Debian's goes with the
# next `apt-get autoremove`; nothing uses it after this.
ensure_some_npm() {
  command -v npm >/dev/null 2>&1 && return
  install_packages npm
  logged apt-mark auto npm || true
}

link_node() {
  local directory
  for directory in "$1/node_modules/"node-linux-*; do
    if [ -x "$directory/bin/node" ]; then ln -sfn "../node_modules/${directory##*/}/bin/node" "$1/bin/node"; fi
  done
  [ -x "$1/bin/node" ] || fail "there is no Node.js package for this machine ($(uname -m))" 'Corral runs on x86_64 and aarch64.'
}

# npm's own first line would look for any `node` in PATH, and so would what it starts. The machine's certificates
# count, as they do for apt and Debian's npm: a company's registry or proxy may have one of its own.
wrap_npm() {
  cat >"$1" <<TEXT
#!/bin/sh
here=\$(CDPATH='' cd -- "\$(dirname -- "\$0")" && pwd -P)
export NODE_USE_SYSTEM_CA="\${NODE_USE_SYSTEM_CA:-1}" PATH="\$here:\$PATH"
exec "\$here/node" "\$here/../node_modules/npm/bin/$2" "\$@"
TEXT
  chmod 755 "$1"
}

# A running suite starts its daemons anew from the Node.js that it was started with: such a set stays.
drop_old_runtimes() {
  local directory
  for directory in "$root/.runtime/"*/; do
    directory=${directory%/}
    case ${directory##*/} in "$1" | bin | kernel) continue ;; esac
    if [ -z "$(find /proc -mindepth 2 -maxdepth 2 -name exe -lname "$directory/*" 2>/dev/null)" ]; then rm -rf "$directory"; fi
  done
}
