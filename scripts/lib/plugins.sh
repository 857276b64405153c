# shellcheck shell=sh
# The CNI plugins in dist/cni/, built anew when a source is younger than they are or the Node.js or npm packages changed.

plugins_key() { printf '%s %s\n' "$(runtime_key)" "$(cat "$root/node_modules/.corral-setup" 2>/dev/null)"; }

plugins_ready() {
  local stamp=$root/dist/cni/.built
  [ -x "$root/dist/cni/corral-bridge" ] && [ -e "$root/dist/cni/.corral/corral-cni.cjs" ] || return 1
  [ "$(cat "$stamp" 2>/dev/null)" = "$(plugins_key)" ] || return 1
  [ -z "$(find "$root/cni-plugins" "$root/daemons/shared/effects" "$root/daemons/shared/model" "$root/scripts/build-cni" "$root/scripts/lib/bundle" \
    -newer "$stamp" \( -name '*.ts' -o -name '*.c' -o -name '*.sh' -o -name build-cni -o -type d \) -print -quit)" ]
}

ensure_plugins() {
  if plugins_ready; then detail 'all there'; return; fi
  detail 'building into dist/cni/'
  mkdir -p "$root/dist/cni"
  # Stamped with the time before: a source that changes meanwhile is younger.
  plugins_key >"$root/dist/cni/.built.new"
  logged "$root/scripts/build-cni" || { rm -f "$root/dist/cni/.built.new"; fail 'the CNI plugins could not be built' 'scripts/build-cni says why.'; }
  mv -fT "$root/dist/cni/.built.new" "$root/dist/cni/.built"
}
