# personakit: `make tour` shows the kit at work, `make test` proves it.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SPARK_VENV ?= .venv-spark
# a module is compiled when it is first imported; most never are
INSTALL := -m pip install --quiet --disable-pip-version-check --no-compile

.PHONY: tour test test-spark notebooks lint bench samples lock simulations pictures docs clean

tour: $(READY)
	@$(BIN)/personakit run data/samples/lunettes --out out/lunettes

# two at a time, a file whole; one thread each, for small products only get slower on two. The notebooks' scripts are not to be
# imported for doctests (addopts): that would run each of them; and the tests do without nbval, which starts slowly. The longest
# files come first (of the tests in tests/conftest.py) and doctests last, or one core would wait for the other at the end
LONG := $(sort $(wildcard notebooks/04-*.ipynb notebooks/08-*.ipynb notebooks/00-*.ipynb))
SHORT := $(filter-out $(LONG),$(sort $(wildcard notebooks/*.ipynb notebooks/workshop/solution-*.ipynb)))

test: export OMP_NUM_THREADS = 1
test: export OPENBLAS_NUM_THREADS = 1
test: $(READY) lint
	@$(BIN)/python -m pytest tests personakit -q -n 2 --dist loadfile --no-loadscope-reorder
	@$(BIN)/python -m pytest $(LONG) $(SHORT) -o addopts= --no-loadscope-reorder --nbval --nbval-current-env \
	  --nbval-sanitize-with tests/sanitize.cfg -W default -q -n 2 --dist loadfile

# the queries of logs on a real local PySpark session, in an environment of its own; needs Java 17
test-spark: $(SPARK_VENV)/.ready
	@$(SPARK_VENV)/bin/python -m pytest tests/test_portable_spark.py -q -m spark

# only PySpark and what it alone needs: this environment looks into the other one for the rest, of which the lock names the same;
# so it is made by that one's Python, and anew: modules of another version would not load
$(SPARK_VENV)/.ready: requirements.spark.lock $(READY)
	@echo "Installing PySpark into $(SPARK_VENV) (once, a minute) ..."
	@$(BIN)/python -m venv --clear $(SPARK_VENV)
	@$(SPARK_VENV)/bin/python -c "import sys, sysconfig as at; from pathlib import Path; \
	  Path(at.get_path('purelib'), 'beside.pth').write_text('import site; site.addsitedir(%r)' % sys.argv[1])" \
	  "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
	@$(SPARK_VENV)/bin/python $(INSTALL) --require-hashes -r requirements.spark.lock
	@touch $(SPARK_VENV)/.ready

notebooks: $(READY)
	@$(BIN)/python notebooks/build.py
	@$(BIN)/python notebooks/workshop/build.py

# offline; a warning is an error
docs: $(READY)
	@$(BIN)/python -m sphinx -W --keep-going -q -b html docs out/docs

lint: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/mypy

bench: $(READY)
	@for script in benchmarks/bench_*.py benchmarks/read_events.py; do echo "== $$script"; $(BIN)/python $$script; done

simulations: $(READY)
	@for script in benchmarks/simulate_*.py; do echo "== $$script"; $(BIN)/python $$script; done

pictures: $(READY)
	@$(BIN)/python docs/pictures.py

samples: $(READY)
	@$(BIN)/python -m personakit.samples data/samples

# Installed once; again only when the lock or the project file changes.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'personakit needs Python 3.11 or newer; try: make PYTHON=python3.12')"
	@echo "Installing into $(VENV) (once, a few minutes) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python $(INSTALL) --require-hashes -r requirements.lock
	@$(BIN)/python $(INSTALL) --no-deps --no-build-isolation -e .
	@touch $(READY)

lock:
	@uv pip compile pyproject.toml requirements.build --extra all --extra docs --universal --python-version 3.11 --generate-hashes \
	  --no-annotate --no-header --no-emit-index-url --no-emit-find-links --quiet --output-file requirements.lock
	@uv pip compile pyproject.toml requirements.build --extra spark --extra events --extra test --constraint requirements.lock --universal \
	  --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links --quiet \
	  --output-file requirements.spark.lock

clean:
	@rm -rf $(VENV) $(SPARK_VENV) out
