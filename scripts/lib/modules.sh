# shellcheck shell=sh
# The project's npm packages, exactly as locked. They are installed beside and swapped in with two renames, so that a
# failed run leaves the old set and a program that starts meanwhile finds one set or the other.
# What `--dev` installs also serves without it. `cap` (packet capture, optional) is compiled only where --dev has
# brought the compiler and libpcap; elsewhere npm leaves it out.

modules_key() {
  { cat "$root/package.json" "$root/package-lock.json"; runtime_key; } | sha256sum | cut -c 1-12
}

modules_ready() {
  local stamp key
  stamp=$(cat "$root/node_modules/.corral-setup" 2>/dev/null) || return 1
  key=$(modules_key)
  [ "$stamp" = "dev $key" ] || [ "$stamp" = "$1 $key" ]
}

ensure_modules() {
  local key stage omit
  if modules_ready "$1"; then detail 'all there'; return; fi
  key=$(modules_key)
  stage=$root/.runtime/stage
  if [ "$1" = dev ]; then omit=--include=dev; else omit=--omit=dev; fi
  detail "installing from package-lock.json ($1)"
  drop_stage
  mkdir -p "$stage"
  cp "$root/package.json" "$root/package-lock.json" "$root/.npmrc" "$stage/"
  (cd "$stage" && logged "$root/.runtime/bin/npm" ci "$omit" --nodedir="$(node_package_directory "$(runtime_key)")" --no-audit --no-fund) ||
    fail 'npm could not install the packages' 'Check that the npm registry can be reached, then run setup again.'
  if [ "$1" = dev ]; then
    (cd "$stage" && logged "$root/.runtime/bin/node" -e 'require("cap")') || fail 'the package cap did not compile' 'Search the log for "gyp ERR".'
  fi
  printf '%s %s\n' "$1" "$key" >"$stage/node_modules/.corral-setup"
  swap_modules "$stage/node_modules"
  drop_stage
}

# swap_modules NEW
swap_modules() {
  rm -rf "$root/.runtime/old-modules"
  if [ -e "$root/node_modules" ]; then mv -T "$root/node_modules" "$root/.runtime/old-modules"; fi
  mv -T "$1" "$root/node_modules"
  rm -rf "$root/.runtime/old-modules"
}
