# Every target makes .venv on first use and again when the pins change.
PYTHON ?= python3
BIN := .venv/bin
export OMP_NUM_THREADS ?= 1

.PHONY: demo test lint format clean

.venv/.installed: envs/requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if (3, 11) <= v < (3, 14) else \
	    f"twist needs Python 3.11, 3.12 or 3.13; {sys.executable} is {v.major}.{v.minor}. Use: make PYTHON=python3.12 ...")'
	@echo "Setting up .venv with the pins of envs/requirements.txt (once; one to three minutes) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r envs/requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
