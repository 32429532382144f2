#!/bin/sh
# A Dart SDK for tests: it answers `--version`, `pub get`, `compile js` and `compile wasm` as the files in `../fake`
# say. It is evidence about what is done with a compiler's answer, and never about Dart itself: what a real compiler
# accepts, prints and writes is not known from here.
#
# version              what `--version` names
# log                  written here: for each `pub get` and `compile` the folder and the arguments, an empty line after
# stdout, stderr       what `compile` says
# exit                 how `compile` and `pub get` end, 0 unless said
# kill                 `compile` is killed, as by a system without memory
# hang                 a FIFO: `compile` and a child of it hold it open and never end, whatever SIGTERM asks
# wait                 a FIFO: `compile` goes on when it has read a line from it
# beside               a folder: what else `compile` writes beside its output
# silent               `compile` ends well and writes nothing
# main.js, main.wasm, main.mjs   what `compile` writes, a line of text unless said
# package_config.json  what `pub get` writes
PATH=/usr/bin:/bin
fake=${0%/*}/../fake
case "$1 $2" in
--version*)
    echo "Dart SDK version: $(cat "$fake/version") (stable) (Wed Apr 16 14:06:32 2025 -0700) on \"linux_x64\""
    exit 0
    ;;
"pub get" | "compile js" | "compile wasm") ;;
*)
    echo "Could not find a command named \"$1\"." >&2
    exit 64
    ;;
esac
{
    pwd
    printf '%s\n' "$@" ''
} >>"$fake/log"
code=0
[ -f "$fake/exit" ] && code=$(cat "$fake/exit")
if [ "$1" = pub ]; then
    if [ -f "$fake/package_config.json" ]; then
        mkdir -p .dart_tool
        cp "$fake/package_config.json" .dart_tool/package_config.json
    fi
    exit "$code"
fi
[ -f "$fake/stdout" ] && cat "$fake/stdout"
[ -f "$fake/stderr" ] && cat "$fake/stderr" >&2
[ -p "$fake/wait" ] && read -r _ <"$fake/wait"
if [ -p "$fake/hang" ]; then
    trap '' TERM
    exec 3>"$fake/hang"
    sleep 1000 &
    echo started >&3
    wait
fi
[ -f "$fake/kill" ] && kill -KILL $$
if [ "$code" != 0 ] || [ -f "$fake/silent" ]; then
    exit "$code"
fi
maps=yes
previous=
for argument in "$@"; do
    [ "$previous" = -o ] && output=$argument
    [ "$argument" = --no-source-maps ] && maps=no
    previous=$argument
done
give() {
    if [ -f "$fake/$1" ]; then cp "$fake/$1" "$2"; else echo "// $1 of the fake compiler" >"$2"; fi
}
give "main.$2" "$output"
[ $maps = no ] || echo '{"version":3,"sources":[],"names":[],"mappings":""}' >"$output.map"
if [ "$2" = js ]; then
    echo "$previous" >"$output.deps"
    echo 'Compiled 1 input bytes (1 characters source) to 1 characters JavaScript in 0.1 seconds using 1 MB of memory'
else
    give main.mjs "${output%.wasm}.mjs"
    echo "Generated wasm module '$output', and JS init file '${output%.wasm}.mjs'."
fi
[ ! -d "$fake/beside" ] || cp -r "$fake/beside/." "${output%/*}"
