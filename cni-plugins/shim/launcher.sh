#!/bin/sh
# In the shim's place on a machine that had no C compiler when the plugins were built: starts the standalone form.
here=$(readlink -f -- "$0") || exit 1
here=${here%/*}/.corral
exec "$here/node" "$here/corral-cni.cjs" "$0"
