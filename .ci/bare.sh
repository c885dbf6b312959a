# Bare systems in a folder, made with debootstrap. Sourced by .ci/release and .ci/package after
# set -euo pipefail, with `root` (the repository) and `lane` (its own name) set. Needs root.

# in_namespaces "$@": outside, makes a folder, starts this script again in mount and process namespaces and
# ends with its status; they take their mounts and processes along however they end, also by SIGKILL of this
# script, and the folder is removed. Inside, returns with `places`, the folder.
in_namespaces() {
  if [[ ${1-} == --inside ]]; then
    places=$2
    mount -t proc proc /proc
    return
  fi
  local around=${TMPDIR:-/var/tmp} old
  for old in "$around/amlocal-$lane"-*; do
    # A folder that nobody holds is what a killed run left.
    [[ ! -d $old ]] || ! flock --nonblock "$old" true || rm -rf --one-file-system "$old"
  done
  places=$(mktemp -d "$around/amlocal-$lane-XXXXXX")
  chmod 755 "$places"  # the root of an ordinary user too
  exec {held}<"$places"
  flock "$held"
  inside=
  finish() {
    [[ -z $inside ]] || { kill -KILL "$inside" && wait "$inside"; } 2>/dev/null || true
    rm -rf --one-file-system "$places"
  }
  trap finish EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child "$0" --inside "$places" &
  inside=$!
  local status=0
  wait "$inside" || status=$?
  inside=
  exit "$status"
}

# address_in SCRIPT CODENAME: the script calls default_mirror, and much else that is not wanted here.
address_in() (
  set +eu
  ARCH=$(dpkg --print-architecture) SUITE=$2
  default_mirror() { printf '%s' "$1"; }
  command_not_found_handle() { :; }
  . "$1"
) 2>/dev/null

# mirror_of CODENAME: its first address in apt's own lists, else the one that debootstrap's own script for
# it has; nothing is written down here.
mirror_of() {
  local found script=/usr/share/debootstrap/scripts/$1
  found=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' "Codename: $1" | sed -n 1p) || true
  # Debian 12's debootstrap knows Ubuntu up to 22.04; all later ones are made in the same way.
  [[ -e $script || $1 != noble ]] || script=/usr/share/debootstrap/scripts/jammy
  [[ -n $found ]] || found=$(address_in "$script" "$1") || true
  if [[ -z $found ]]; then
    echo "$lane: apt here has no $1 in its lists, nor has debootstrap an address of it" >&2
    return 1
  fi
  printf '%s' "$found"
}

# bare_system CODENAME [debootstrap's options]: a minimal system in $places/CODENAME, in `bare`.
bare_system() {
  local codename=$1 began=$SECONDS mirror log script=
  shift
  bare=$places/$codename
  log=$places/$codename.log
  mirror=$(mirror_of "$codename") || return 1
  [[ -e /usr/share/debootstrap/scripts/$codename ]] || script=jammy
  # apt's proxy and certificates are part of how this machine reaches the mirror.
  proxy=$(apt-config dump --format '%v' Acquire::http::Proxy || true)
  [[ -z $proxy ]] || export http_proxy=$proxy
  mkdir -m 755 "$bare"
  if ! debootstrap --variant=minbase "$@" "$codename" "$bare" "$mirror" ${script:+"$script"} >"$log" 2>&1; then
    tail -n 20 "$log" "$bare/debootstrap/debootstrap.log" 2>/dev/null || true
    echo "$lane: debootstrap of $codename from $mirror failed"
    return 1
  fi
  cp -L /etc/resolv.conf "$bare/etc/resolv.conf"
  if [[ $codename == bookworm && -f /etc/apt/sources.list.d/debian.sources ]]; then
    cp -a /etc/apt/sources.list.d/debian.sources "$bare/etc/apt/sources.list.d/"
    rm -f "$bare/etc/apt/sources.list"
  else
    # Ubuntu keeps python3-venv in universe.
    printf 'deb %s %s main%s\n' "$mirror" "$codename" "$([[ $codename == bookworm ]] || printf ' universe')" \
      >"$bare/etc/apt/sources.list"
  fi
  mkdir -p "$bare/etc/ssl/certs"
  cp -L /etc/ssl/certs/ca-certificates.crt "$bare/etc/ssl/certs/"
  # Nobody needs this system after a power cut: packages are unpacked without an fsync each.
  echo force-unsafe-io >"$bare/etc/dpkg/dpkg.cfg.d/unsafe-io"
  # What every booted system and container has, and fusermount3 wants.
  [[ -e $bare/etc/mtab ]] || ln -s ../proc/self/mounts "$bare/etc/mtab"
  mount -t proc proc "$bare/proc"
  mount -t tmpfs tmpfs "$bare/dev/shm"
  [[ ! -w /dev/fuse || -e $bare/dev/fuse ]] || mknod -m 666 "$bare/dev/fuse" c 10 229
  printf '%s: a bare %s in %d s\n' "$lane" "$(. "$bare/etc/os-release" && printf '%s' "$PRETTY_NAME")" "$((SECONDS - began))"
}

# inside COMMAND...: in it, with the home folder `home` and no variable of here; `more` are variables beside.
more=()
inside() {
  chroot "$bare" env -i HOME="$home" PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
    ${proxy:+http_proxy=$proxy} "${more[@]}" "$@"
}
