#!/usr/bin/env bash
# Installs Debian packages by name, without starting the services that come with some of them.
# Needs root; anybody else is told what to ask for.
set -euo pipefail

if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
  echo "part2hub: not installed here: $*. Ask the administrator for: apt-get install $*" >&2
  exit 1
fi

# Debian's way to say "do not start it": https://www.debian.org/doc/debian-policy/ch-opersys.html#interfacing-with-init-scripts
policy=/usr/sbin/policy-rc.d
restore() {
  rm -f "$policy"
  if [[ -e $policy.kept ]]; then mv "$policy.kept" "$policy"; fi
}
if [[ -e $policy && ! -e $policy.kept ]]; then mv "$policy" "$policy.kept"; fi
trap restore EXIT
trap 'exit 1' HUP INT TERM
printf '#!/bin/sh\nexit 101\n' >"$policy"
chmod 755 "$policy"

log=$(mktemp)
echo "· system packages: $*"
export DEBIAN_FRONTEND=noninteractive
if ! { apt-get -q update && apt-get -q install -y --no-install-recommends "$@"; } >"$log" 2>&1 </dev/null; then
  cat "$log" >&2
  echo "part2hub: apt-get could not install: $*" >&2
  exit 1
fi
rm -f "$log"
