# shellcheck shell=sh
# Debian's kernel for the small virtual machine of the tests (test/vm), in .runtime/kernel/: its package is unpacked, never
# installed, so that what this machine boots is left alone. It is built beside and moved into place, like the runtime.

# Other processors have no such kernel, and their tests skip the machine.
kernel_ready() { [ "$(uname -m)" != x86_64 ] || [ -e "$root/.runtime/kernel/vmlinuz" ]; }

ensure_kernel() {
  local stage package file version
  if kernel_ready; then detail 'all there'; return; fi
  stage=$root/.runtime/stage
  drop_stage
  mkdir -p "$stage"
  fetch_kernel "$stage" || {
    # Debian takes an old kernel away when it publishes the next, so the lists that are here may name one that is gone.
    logged apt_get update || true
    fetch_kernel "$stage"
  } || fail 'apt-get could not download the kernel of linux-image-amd64' 'Check that the Debian mirrors in /etc/apt can be reached, then run setup again.'
  file=$(echo "$stage/"linux-image-*.deb)
  package=$(dpkg-deb -f "$file" Package) version=${package#linux-image-}
  unpack_kernel "$file" "$version" "$stage" || fail "the package $package could not be unpacked" 'Look at the free space of the disk (df -h), then run setup again.'
  logged depmod -b "$stage" "$version" || fail "the modules of $package could not be indexed" 'depmod, of the Debian package kmod, says why.'
  dpkg-deb -f "$file" Package Version >"$stage/version"
  rm -f "$file"
  mv "$stage/boot/vmlinuz-$version" "$stage/vmlinuz"
  rm -rf "${root:?}/.runtime/kernel" "$stage/boot"
  mv -T "$stage" "$root/.runtime/kernel"
  detail "$package $(sed -n 's/^Version: //p' "$root/.runtime/kernel/version")"
}

# fetch_kernel DIRECTORY: the package that Debian's newest kernel of this release is in.
fetch_kernel() {
  local package
  package=$(apt-cache depends linux-image-amd64 2>>"$log" | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)$/\1/p' | head -n 1)
  [ -n "$package" ] || return 1
  detail "fetching $package"
  (cd "$1" && logged apt_get -o APT::Sandbox::User=root download "$package")
}

# unpack_kernel FILE VERSION DIRECTORY: the kernel and the modules that networks are made of, a tenth of the package.
unpack_kernel() {
  local modules
  modules=./lib/modules/$2
  dpkg-deb --fsys-tarfile "$1" | tar -x -C "$3" --wildcards --no-wildcards-match-slash \
    "./boot/vmlinuz-$2" "$modules/modules.*" \
    "$modules/kernel/net" "$modules/kernel/crypto" "$modules/kernel/lib" "$modules/kernel/arch" \
    "$modules/kernel/fs/9p" "$modules/kernel/fs/netfs" "$modules/kernel/fs/fscache" "$modules/kernel/fs/overlayfs" \
    "$modules/kernel/drivers/virtio" "$modules/kernel/drivers/char/virtio_console.ko" \
    "$modules/kernel/drivers/net/*.ko" "$modules/kernel/drivers/net/vxlan" "$modules/kernel/drivers/net/wireguard" 2>>"$log"
}
