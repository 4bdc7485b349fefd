#!/usr/bin/env bash
# Sees to the programs that the tests run against for real. The tests start their own private servers:
# nothing of the system's own databases is touched.
# Where one stays missing, CI=true is a failure; at a desk the tests that need it are skipped with their reason.
set -euo pipefail
cd "$(dirname "$0")/../.."

PATH+=:/usr/sbin:/sbin # where Debian keeps servers, and off the path of everybody but root
has() { command -v "$1" >/dev/null 2>&1; }

missing=()
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || has initdb || missing+=(postgresql)
has redis-server || missing+=(redis-server)
has openssl || missing+=(openssl)       # opens our S/MIME messages, as an independent reader
has postfix || missing+=(postfix)       # takes our mail and hands us others'
has slapd || missing+=(slapd)           # where Direct partners publish certificates
has chromium || missing+=(chromium fonts-liberation) # opens the pages
has faxq || missing+=(hylafax-server hylafax-client) # sends and receives faxes...
has gs || missing+=(ghostscript)        # ...converts documents for it...
compgen -G '/usr/lib/*/libspandsp.so.2' >/dev/null || missing+=(libspandsp2) # ...over a simulated telephone line

if ((${#missing[@]})); then
  deploy/bootstrap/packages.sh "${missing[@]}" || {
    [[ ${CI:-} != true ]] || exit 1
    echo "· without them: the tests that need one are skipped, and say so"
  }
fi
