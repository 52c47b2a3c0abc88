# make lab       the lessons, in JupyterLab
# make test      unit tests, exercises, every notebook under strict nbval
# make browser   every lesson in a real browser, where there is a Chromium
# All first make .venv from lock.txt, unless it is there and current. PYTHON=... names the Python to use.

VENV := .venv
BIN := $(VENV)/bin
PYTHON := python3.13 python3.12 python3.11 python3
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install --no-deps

# Whatever the user's pip is told to do elsewhere, here it installs into .venv.
unexport PIP_TARGET PIP_PREFIX PIP_ROOT PYTHONHOME PYTHONPATH
export PIP_USER := 0
export PIP_REQUIRE_HASHES := 0

.PHONY: lab test browser browser-binder test-lowest test-newest lock environment

lab: environment
	@$(BIN)/course lab

test: environment
	$(BIN)/python -m pytest -n 2 --dist loadfile
	$(BIN)/python tests/notebooks/run.py

browser: environment
	$(BIN)/python -m pytest -n 2 --dist worksteal tests/browser

# The stamps hold what .venv was made from: a changed lock or a moved folder makes it anew.
environment:
	@lock="$$(cksum < lock.txt) $$PWD"; package="$$(cksum < pyproject.toml)"; \
	if [ "$$(cat $(VENV)/lock.stamp 2>&1)" != "$$lock" ]; then \
	  for python in $(PYTHON); do \
	    $$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && break; \
	    python=; \
	  done; \
	  if [ -z "$$python" ]; then \
	    echo "The course needs Python 3.11, 3.12 or 3.13, and finds none: install one, or name it with PYTHON=..." >&2; \
	    exit 1; \
	  fi; \
	  echo "Making $(VENV) with $$($$python --version): about two minutes, once."; \
	  $$python -m venv --clear $(VENV) && $(PIP) -r lock.txt && echo "$$lock" > $(VENV)/lock.stamp || exit 1; \
	fi; \
	if [ "$$(cat $(VENV)/package.stamp 2>&1)" != "$$package" ]; then \
	  $(PIP) --editable . && echo "$$package" > $(VENV)/package.stamp; \
	fi

# For maintainers, with uv: unit tests and exercises with the lowest and the newest versions that pyproject.toml allows,
# and with another Python, as in `make test-newest UV_PYTHON=3.13`.
lowest := --resolution lowest-direct
newest := --upgrade
test-lowest test-newest: test-%:
	uv venv --quiet --clear $(VENV)-$*
	uv pip install --quiet --python $(VENV)-$*/bin/python $($*) --editable '.[test]'
	$(VENV)-$*/bin/python -m pytest -n 2 --dist loadfile tests/unit tests/exercises

# For maintainers, with uv: every lesson in a browser, in an environment made from binder/ alone; UV_PYTHON names the
# Python of binder/runtime.txt.
browser-binder: environment
	uv venv --quiet --clear --seed $(VENV)-binder
	uv pip install --quiet --compile-bytecode --python $(VENV)-binder/bin/python -r binder/requirements.txt
	PATH="$(CURDIR)/$(VENV)-binder/bin:$$PATH" binder/postBuild
	COURSE_LAB_PYTHON="$(CURDIR)/$(VENV)-binder/bin/python" \
	  $(BIN)/python -m pytest -n 2 --dist worksteal tests/browser/test_lessons.py tests/browser/test_classroom.py

# For maintainers, with uv: exact pins for Python 3.11 to 3.13 on Linux, macOS and Windows.
lock:
	uv pip compile --universal --python-version 3.11 --extra test --no-header --no-emit-index-url \
	  --no-annotate --no-emit-find-links --upgrade pyproject.toml -o lock.txt
