# The lanes of .ci/run, sourced by it. Three builds serve them all: GCC as users build it (build),
# Clang with the address and undefined-behaviour sanitizers and libFuzzer (build-clang), and GCC with
# shared libraries and the thread sanitizer (build-shared). The last two make warnings errors.

# What of "root fuse network cgroup zsh fish" this machine has.
found_here() {
  local has=() shell
  for shell in zsh fish; do ! command -v "$shell" >/dev/null || has+=("$shell"); done
  ((EUID != 0)) || has+=(root)
  # A group of processes with a memory limit of its own can be made (version 1 or 2).
  [[ ! -w /sys/fs/cgroup/memory/memory.limit_in_bytes ]] &&
    ! grep -qsw memory /sys/fs/cgroup/cgroup.subtree_control || ((EUID != 0)) || has+=(cgroup)
  [[ ! -w /dev/fuse ]] || has+=(fuse)
  # The package mirror is the only network that a lane needs; apt's own helper knows the way to it.
  local release answer
  answer=$(mktemp)
  release=$(apt-get indextargets --format '$(SITE)/dists/$(RELEASE)/InRelease' 'Created-By: Packages' 2>/dev/null | sed -n 1p) || true
  if [[ -n $release ]] && /usr/lib/apt/apt-helper -qq download-file "$release" "$answer" >/dev/null 2>&1; then
    has+=(network)
  fi
  rm -f "$answer"
  printf '%s' "${has[*]:-}"
}

lane_tests() {
  # For the tests of completion, which skip where they cannot be had.
  need_packages zsh fish || true
  mkdir -p "$root/build"
  "$root/scripts/test" | tee "$root/build/ci-test.log"
}

# test_suites FOLDER SUITE...: meson's tests of an extra build, summed up as scripts/test's are.
test_suites() {
  local folder=$root/$1 suites=()
  shift
  local name
  for name in "$@"; do suites+=(--suite "$name"); done
  rm -f "$folder/meson-logs/testlog.json"
  meson test -C "$folder" --no-rebuild --print-errorlogs --timeout-multiplier 10 "${suites[@]}" >/dev/null || true
  python3 "$root/scripts/lib/sum_up.py" "$folder/meson-logs/testlog.json" || {
    grep -hE 'ERROR: (Address|Leak)Sanitizer|runtime error:|WARNING: ThreadSanitizer|^SUMMARY:' \
      "$folder/meson-logs/testlog.txt" | sort | uniq -c | sort -rn | head -n 20
    return 1
  }
}

sources() { git -C "$root" ls-files 'src/*.cpp' 'src/*.hpp' 'fuse/*.cpp' 'fuse/*.hpp' 'tests/*.cpp' 'tests/*.hpp'; }

lane_format() {
  need_packages clang-format-14 && cd "$root" && sources | xargs clang-format-14 --dry-run -Werror
}

lane_clang() {
  need_packages clang-14 libclang-rt-14-dev &&
    CXX="ccache clang++-14" need_build build-clang -Dwerror=true -Dfuzzers=true -Doptimization=1 \
      -Db_sanitize=address,undefined -Db_lundef=false &&
    UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 ASAN_OPTIONS=detect_leaks=1 \
      test_suites build-clang unit process golden
}

# Each target goes on from the corpus in the repository; what it finds is kept in build-clang/finds.
lane_fuzz() {
  local seconds=${FUZZ_SECONDS:-30}
  need_packages clang-14 libclang-rt-14-dev &&
    [[ -f $root/build-clang/build.ninja ]] || {
      printf 'fuzz: the lane clang makes its build\n'
      return 1
    }
  find "$root"/tests/fuzz/corpus -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort |
    xargs -P "$(nproc)" -I{} "$root/.ci/fuzz" {} "$seconds"
}

lane_shared() {
  need_build build-shared -Dwerror=true -Ddefault_library=shared -Doptimization=1 -Db_sanitize=thread &&
    TSAN_OPTIONS=halt_on_error=1 test_suites build-shared unit &&
    threads
}

# Independent steps side by side, under the thread sanitizer.
threads() {
  local folder
  folder=$(mktemp -d) &&
    python3 "$root/.ci/side_by_side.py" 12 >"$folder/pipeline.yml" &&
    TSAN_OPTIONS="halt_on_error=1 exitcode=66" \
      "$root/build-shared/amlocal" run "$folder/pipeline.yml" --jobs 4 >"$folder/log" 2>&1 || {
    tail -n 60 "$folder/log"
    printf 'the run is kept: %s\n' "$folder"
    return 1
  }
  tail -n 3 "$folder/log"
  rm -rf "$folder"
}

lane_tidy() {
  need_packages clang-tidy-14 clang-14 libclang-rt-14-dev && "$root/.ci/tidy" "${TIDY_SECONDS:-480}"
}

lane_package() {
  need_packages debootstrap && "$root/scripts/package" && setpriv --pdeathsig TERM "$root/.ci/package"
}

lane_release() {
  # It ends with this script, and takes all it made along.
  need_packages debootstrap && setpriv --pdeathsig TERM "$root/.ci/release"
}
