# The commands of a newcomer: `make run` and `make test`. All they need is Python 3.11 and make.

PYTHON ?= python3
BIN := .venv/bin
# Two processes, each with a database server of its own; the tests of one file stay together, and files
# come in their order: by number of tests the long ones would be the last.
PYTEST ?= -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: run install test check format clean

run: install
	@exec $(BIN)/marketplace run

install:
	@$(PYTHON) marketplace/local/install.py

test: install
	@$(BIN)/pytest $(PYTEST)

check: install
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(MAKE) --no-print-directory test

format: install
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

clean:
	rm -rf .local .venv
