# Shared by the scripts of this folder: what to install, how to say what is going on. Sourced, never run.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
started=$SECONDS

# What building and using weir needs on Debian 12, and what only the checks need.
build_packages=(
  g++ cmake ninja-build pkg-config ccache ca-certificates
  libboost1.81-dev libboost-url1.81-dev libssl-dev zlib1g-dev nlohmann-json3-dev libspdlog-dev libfmt-dev libsqlite3-dev libpq-dev
  libyaml-cpp-dev libcli11-dev libre2-dev libpugixml-dev libzstd-dev libgtest-dev libgmock-dev iso-codes
)
# The real servers that some tests start. Without them those tests are skipped, except where CI=true.
server_packages=(postgresql-15 pgbouncer openssl openjdk-17-jdk-headless maven curl)
check_packages=(git clang-19 clang-tidy-19 clang-format-19 libclang-rt-19-dev sqlite3)

# The stores that are no part of this process: what a first look can do without.
server_stores=(-DWEIR_WITH_POSTGRESQL -DWEIR_WITH_S3 -DWEIR_WITH_ELASTICSEARCH)

say() { printf '[%3ds] %s\n' $((SECONDS - started)) "$*" >&2; }

fail() {
  say "$*"
  exit 1
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    sudo "$@"
  fi
}

# Installs those of the named packages that are not there; says nothing and asks for no password when none is missing.
install_missing() {
  missing=()
  local package
  for package in "$@"; do
    dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null ||
    fail "cannot install packages: run this as root, or install sudo, or install them yourself: ${missing[*]}"
  command -v apt-get >/dev/null || fail "this is no Debian; please install the equivalents of: ${missing[*]}"
  say "installing ${#missing[@]} packages: ${missing[*]}"
  local log
  log=$(mktemp)
  {
    as_root apt-get update &&
      as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
  } >"$log" 2>&1 || {
    tail -n 30 "$log" >&2
    rm -f "$log"
    fail "the packages could not be installed"
  }
  rm -f "$log"
}

# Objects are found again whatever folder the tree is in.
use_ccache() {
  export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=${CCACHE_SLOPPINESS:-pch_defines,time_macros}
}

# configure PRESET [option]...: a warning is an error for those who change weir, not for those who use it. Several files are compiled
# as one, since most of the time goes into what their headers instantiate; WEIR_UNITY=OFF compiles each by itself, which is quicker
# for who changes one file again and again, and so does the preset clang, which notices a forgotten include.
configure() {
  local preset=$1 werror=OFF unity=${WEIR_UNITY:-ON}
  shift
  [ "${CI:-}" = true ] && werror=ON
  [ "$preset" = clang ] && unity=OFF
  mkdir -p "$root/build"
  cmake --preset "$preset" -DWEIR_WARNINGS_AS_ERRORS=$werror -DCMAKE_UNITY_BUILD=$unity "$@" >"$root/build/$preset.configure.log" 2>&1 || {
    cat "$root/build/$preset.configure.log" >&2
    fail "cmake could not configure the preset $preset"
  }
}

jobs=${WEIR_JOBS:-$(nproc)}
