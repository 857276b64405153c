# shellcheck shell=sh
# What setup and install tell their user, and the log that holds everything else. $program is whose words they are.

say() { printf '%s: %s\n' "$program" "$*"; }

# step N M WHAT: which part of the work starts now.
step() { say "$1/$2 $3"; }

# detail TEXT: one indented line below a step.
detail() { printf '         %s\n' "$*"; }

start_log() {
  log=$1
  printf '%s, %s\n' "$program" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" >"$log"
}

# fail WHAT REMEDY: ends the run; the last lines of the log are what most people would look up next.
fail() {
  {
    say "$1"
    [ -z "${2:-}" ] || detail "$2"
    if [ -n "${log:-}" ]; then
      detail "Everything that was printed is in $log; its end:"
      tail -n 15 "$log" | sed 's/^/         | /'
    fi
  } >&2
  exit 1
}

# logged COMMAND...: runs it with its output in the log, no stdin, and without the locks, which a process that it
# leaves behind would otherwise hold for ever.
logged() {
  printf '\n$ %s\n' "$*" >>"$log"
  "$@" >>"$log" 2>&1 </dev/null 8>&- 9>&-
}

# wait_for_lock FILE DESCRIPTOR: one run at a time; the kernel frees the lock when this process ends, however it ends.
wait_for_lock() {
  eval "exec $2>\"\$1\""
  flock -n "$2" && return
  say "waiting for another run ($1)"
  flock -w 1200 "$2" || fail "another run has held $1 for 20 minutes" "Look for it with: fuser -v $1"
}
