#!/bin/sh
# The standalone plugins without the shim.
here=$(CDPATH='' cd -- "$(dirname -- "$0")/../../../dist/cni/.corral" && pwd -P)
exec "$here/node" "$here/corral-cni.cjs" corral-bridge
