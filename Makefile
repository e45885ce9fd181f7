# `make demo` and `make test` do all the set-up they need on a machine with Rust, Python 3.10+, git and make.

CARGO ?= cargo
# Where cargo builds; honours CARGO_TARGET_DIR.
TARGET := $(shell $(CARGO) metadata --format-version 1 --no-deps 2>/dev/null | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')
RELEASE := $(TARGET)/release/pipewright
# Tests and cases run the program that cargo test builds: one build is enough.
DEBUG := $(TARGET)/debug/pipewright
# The cases that `make cases` runs with the runner in $(CASES): all, or ONLY='daily-sales schedule'.
ONLY :=

.PHONY: help release debug demo test bench cases own-cases
help:
	@echo "make demo    build, install the runtime, and run the main job on a sample shop"
	@echo "make test    every test, with real dbt, Airflow and linters"
	@echo "make bench   the benchmarks of docs/benchmarks.md"
	@echo "make cases   practice requirements: make cases CASES=../shared/cases"
	@echo "make own-cases   our own, one line a case: make own-cases OWN='hospital music/top-artists'"

release:
	$(CARGO) build --release --locked

debug:
	$(CARGO) test --locked --no-run

demo: release
	scripts/demo.sh $(RELEASE)

test: debug
	$(DEBUG) setup --with airflow
	scripts/servers.sh
	PIPEWRIGHT_JUDGES="$$(scripts/judges.sh)" && export PIPEWRIGHT_JUDGES && $(CARGO) test --locked --no-fail-fast

bench: release
	benches/run.sh $(RELEASE)

cases: debug
	$(DEBUG) setup
	scripts/cases.sh $(DEBUG) "$(CASES)" $(ONLY)

own-cases: debug
	$(DEBUG) setup
	scripts/own-cases.sh $(DEBUG) $(OWN)
