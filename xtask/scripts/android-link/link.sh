#!/usr/bin/env bash
# Links libimena_ffi.so for arm64 Android without the NDK, against the vendor's SQLCipher: a check that every symbol is there, not a library for a phone.
#
#   link.sh RUSTWEB-ROOT TARGET-DIR        (RUSTWEB-ROOT as phone-check.sh leaves it)
#
# What the NDK would bring is stood in for: its linker driver by ./clang over rustup's rust-lld, its system libraries by empty ones that have the names
# which Rust's own libc crate declares for Android, its libunwind by ./unwind.rs. SQLCipher is the real one, from Maven Central.
set -euo pipefail

readonly SQLCIPHER=net.zetetic:sqlcipher-android:4.16.0
readonly TARGET=aarch64-linux-android

here=$(dirname "$(realpath "$0")")
root=$(realpath "$1")
work=$(realpath -m "$2")/android-link
mkdir -p "$work/stubs" "$work/aar"
libraries=$root/usr/lib/$(uname -m)-linux-gnu:$root/usr/lib
LLD=$(rustc --print sysroot)/lib/rustlib/$(uname -m)-unknown-linux-gnu/bin/rust-lld
export LLD

rustweb_rustc() {
  LD_LIBRARY_PATH=$libraries RUSTC_BOOTSTRAP=1 "$root/usr/bin/rustc" "$@"
}

# Name of a library, then the functions it shall seem to have.
stub() {
  local name=$1 symbols=()
  shift
  for symbol in "$@"; do symbols+=("--defsym=$symbol=0"); done
  "$LLD" -flavor gnu -m aarch64linux -shared -soname "lib$name.so" "${symbols[@]}" -o "$work/stubs/lib$name.so" "$work/stubs/unwind.o"
}

if [ ! -e "$work/aar/jni/arm64-v8a/libsqlcipher.so" ]; then
  mvn -B -ntp -q dependency:copy -Dartifact="$SQLCIPHER:aar" -DoutputDirectory="$work/aar"
  (cd "$work/aar" && jar xf ./*.aar jni/arm64-v8a/libsqlcipher.so)
fi
export SQLCIPHER_LIB_DIR=$work/aar/jni/arm64-v8a SQLCIPHER_INCLUDE_DIR=$work/aar

rustweb_rustc --edition 2024 --target $TARGET --crate-type lib --emit obj -C panic=abort -o "$work/stubs/unwind.o" "$here/unwind.rs"
ar rcs "$work/stubs/libunwind.a" "$work/stubs/unwind.o"
declared() {
  local folder
  find "$root/usr/src" -path '*libc-0.2*/src/unix/linux_like' -type d -print0 | while IFS= read -r -d '' folder; do
    grep -rhoP '^\s*pub (safe )?fn \K\w+' "$folder/android" "$folder/mod.rs" "$folder/../mod.rs"
  done
  # Called by compilers, or by their old names.
  printf '%s\n' __errno dl_iterate_phdr bcmp memcpy memmove memset memcmp strlen __cxa_atexit __cxa_finalize __cxa_thread_atexit_impl
}
mapfile -t functions < <(declared | sort -u)
stub c "${functions[@]}"
stub m sincos sincosf sqrt pow exp log sin cos tan floor ceil fmod exp2 log2 log10 cbrt hypot atan2 fma round trunc sqrtf powf expf logf fmodf floorf ceilf roundf truncf
stub dl dlopen dlsym dlclose dlerror dladdr
stub log __android_log_print __android_log_write

env -u RUSTUP_TOOLCHAIN -u RUSTC_WRAPPER -u CARGO_TARGET_DIR LD_LIBRARY_PATH="$libraries" RUSTC="$root/usr/bin/rustc" RUSTC_BOOTSTRAP=1 \
  CARGO_TARGET_AARCH64_LINUX_ANDROID_LINKER="$here/clang" \
  CARGO_TARGET_AARCH64_LINUX_ANDROID_RUSTFLAGS="-Clink-arg=-L$work/stubs -Clink-arg=-Wl,-z,defs -Clink-arg=-Wl,-z,max-page-size=16384" \
  "$root/usr/bin/cargo" rustc -Zbuild-std=std,panic_unwind --target-dir "$work/target" --locked --target $TARGET \
  --package imena-ffi --no-default-features --lib --crate-type cdylib

library=$work/target/$TARGET/debug/libimena_ffi.so
readelf --file-header --dynamic --program-headers --wide "$library" | grep -E 'Machine|NEEDED|SONAME|LOAD'
taken=$(readelf --dyn-syms --wide "$library" | grep -c 'UND sqlite3_')
printf 'linked: %s functions are taken from the vendor'"'"'s SQLCipher\n' "$taken"
