#!/usr/bin/env bash
# Everything the city twin needs on Debian or Ubuntu. The Makefile and the Dockerfile both run this script.
#
#   docker/install-debian.sh system        Debian packages: PostgreSQL, PostGIS, GDAL's command line tools, a C compiler
#   docker/install-debian.sh python [LOCK] Python environment in .venv from a hashed lock (default requirements-dev.lock)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly PACKAGES=(postgresql postgresql-postgis gdal-bin poppler-utils python3-venv python3-dev gcc libc6-dev ca-certificates)

fail() { printf 'install-debian.sh: %s\n' "$@" >&2; exit 1; }

missing_packages() {
  local package
  for package in "${PACKAGES[@]}"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || printf '%s ' "$package"
  done
}

install_system() {
  command -v dpkg-query >/dev/null || fail \
    "this is not Debian or Ubuntu. Install PostgreSQL >= 13 with PostGIS >= 3.3 and gdal-bin yourself," \
    "or set TWIN_DATABASE_URL to a PostGIS database, then run: docker/install-debian.sh python"
  local missing as_root=()
  missing=$(missing_packages)
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    if ! sudo -n true 2>/dev/null && ! { [ -t 0 ] && command -v sudo >/dev/null; }; then
      fail "missing packages: $missing" \
        "no rights to install them. Ask an administrator to run: apt-get install $missing" \
        "or set TWIN_DATABASE_URL to a PostGIS database that exists."
    fi
    as_root=(sudo)
  fi
  # The twin runs its own private cluster; Debian's would take a port and memory for nothing.
  if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    "${as_root[@]}" mkdir -p /etc/postgresql-common
    echo 'create_main_cluster = false' | "${as_root[@]}" tee /etc/postgresql-common/createcluster.conf >/dev/null
  fi
  "${as_root[@]}" apt-get update -qq
  # shellcheck disable=SC2086 # a list of words
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    -o Dpkg::Options::=--force-confold $missing
}

suits() { "$1" -c 'import sys, ssl, sqlite3; sys.exit(sys.version_info[:2] < (3, 12))' >/dev/null 2>&1; }

newest_python() { # the newest suitable interpreter on PATH or under pyenv's versions, or nothing
  local minor python
  for minor in 14 13 12; do
    for python in $(type -ap "python3.$minor") "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.$minor.*/bin/python; do
      if [ -x "$python" ] && suits "$python"; then
        "$python" -c 'import sys; print(sys.executable)'
        return
      fi
    done
  done
}

install_python() {
  local lock=${1:-requirements-dev.lock} python
  if [ ! -x .tools/bin/uv ]; then
    python3 -m venv .tools || fail "python3 cannot make a virtual environment: run docker/install-debian.sh system"
    .tools/bin/python -m pip install --quiet --require-hashes -r docker/uv.lock
  fi
  python=$(newest_python)
  [ -n "$python" ] || echo "no Python >= 3.12 on PATH or under pyenv's versions: uv fetches one" >&2
  if [ ! -x .venv/bin/python ] || ! suits .venv/bin/python; then
    .tools/bin/uv venv --quiet --clear --python "${python:-3.12}" .venv
  fi
  .tools/bin/uv pip sync --quiet --compile-bytecode --python .venv/bin/python --require-hashes "$lock"
  .tools/bin/uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation -e .
  [ -e twin/clash/kernel/compiled/sources.sha256 ] || echo \
    "the clash kernel was not compiled: it runs interpreted and gives the same answers (needs gcc and Python's headers)" >&2
}

case "${1:-}" in
  system) install_system ;;
  python) shift; install_python "$@" ;;
  *) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
