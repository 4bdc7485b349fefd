#!/usr/bin/env bash
# Makes what compose.yaml mounts: deploy/secrets/ with the database password, once for PostgreSQL and once for the hub,
# each readable by that container's user alone; deploy/etc/ for the hub's certificates and files; deploy/hub.env for its
# settings. Run once, as root; never replaces what is there.
set -euo pipefail
cd "$(dirname "$0")/.."
umask 077

if ((EUID != 0)); then
  echo "part2hub: run this as root: the files belong to the containers' users" >&2
  exit 1
fi
if [[ -e secrets/postgres_password ]]; then
  echo "part2hub: deploy/secrets is there already" >&2
  exit 1
fi
install -d -m 0711 secrets
install -d -m 0700 -o 10001 -g 10001 etc
touch hub.env
password=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
printf '%s' "$password" >secrets/postgres_password
printf 'postgres:5432:part2hub:part2hub:%s\n' "$password" >secrets/pgpass
chown 999:999 secrets/postgres_password
chown 10001:10001 secrets/pgpass
