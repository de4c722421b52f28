# SPDX-License-Identifier: Apache-2.0
# Sourced by quickstart and check: installs Debian packages and sets what mpirun needs here.

say() { printf '\n== %s\n' "$*"; }

# install_missing [rooms] [test] [edge] [long]: the packages of packages.txt that are not installed, with those of the kinds given.
install_missing() {
  local list missing=() package kind
  list=$(dirname "${BASH_SOURCE[0]}")/packages.txt
  while read -r package kind; do
    [[ -z $package || $package == \#* ]] && continue
    [[ -n $kind && " $* " != *" $kind "* ]] && continue
    [[ $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) == *"ok installed" ]] || missing+=("$package")
  done <"$list"
  [[ ${#missing[@]} == 0 ]] && return 0
  say "installing with apt: ${missing[*]}"
  local root=()
  if [[ $(id -u) != 0 ]]; then
    command -v sudo >/dev/null || { echo "expected to be root or to have sudo; install the packages above yourself" >&2; return 1; }
    root=(sudo)
    echo "(sudo may ask for your password)"
  fi
  local get=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0)
  # Package lists may be missing or old: they are fetched only when the first try fails.
  "${get[@]}" install -y --no-install-recommends "${missing[@]}" >/dev/null 2>&1 && return 0
  "${get[@]}" update && "${get[@]}" install -y --no-install-recommends "${missing[@]}" >/dev/null
}

# Open MPI refuses root without both variables. It counts cores without their hardware threads, so two ranks may need
# --oversubscribe even where two processors are online.
mpi_environment() {
  if [[ $(id -u) == 0 ]]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  fi
  mpirun_command=(mpirun -q --bind-to none --oversubscribe)
  if [[ $(nproc) -lt 2 ]]; then mpirun_command+=(--mca mpi_yield_when_idle 1); fi
}
