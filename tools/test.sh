#!/bin/sh
# Everything that has to hold before a change is merged, and at the end a list of what was skipped and why.
# The first failure ends it.
set -eu
cd "$(dirname "$0")/.."

step() {
  printf '\n== %s\n' "$*"
  "$@"
}

make --no-print-directory setup
. tools/env

DARTFLARE_SKIPPED="$PWD/target/skipped.txt"
export DARTFLARE_SKIPPED
mkdir -p target
: >"$DARTFLARE_SKIPPED"

step cargo fmt --check
step cargo clippy --all-targets --quiet -- -D warnings

# What has to be compiled, and what needs nothing compiled, fill a machine better together.
cargo test --no-run --quiet &
compiler=$!
trap 'kill "$compiler" 2>/dev/null || :' EXIT

if cargo deny --version >/dev/null 2>&1; then
  step cargo deny --offline --locked check licenses bans sources
else
  echo 'licences and sources of the dependencies: needs cargo-deny' >>"$DARTFLARE_SKIPPED"
fi

if [ -n "$NODE22" ]; then
  step "$NODE22" tools/format_dart.mjs --check
else
  echo 'format of the Dart code: needs Node 22' >>"$DARTFLARE_SKIPPED"
fi

for module in $(git ls-files '*.mjs'); do
  node --check "$module"
done

step node --test --test-reporter=spec tests/js/*.test.mjs

if [ -f dart_runtime/test/all.dart ]; then
  step "$DARTFLARE_DART" $DART_FLAGS --packages=dart_runtime/.dart_tool/dartflare/package_config.json \
    dart_runtime/test/all.dart
fi

step make --no-print-directory docs

wait "$compiler"
trap - EXIT
step cargo test

printf '\n== the first hour\n'
tail -n 1 "${CARGO_TARGET_DIR:-target}/tmp/first-hour.txt"

printf '\n== skipped\n'
if [ -s "$DARTFLARE_SKIPPED" ]; then
  sort -u "$DARTFLARE_SKIPPED"
else
  echo 'nothing'
fi
