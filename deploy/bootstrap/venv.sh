#!/usr/bin/env bash
# Makes .venv hold what requirements-dev.lock names, hash by hash, and this tree as an editable install.
# Does nothing when the stamp says that this lock file and this pyproject.toml are already installed here.
set -euo pipefail
cd "$(dirname "$0")/../.."
exec 9<pyproject.toml
flock 9 # two commands at once would install into each other

stamp=.venv/installed
wanted="$PWD $(cat requirements-dev.lock pyproject.toml | sha256sum | cut -d' ' -f1)"
installed=$(cat "$stamp" 2>/dev/null || true)

runs() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

# The lock is resolved on 3.11, so that one comes first; a newer one must do where it is missing.
find_python() {
  local python
  for python in python3.11 /usr/bin/python3.11 python3.14 python3.13 python3.12 python3 /usr/bin/python3; do
    if runs "$python" && "$python" -c 'import ensurepip, venv' 2>/dev/null; then
      echo "$python"
      return
    fi
  done
  return 1
}

if [[ $installed == "$wanted" ]] && runs .venv/bin/python; then
  exit 0
fi

# A virtual environment cannot be moved: its commands name the folder they were made in.
if ! runs .venv/bin/python || [[ -n $installed && ${installed% *} != "$PWD" ]]; then
  if ! python=$(find_python); then
    deploy/bootstrap/packages.sh python3 python3-venv
    python=$(find_python) || { echo "part2hub needs Python 3.11 or newer with its venv module" >&2; exit 1; }
  fi
  echo "· virtual environment .venv ($("$python" --version))"
  "$python" -m venv --clear .venv
fi

rm -f "$stamp"
pip=(.venv/bin/python -m pip -qq --disable-pip-version-check --no-input)
echo "· $(grep -c '^[a-z0-9]' requirements-dev.lock) locked packages (once, about a minute)"
# The lock is whole, so nothing is resolved: a resolver would look at newer versions, which have no hash here.
if ! "${pip[@]}" install --require-hashes --only-binary :all: --no-deps -r requirements-dev.lock; then
  echo "part2hub: the locked packages could not be installed; pip says why above. They come from the Python package" >&2
  echo "index: behind a proxy set HTTPS_PROXY, with a mirror PIP_INDEX_URL, and give .venv half a gigabyte of disk." >&2
  exit 1
fi
# The build back-end comes from the lock too: nothing that was not hashed runs here.
"${pip[@]}" install --no-deps --no-build-isolation --editable .
echo "$wanted" >"$stamp"
