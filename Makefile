# make run    opens the window on the demo          make test    sets everything up and passes the tests
# make bench  measures, prints ratios               make soak    the long reliability runs
#                                                   (SOAK_MINUTES=5 make soak: a shorter session)
# make pictures   makes the pictures of the window and of the lenses in docs/ anew
# make gpu    the proof on a GPU: right and quick? (docs/benchmarks.md; GPU="--device cpu --small" tries it without one)
PYTHON ?= python3
VENV := .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: run test lint bench pictures gpu soak clean

run: $(VENV)/.runs
	$(BIN)/python -m explorer --demo

# One part after another: what the window starts at the lowest priority gets no turn while two other parts want one each.
test: $(VENV)/.tests lint
	rm -rf .covered
	$(BIN)/python -m pytest -p tests.covered -n 2 --dist worksteal -m "not soak and not bench" --ignore=tests/e2e
	$(BIN)/python -m tests.screen $(BIN)/python -m pytest -p tests.covered -n auto --dist loadfile tests/e2e -m "not soak"
	$(BIN)/python -m slipcover --skip-covered --merge .covered/*.json --out .covered/all.json --fail-under 90

lint: $(VENV)/.tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --num-workers 2
	$(BIN)/lint-imports

bench: $(VENV)/.tests
	$(BIN)/python -m tests.screen $(BIN)/python -m tests.bench

pictures: $(VENV)/.tests
	$(BIN)/python -m tests.screen $(BIN)/python -m tests.pictures

# With a Python that has torch already, nothing is installed: make gpu GPU_PYTHON=python3
GPU ?= --device cuda
GPU_PYTHON ?= $(BIN)/python
gpu: $(if $(filter $(BIN)/python,$(GPU_PYTHON)),$(VENV)/.runs)
	$(GPU_PYTHON) -m tests.gpu $(GPU) $(if $(wildcard local/pictures.npz),--pictures local/pictures.npz)

soak: $(VENV)/.tests
	$(BIN)/python -m pytest -m soak --timeout=5400
	HYPOTHESIS_PROFILE=search $(BIN)/python -m pytest -m "hypothesis and not soak" --timeout=1800

$(VENV)/.runs: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	@echo "Installing torch, Qt and the rest: about 6 GB, some minutes. It happens once."
	$(PIP) install -q -e ".[onnx]"
	$(BIN)/python -m compileall -q explorer trainer resources
	$(BIN)/python -m explorer.display
	$(BIN)/python -c "import pathlib; pathlib.Path('$@').touch()"

# One install of everything. pip compiles on one processor; compileall takes all of them, and leaves others' tests out.
$(VENV)/.tests: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	@echo "Installing torch, Qt, the tools of the tests and the rest: about 6 GB, some minutes. It happens once."
	$(PIP) install -q --no-compile -e ".[onnx,test]"
	-$(BIN)/python -m compileall -qq -j 0 -x '[/\\]tests[/\\]' $(VENV)/lib explorer trainer resources
	$(BIN)/python -m explorer.display
	$(BIN)/python -m tests.screen --install
	$(BIN)/python -c "import pathlib; pathlib.Path('$@').touch()"

clean:
	rm -rf $(VENV)
