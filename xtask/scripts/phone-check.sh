#!/usr/bin/env bash
# Type-checks crates for phones: cargo check with Debian's rustc-web, which brings the sources of its own std.
#
#   phone-check.sh ROOT TARGET-DIR CARGO-ARGUMENTS…
#   phone-check.sh CACHE/rustweb target/phone --locked -p imena-ffi --target aarch64-apple-ios
#
# Nothing is installed: the packages are unpacked in ROOT (873 MB), and rustup's toolchains neither see it nor change.
# Exit status: that of cargo; 69 when the packages cannot be fetched.
set -euo pipefail

fail() { # STATUS LINE
  printf 'phone-check: %s\n' "$2" >&2
  exit "$1"
}

unpack() { # ROOT; in a subshell that holds the lock
  partial=$1.partial
  rm -rf --one-file-system "$partial"
  trap 'rm -rf --one-file-system "$partial"' EXIT
  mkdir -p "$partial/debs" "$partial/root"
  # The names of LLVM and std carry versions that move; apt knows them.
  apt-get install --simulate --no-install-recommends rustc-web cargo-web rust-web-src 2>"$partial/log" |
    awk '/^Inst/ { print $2 }' >"$partial/names"
  [ -s "$partial/names" ] || fail 69 "apt knows no rustc-web: run apt-get update, with the security archive"
  (cd "$partial/debs" && xargs apt-get -qq -o APT::Sandbox::User=root -o Acquire::Retries=2 download) \
    <"$partial/names" 2>"$partial/log" || fail 69 "the Debian mirror cannot be reached"
  for deb in "$partial"/debs/*.deb; do dpkg-deb --extract "$deb" "$partial/root"; done
  # Written last: this file says that the root is whole.
  (cd "$partial/debs" && printf '%s\n' *.deb) >"$partial/root/packages"
  mv -T "$partial/root" "$1"
}

[ $# -ge 3 ] || fail 64 "usage is at the top of this script"
root=$(realpath -m "$1")
target=$(realpath -m "$2")
shift 2
if [ ! -e "$root/packages" ]; then
  mkdir -p "$(dirname "$root")"
  (exec 9>"$root.lock" && flock 9 && { [ -e "$root/packages" ] || unpack "$root"; })
fi
exec env -u RUSTUP_TOOLCHAIN -u RUSTC_WRAPPER -u CARGO_TARGET_DIR \
  LD_LIBRARY_PATH="$root/usr/lib/$(uname -m)-linux-gnu:$root/usr/lib" RUSTC="$root/usr/bin/rustc" RUSTC_BOOTSTRAP=1 \
  "$root/usr/bin/cargo" check -Zbuild-std=std,panic_abort --target-dir "$target" "$@"
