#!/usr/bin/env bash
# Readies a machine: names what is missing, installs it, makes the virtual environment.
# Needs Python 3.11 or newer; system packages are installed by apt-get where there is one and one is root.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=()
need() { # need PACKAGE TEST...: PACKAGE is missing where TEST fails
  local package=$1
  shift
  "$@" >/dev/null 2>&1 || packages+=("$package")
}

# The first Python that runs and is new enough; a name on the path alone may be a mere pointer.
python=
for candidate in python3 python3.13 python3.12 python3.11; do
  if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
    python=$(command -v "$candidate")
    break
  fi
done
[[ -n $python ]] || packages+=(python3)
[[ -z $python ]] || need python3-venv "$python" -c 'import ensurepip, venv'
need containerd command -v containerd
need runc command -v runc
need containernetworking-plugins test -x /usr/lib/cni/bridge -o -x /opt/cni/bin/bridge -o -x /usr/libexec/cni/bridge
need nftables command -v nft
need iproute2 command -v ip
need busybox-static test -x /bin/busybox -o -x /usr/bin/busybox

if ((${#packages[@]})); then
  echo "missing system packages: ${packages[*]}"
  if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
    echo "install them, then run this again; on Debian: sudo apt-get install ${packages[*]}" >&2
    exit 1
  fi
  echo "installing them with apt-get"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q >/dev/null
  # A service that a package starts is the machine's business, not ours: it stays off.
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d.wherry && chmod +x /usr/sbin/policy-rc.d.wherry
  if [[ ! -e /usr/sbin/policy-rc.d ]]; then
    mv /usr/sbin/policy-rc.d.wherry /usr/sbin/policy-rc.d
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  else
    rm -f /usr/sbin/policy-rc.d.wherry
  fi
  apt-get install -y -q --no-install-recommends "${packages[@]}" >/dev/null
  python=${python:-$(command -v python3)}
fi

"${python:-false}" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "Python 3.11 or newer is needed, and python3 is not: install it" >&2
  exit 1
}

if [[ ! -x .venv/bin/python ]]; then
  echo "making the virtual environment .venv"
  "$python" -m venv .venv
fi
echo "installing wherry and its tools into .venv"
mapfile -t development < <(.venv/bin/python -c '
import pathlib, tomllib
print("\n".join(tomllib.loads(pathlib.Path("pyproject.toml").read_text())["dependency-groups"]["dev"]))')
.venv/bin/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable . "${development[@]}"
