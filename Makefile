# make demo: train TWIST on the generated benchmark; make test: run the tests. Each sets up .venv on first use.

PYTHON ?= python3
BIN := .venv/bin
export OMP_NUM_THREADS ?= 1

# Without a GPU the rules that would hold one run on the CPU, as many at a time as there are cores.
CORES ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu)
GPUS := $(shell nvidia-smi -L 2>/dev/null | grep -c '^GPU ')

# make demo ROUNDS=2 stops after two rounds; without it the same command goes on with the others.
FEWER := $(if $(ROUNDS),--config 'settings={"selftraining": {"rounds": $(ROUNDS)}}')

# Set-up shows its progress to a person, and leaves a log short.
PIP := $(BIN)/python -m pip install --disable-pip-version-check $(shell test -t 2 || echo --quiet)
SNAKEMAKE := $(BIN)/snakemake --cores $(CORES) --resources gpu=$(GPUS) $(FEWER) --quiet rules host --

.PHONY: setup demo full test bench lint format clean

setup: .venv/.installed  ## .venv alone; every other target does it on first use

demo: .venv/.installed  ## Sup-only, control and TWIST on rooms with 5 % labels: their table, and TWIST's scans in 3D
	@$(SNAKEMAKE) results/tables/rooms_5pct.md results/rooms_5pct/viewer.html
	@echo && cat results/tables/rooms_5pct.md
	@echo && echo "Open results/rooms_5pct/viewer.html in a browser to see what TWIST found, and learned from."

full: .venv/.installed  ## full supervision on rooms, the upper bound
	@$(SNAKEMAKE) results/rooms_100pct-suponly/eval.json

test: .venv/.installed
	@$(BIN)/python -m pytest

bench: .venv/.installed  ## processor time of every step beside a plain reference: results/bench/bench.md
	@$(BIN)/python -m benchmarks.bench

lint: .venv/.installed
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/snakefmt --check Snakefile workflow
	@$(BIN)/snakemake --lint

format: .venv/.installed
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/snakefmt Snakefile workflow

clean:  ## everything but .venv and raw downloads
	rm -rf results .snakemake

.venv/.installed: envs/requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info < (3, 14) else \
	    "twist needs Python 3.11, 3.12 or 3.13, and " + sys.executable + " is " + sys.version.split()[0] + \
	    ". Name another: make PYTHON=python3.12 ...")'
	@echo "Setting up .venv with the pins of envs/requirements.txt: once, one to three minutes, 3 GB ..."
	@$(PYTHON) -m venv .venv
	@$(PIP) -r envs/requirements.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@
