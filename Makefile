# `make demo` and `make test` do all of their own set-up; they need Rust and Node 20.3 or newer.

SHELL := /bin/sh
.DELETE_ON_ERROR:
.PHONY: demo test fuzz soak bench docs setup build format

# Every recipe that runs a tool reads what the set-up found.
TOOLS := . tools/env &&

demo: build
	@$(TOOLS) node tools/demo.mjs

test:
	@sh tools/test.sh

# Inputs that nobody would write, for `MINUTES=30` in each language rather than once.
fuzz: setup
	@sh tools/fuzz.sh $(MINUTES)

# Mixed events and faults, for two minutes or `MINUTES=30`.
soak: setup
	DARTFLARE_SOAK_MINUTES=$(or $(MINUTES),2) cargo test --test e2e soak:: -- --nocapture

bench: setup
	cargo build --release
	@$(TOOLS) node benches/all.mjs

# The site of docs/, to target/site, and whether all in it leads somewhere and is found. Only `npm ci` needs a network, and only once.
docs:
	@test -d tools/site/node_modules || npm ci --prefix tools/site --no-audit --no-fund
	@npm run --silent build --prefix tools/site
	@node tests/browser/site.mjs

build: setup
	cargo build

setup:
	@command -v cargo >/dev/null || { echo 'make: no `cargo` on PATH: install Rust (https://rustup.rs)' >&2; exit 3; }
	@command -v node >/dev/null || { echo 'make: no `node` on PATH: install Node 20.3 or newer (https://nodejs.org)' >&2; exit 3; }
	@node tools/setup.mjs

format: setup
	cargo fmt
	@$(TOOLS) "$${NODE22:?the Dart formatter needs Node 22}" tools/format_dart.mjs
