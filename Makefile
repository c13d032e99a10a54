# Each target makes the virtual environment it needs by itself; nothing but Python 3.11 to 3.13
# and make must be there before.
.POSIX:
.SUFFIXES:

PYTHON_CANDIDATES = python3.12 python3.13 python3.11 python3 python
VENV = .venv
BIN = $(VENV)/bin

.PHONY: demo run test test-long check bench bench-published bench-quality bench-speed mutation \
  constraints clean

demo: $(VENV)/.demo
	@$(BIN)/python -m bazgasht demo

run: $(VENV)/.product
	@$(BIN)/python -m bazgasht run

# As many processes as there are processors, at most four, each with a database of its own.
test: $(VENV)/.test
	@$(BIN)/python -m pytest -n logical --maxprocesses 4 --dist worksteal --max-worker-restart 0

# The long stories over both pretend stores, and long runs of the ledger alone: LONG_STORIES is how
# many at each store (5000), LONG_RUNS how many runs (10000), LONG_SEED what both are drawn from (1),
# LONG_WORKERS in how many processes (one for each core). The stories take an hour and a half or
# more on two cores, an estimate.
test-long: $(VENV)/.test
	@$(BIN)/python -m tests.long

check: $(VENV)/.check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.test
	@$(BIN)/python -m bench

# Prints published figures beside ours, and fails when one is off.
bench-published: $(VENV)/.test
	@$(BIN)/python -m bench.published

# Prints how good recommendations are beside other ways to choose them: ORDERS is how many orders
# of customers drawn at random are taken, by default all; FILE is a table of purchases to take
# instead of The Complete Journey.
bench-quality: $(VENV)/.bench
	@$(BIN)/python -m bench.quality $${ORDERS:+--sample $$ORDERS} $${FILE:+--file "$$FILE"}

# Prints time and memory of counting pairs beside other libraries: SIZE is a number of million lines
# or `journey`, several in quotes.
bench-speed: $(VENV)/.bench
	@$(BIN)/python -m bench.speed $(SIZE)

# Prints which share of small changes to the ledger's code the tests notice, and fails below 90 %.
mutation: $(VENV)/.mutation
	@$(BIN)/python -m bench.mutation

# Resolves all dependencies to their newest versions and writes the exact ones down.
constraints:
	rm -rf build/constraints
	@python="$$($(MAKE) -s python)" && "$$python" -m venv build/constraints
	build/constraints/bin/python -m pip install -q -e '.[bench,demo,test,check,mutation]' pyfim
	{ echo '# Exact versions of everything that is installed; `make constraints` writes it anew.'; \
	  build/constraints/bin/python -m pip freeze --exclude-editable | sort -f; } > constraints.txt

clean:
	rm -rf $(VENV) build var *.egg-info

.PHONY: python
python:
	@for name in $(PYTHON_CANDIDATES); do \
	  if "$$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	      2>/dev/null; then command -v "$$name"; exit 0; fi; \
	done; \
	echo 'Python 3.11, 3.12 or 3.13 is needed and was not found.' >&2; exit 1

$(BIN)/python:
	@python="$$($(MAKE) -s python)" && "$$python" -m venv $(VENV)

$(VENV)/.product: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.demo: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[demo]'
	@touch $@

$(VENV)/.test: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[demo,test]'
	@touch $@

# pyfim comes as C sources: where they cannot be compiled, it is left out.
$(VENV)/.bench: $(VENV)/.test
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[bench,demo]'
	-$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt pyfim
	@touch $@

$(VENV)/.mutation: $(VENV)/.test
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[mutation]'
	@touch $@

$(VENV)/.check: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt \
	  -e '.[demo,test,check]'
	@touch $@ $(VENV)/.test
