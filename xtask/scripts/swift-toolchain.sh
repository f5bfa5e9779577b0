#!/usr/bin/env bash
# Runs `swift …` on a Debian machine that has no Swift, in a folder unpacked from Debian packages.
#
#   swift-toolchain.sh [--checkout DIR] [--bind DIR]… [--scratch DIR] ROOT -- SWIFT-ARGUMENTS…
#   swift-toolchain.sh ROOT                    only make sure that ROOT is there
#
#   swift-toolchain.sh CACHE/swift -- test --package-path ios
#   swift-toolchain.sh CACHE/swift -- format lint --strict --recursive ios
#
# ROOT       where the toolchain is kept: one folder for all checkouts, outside of them. Made when missing.
# --checkout seen at its own path inside, writable; default: the git work tree around the current folder.
# --bind     one more folder, in the same way. CARGO_TARGET_DIR is bound by itself when it is set.
# --scratch  build products and caches of Swift; default: <cargo target folder>/swift.
#
# Exit status: that of swift; or, said in one line on standard error,
#   64 wrong use    69 the Debian mirror cannot be reached    70 the root could not be built    77 no right to mount
# Only 69 means "not to be had now": a caller may skip the Swift part for it, and must say so; CI must fail.
#
# Nothing is installed on the machine but mmdebstrap. ROOT is read-only while swift runs. Mounts and processes live in
# namespaces of that run, so that none outlives it: not when it is killed, not when a test hangs.
set -euo pipefail

readonly SUITE=trixie # Swift 6.0.3; its glibc is newer than bookworm's, hence a root of its own
# `extract` resolves dependencies but knows no essential packages, so what a shell needs is named too
# (libc-bin holds the C.UTF-8 locale).
readonly PACKAGES=base-files,bash,coreutils,libc-bin,swiftlang,libc6-dev,libstdc++-14-dev
# The trixie keys came to this file with debian-archive-keyring 2023.3+deb12u2 (in bookworm since 12.11).
readonly KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
readonly STAMP=.swift-toolchain # in ROOT: the recipe, then one line per package and version
readonly RECIPE="recipe 1 $SUITE $PACKAGES"
# Everything else of the caller's environment stays outside.
readonly PASSED_ON=(CI TERM NO_COLOR LANG IMENA_BIN IMENA_STAGE)
# 6.0.3: libswiftObservation.so asks for a symbol that no library has; it is called only on a fatal error.
readonly LINKER_WORKAROUND=(-Xlinker --allow-shlib-undefined)
readonly LOCK_WAIT_S=600 # another apt may be at work

fail() { # STATUS LINE
  printf 'swift-toolchain: %s\n' "$2" >&2
  exit "$1"
}

# The archive that this machine's own apt installs from; works before the first `apt-get update` too.
debian_mirror() {
  local codename
  # shellcheck source=/dev/null
  codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:?}")
  apt-get update --print-uris | sed -n "s|^'\([^']*\)/dists/$codename/\(In\)\{0,1\}Release'.*|\1|p" | head -n 1
}

assert_mirror_reachable() { # MIRROR SCRATCH-FOLDER
  [ -n "$1" ] || fail 69 "the Debian mirror cannot be reached: apt has no source for this release"
  /usr/lib/apt/apt-helper -o APT::Sandbox::User=root -o Acquire::Retries=2 -o Acquire::http::Timeout=20 \
    -o Acquire::https::Timeout=20 download-file "$1/dists/$SUITE/InRelease" "$2/InRelease" >"$2/log" 2>&1 ||
    fail 69 "the Debian mirror cannot be reached: no $SUITE/InRelease from the archive in apt's sources"
}

# apt-get, waiting while another apt holds any of its locks (DPkg::Lock::Timeout covers only dpkg's).
apt_get() {
  local said
  until said=$(LC_ALL=C DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=$LOCK_WAIT_S "$@" 2>&1); do
    if ! grep -qE 'Could not get lock|Unable to (lock|acquire)' <<<"$said" || ((SECONDS > LOCK_WAIT_S)); then
      printf '%s\n' "$said" >&2
      return 1
    fi
    sleep 2
  done
}

ensure_mmdebstrap() {
  command -v mmdebstrap >/dev/null && return
  apt_get install -y --no-install-recommends mmdebstrap 2>/dev/null || # fails on a machine that never ran update
    { apt_get update && apt_get install -y --no-install-recommends mmdebstrap; } ||
    fail 70 "apt could not install mmdebstrap"
}

is_built() { # ROOT
  [ "$(head -n 1 "$1/$STAMP" 2>/dev/null)" = "$RECIPE" ]
}

build_root() { # ROOT; in a subshell that holds the lock
  local root=$1 mirror
  # A root appears under its own name only when it is whole, so whatever is left under the other one is a failed try.
  partial=$root.partial # not local: the trap below still needs it after the function
  rm -rf --one-file-system "$partial"
  trap 'rm -rf --one-file-system "$partial"' EXIT
  mkdir -p "$partial"
  mirror=$(debian_mirror)
  assert_mirror_reachable "$mirror" "$partial"
  ensure_mmdebstrap
  printf 'swift-toolchain: unpacking Swift from Debian %s (once; about a minute, 530 MB to fetch)\n' "$SUITE" >&2
  # How this machine's apt talks to its mirror (proxies, dates) goes along; which mirror and key is said here.
  apt-config dump | grep -E '^Acquire::(https?::|Retries|Check-|ForceIPv)' >"$partial/apt.conf" || true
  # shellcheck disable=SC2016 # the hook's $1 is mmdebstrap's
  mmdebstrap --variant=extract --include="$PACKAGES" --aptopt="$partial/apt.conf" --skip=check/signed-by \
    --extract-hook='for deb in "$1"/var/cache/apt/archives/*.deb; do
      dpkg-deb --show --showformat "\${Package} \${Version} \${Architecture}\n" "$deb"; done >"$1/packages"' \
    "$SUITE" "$partial/root" "deb [signed-by=$KEYRING] $mirror $SUITE main" >"$partial/log" 2>&1 || {
    tail -n 20 "$partial/log" >&2
    fail 70 "the Swift root could not be built; mmdebstrap's last lines are above"
  }
  if [ ! -x "$partial/root/usr/libexec/swift/bin/swift" ] || ! grep -q '^swiftlang ' "$partial/root/packages"; then
    fail 70 "the Swift root was built but holds no Swift: Debian's packaging has changed"
  fi
  { printf '%s\n' "$RECIPE" && sort "$partial/root/packages"; } >"$partial/root/$STAMP"
  rm "$partial/root/packages"
  if [ -e "$root" ]; then mv -T "$root" "$partial/old"; fi # empty, or of an older recipe
  mv -T "$partial/root" "$root"
}

ensure_root() { # ROOT
  is_built "$1" && return
  if [ -e "$1" ] && [ ! -e "$1/$STAMP" ] && [ -n "$(ls -A "$1")" ]; then
    fail 64 "$1 has other things in it: name a folder that is missing, empty or built by this script"
  fi
  mkdir -p "$(dirname "$1")"
  ( # a subshell, so that the lock and the trap end with it
    exec 9>"$1.lock"
    flock 9
    is_built "$1" || build_root "$1"
  )
}

# Runs a command in ROOT, in HERE, with the folders at their own paths. ROOT is read-only, /tmp is empty and in memory.
enter() { # ROOT HOME HERE FOLDER… -- COMMAND…
  local kept=() name inside
  for name in "${PASSED_ON[@]}"; do
    if [ -n "${!name+set}" ]; then kept+=("$name=${!name}"); fi
  done
  # SwiftPM gives tests a process group of their own, so that a hung one survives its parent; a PID namespace does not
  # let it. When this script dies, by whatever signal, setpriv's and then unshare's ends with everything inside.
  # shellcheck disable=SC2016
  setpriv --pdeathsig KILL unshare --mount --propagation private --pid --fork --kill-child -- bash -euc '
    root=$1 home=$2 here=$3; shift 3
    kept=(); while [ "$1" != -- ]; do kept+=("$1"); shift; done; shift
    folders=(); while [ "$1" != -- ]; do folders+=("$1"); shift; done; shift
    mount --bind "$root" "$root"
    cd "$root" # the new mount, not what it covers
    mount -t tmpfs -o mode=1777 tmpfs ./tmp
    for folder in "${folders[@]}"; do mkdir -p ".$folder"; done
    mount -o remount,bind,ro "$root"
    mount -t proc proc ./proc # without it libswiftCore.so is not found
    mount --rbind /dev ./dev
    for folder in "${folders[@]}"; do mount --rbind "$folder" ".$folder"; done
    exec chroot . /usr/bin/env -i "${kept[@]}" LC_ALL=C.UTF-8 HOME="$home" PATH=/usr/libexec/swift/bin:/usr/bin \
      bash -uc '\''cd "$1" && shift && "$@"; exit $?'\'' _ "$here" "$@" # bash stays, to be PID 1
  ' _ "${@:1:3}" "${kept[@]}" -- "${@:4}" <&0 &
  inside=$!
  trap 'kill -KILL "$inside"; exit 129' HUP
  trap 'kill -KILL "$inside"; exit 130' INT
  trap 'kill -KILL "$inside"; exit 143' TERM
  wait "$inside"
}

swift_command() { # sets `command` to the swift call, with what every build in this root needs
  local subcommand=$1
  shift
  case $subcommand in
    build | test | run | package)
      command=(swift "$subcommand" --scratch-path "$scratch/build" --cache-path "$scratch/cache")
      if [ "$subcommand" != package ]; then command+=("${LINKER_WORKAROUND[@]}"); fi
      command+=("$@")
      ;;
    *) command=(swift "$subcommand" "$@") ;;
  esac
}

main() {
  local checkout='' scratch='' root='' here folders=() command=()
  while [ $# -gt 0 ]; do
    case $1 in
      --checkout | --bind | --scratch)
        [ $# -ge 2 ] || fail 64 "$1 wants a folder"
        case $1 in --checkout) checkout=$2 ;; --bind) folders+=("$2") ;; --scratch) scratch=$2 ;; esac
        shift 2
        ;;
      --) break ;;
      -*) fail 64 "unknown option $1" ;;
      *)
        [ -z "$root" ] || fail 64 "one ROOT, not two: $1"
        root=$1
        shift
        ;;
    esac
  done
  [ -n "$root" ] || fail 64 "no ROOT named; usage is at the top of this script"
  unshare --mount true 2>/dev/null || fail 77 "needs root and the right to make private mounts (CAP_SYS_ADMIN)"
  root=$(realpath -m "$root")
  ensure_root "$root"
  [ $# -gt 1 ] || return 0 # nothing after --
  shift

  checkout=$(realpath "${checkout:-$(git rev-parse --show-toplevel 2>/dev/null || pwd)}")
  scratch=$(realpath -m "${scratch:-${CARGO_TARGET_DIR:-$checkout/target}/swift}")
  mkdir -p "$scratch/home"
  here=$(pwd -P)
  case $here/ in "$checkout"/*) ;; *) here=$checkout ;; esac
  folders+=("$checkout" "$scratch" ${CARGO_TARGET_DIR:+"$CARGO_TARGET_DIR"})
  local index
  for index in "${!folders[@]}"; do
    folders[index]=$(realpath "${folders[index]}") || fail 64 "no such folder: ${folders[index]}"
    case ${folders[index]} in / | /usr | /bin | /lib | /lib64 | /etc | /proc | /dev | /sys | /tmp)
      fail 64 "${folders[index]} cannot be bound: Swift's root has its own" ;;
    esac
  done
  swift_command "$@"
  enter "$root" "$scratch/home" "$here" "${folders[@]}" -- "${command[@]}"
}

main "$@"
