# Sourced by scripts/demo, scripts/test, scripts/package and .ci/run: packages and the build. Bash, after set -euo pipefail.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# The distribution's tools first: its python3 is the one that has pandas and scikit-learn.
export PATH="/usr/bin:/bin:$PATH"

packages=(
  g++ meson ninja-build ccache pkg-config
  libboost-filesystem-dev libcli11-dev nlohmann-json3-dev libarchive-dev libyaml-cpp-dev
  libsqlite3-dev libcpp-httplib-dev libcurl4-openssl-dev libssl-dev libfmt-dev libxxhash-dev doctest-dev
  fuse3 libfuse3-dev
  python3 python3-pandas python3-h5py python3-pip python3-sklearn python3-venv python3-jsonschema python3-mesonpy
  python3-pytest python3-pytest-xdist python3-yaml
  git ca-certificates openssl
)

say() { printf '%s\n' "$*" >&2; }

# Installs those of the named packages that are missing; with none missing it asks nobody.
need_packages() {
  if ! command -v dpkg-query >/dev/null; then
    say "setup: no dpkg here, so nothing is installed; needed are: $*"
    return
  fi
  local name missing=()
  for name in "$@"; do
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null) == installed ]] || missing+=("$name")
  done
  ((${#missing[@]})) || return 0

  local as_root=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null || {
      say "setup: missing: ${missing[*]}"
      say "setup: install them as root: apt-get install ${missing[*]}"
      return 1
    }
    as_root=(sudo)
  fi
  say "setup: installing ${missing[*]}"
  local log
  log=$(mktemp)
  if ! { "${as_root[@]}" apt-get update -q &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install -q -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 </dev/null; then
    tail -n 20 "$log" >&2
    say "setup: apt-get failed; its whole output: $log"
    return 1
  fi
  rm -f "$log"
}

# need_build FOLDER [meson options]: configures it once, then builds what changed of build_targets (none: everything).
build_targets=()
need_build() {
  local folder=$1
  shift
  local log=$root/$folder/build.log
  mkdir -p "$root/$folder"
  if [[ ! -f $root/$folder/build.ninja ]]; then
    say "build: configuring $folder"
    if ! meson setup "$root/$folder" "$root" "$@" >"$log" 2>&1 </dev/null; then
      tail -n 30 "$log" >&2
      say "build: meson failed; its whole output: $log"
      return 1
    fi
  fi
  say "build: $folder"
  if [[ -t 2 ]]; then
    ninja -C "$root/$folder" "${build_targets[@]}" >&2 </dev/null
  elif ! ninja -C "$root/$folder" "${build_targets[@]}" >"$log" 2>&1 </dev/null; then
    grep -A 20 -m 5 -E '^FAILED|error:|undefined reference' "$log" >&2 || tail -n 40 "$log" >&2
    say "build: ninja failed; its whole output: $log"
    return 1
  fi
}
