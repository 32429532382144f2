#!/bin/sh
# Inputs that nobody would write, for Rust, JavaScript and Dart, each once or for so many minutes: other inputs each time,
# unless DARTFLARE_FUZZ_SEED is set. Then, where cargo-fuzz and a nightly compiler are installed, inputs guided by coverage
# for as long again, shared by the targets in Rust: what reaches code that no input in tests/corpus does is kept there.
set -eu
cd "$(dirname "$0")/.."
. tools/env

minutes=${1:-}
DARTFLARE_FUZZ_SEED=${DARTFLARE_FUZZ_SEED:-$(date +%s)}
export DARTFLARE_FUZZ_MINUTES="$minutes" DARTFLARE_FUZZ_SEED
printf 'DARTFLARE_FUZZ_SEED=%s\n' "$DARTFLARE_FUZZ_SEED"
cargo test --lib fuzz:: -- --nocapture
node --test --test-reporter=spec tests/js/fuzz.test.mjs
"$DARTFLARE_DART" $DART_FLAGS --packages=dart_runtime/.dart_tool/dartflare/package_config.json dart_runtime/test/all.dart

[ -n "$minutes" ] || exit 0
if ! cargo +nightly fuzz --version >/dev/null 2>&1; then
  echo 'not guided by coverage: needs `cargo install cargo-fuzz` and `rustup toolchain install nightly`' >&2
  exit 0
fi

cargo +nightly fuzz build --sanitizer none
targets=$(cargo +nightly fuzz list)
seconds=$((minutes * 60 / $(echo "$targets" | wc -l) + 1))
for target in $targets; do
  printf '\n== %s\n' "$target"
  found=fuzz/corpus/$target
  kept=tests/corpus/$target
  mkdir -p "$found"
  guided() {
    cargo +nightly fuzz run --sanitizer none "$target" "$@" -timeout=20 -rss_limit_mb=1024
  }
  guided "$found" "$kept" -- -max_total_time="$seconds" -max_len=2048 -print_final_stats=1
  guided "$kept" "$found" -- -merge=1 -set_cover_merge=1 -use_counters=0
done
