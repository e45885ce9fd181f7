# `make demo` and `make test` do all the set-up they need on a machine with Rust, Python 3.10+, git and make.

CARGO ?= cargo
# Where cargo builds; honours CARGO_TARGET_DIR.
TARGET := $(shell $(CARGO) metadata --format-version 1 --no-deps 2>/dev/null | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')
PIPEWRIGHT := $(TARGET)/release/pipewright
# The cases that `make cases` runs with the runner in $(CASES).
ONLY := sample-workflow daily-sales schedule unknown-table too-vague

.PHONY: help build demo test bench cases
help:
	@echo "make demo    build, install the runtime, and run the main job on a sample shop"
	@echo "make test    every test, with real dbt, Airflow and linters"
	@echo "make bench   the benchmarks of docs/benchmarks.md"
	@echo "make cases   practice requirements: make cases CASES=../shared/cases"

build:
	$(CARGO) build --release --locked

demo: build
	scripts/demo.sh $(PIPEWRIGHT)

test: build
	$(PIPEWRIGHT) setup --with airflow
	PIPEWRIGHT_JUDGES="$$(scripts/judges.sh)" PIPEWRIGHT_BIN=$(PIPEWRIGHT) $(CARGO) test --locked

bench: build
	$(CARGO) bench --locked
	PIPEWRIGHT_BIN=$(PIPEWRIGHT) benches/side_by_side.sh

cases: build
	$(PIPEWRIGHT) setup
	scripts/cases.sh $(PIPEWRIGHT) "$(CASES)" $(ONLY)
