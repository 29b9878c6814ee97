# make app    install what is needed and serve GANscope on http://127.0.0.1:8501 (PORT=8600 make app: another port)
# make class  the same for a class in this network: both tokens, the links, and a list of what is open
# make test   install what the tests need and run every check (ARGS="-k words" for some of the tests)
# make test-long   the trials that take longest, which `make test` leaves out
# make lint   the quick checks only
# make test-oldest   make test with the lowest versions that requirements.txt allows, in an environment of its own
# make docs   the documentation as a site, in build/site
# make bench  the measurements behind docs/benchmarks.md

PORT ?= 8501
ADDRESS ?= 127.0.0.1
ARGS ?=
TRIALS = not long
# In a URL an IPv6 address stands in brackets; "every address" is none that a browser can ask.
NAME := $(if $(filter 0.0.0.0 ::,$(ADDRESS)),localhost,$(if $(findstring :,$(ADDRESS)),[$(ADDRESS)],$(ADDRESS)))
BELOW := $(patsubst %,/%/,$(patsubst /%,%,$(patsubst %/,%,$(STREAMLIT_SERVER_BASE_URL_PATH))))
VENV := .venv
LOWEST :=
PY := $(VENV)/bin/python
SCRIPTS := node_modules
# The checks' own Node comes from requirements-dev.txt.
NODE = PATH="$(abspath $(VENV))/bin:$$PATH"

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
export PIP_RETRIES := 5
export PIP_TIMEOUT := 60
export UV_HTTP_TIMEOUT := 120
export PYTHONUNBUFFERED := 1

.SILENT:
.PHONY: help app class test test-long test-oldest lint docs scripts bench chromium
.DEFAULT_GOAL := help

help:
	sed -n 's/^# \(make .*\)/\1/p' Makefile

app: $(VENV)/app.stamp
	$(PY) -c "$$CHECK_PORT" "$(ADDRESS)" "$(PORT)"
	echo "GANscope is on http://$(NAME):$(PORT)$(BELOW) in a moment; Ctrl-C stops it, with every run saved."
	exec $(VENV)/bin/streamlit run app.py --server.headless true --server.address "$(ADDRESS)" --server.port "$(PORT)"

class: $(VENV)/app.stamp
	$(PY) -c "$$CHECK_PORT" 0.0.0.0 "$(PORT)"
	exec $(PY) -m pages.server.class_start "$(PORT)"

test: lint chromium
	eval "$$SETUP"; CHROMIUM="$$(find_chromium)" $(PY) -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "$(TRIALS)" $(ARGS)

test-long:
	$(MAKE) test TRIALS=long

# Not every one of the lowest versions can be had for a newer Python.
test-oldest:
	PYTHON="$${PYTHON:-python3.11}" $(MAKE) test VENV=.venv-oldest LOWEST=lowest

lint: $(VENV)/dev.stamp scripts
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(NODE) $(SCRIPTS)/.bin/tsc
	$(NODE) $(SCRIPTS)/.bin/eslint pages

docs: $(VENV)/dev.stamp
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --quiet
	echo "The documentation begins at build/site/index.html."

bench: $(VENV)/dev.stamp chromium
	eval "$$SETUP"; export CHROMIUM="$$(find_chromium)"; \
	for name in $$(grep -rl --include=*.py --exclude-dir=recordings '^main()\|^if __name__' benchmarks | sed 's|/__main__\.py$$||; s|\.py$$||; s|/|.|g' | sort); do \
	  echo "== $$name"; $(PY) -m "$$name" || exit 1; \
	done

# The stamps are older than the lists, or than the interpreter, exactly when something has to be installed.
$(PY):
	eval "$$SETUP"; make_environment

$(VENV)/app.stamp: requirements.txt $(PY)
	eval "$$SETUP"; install requirements.txt
	touch $@

$(VENV)/dev.stamp: requirements-dev.txt requirements.txt $(PY)
	eval "$$SETUP"; install requirements-dev.txt
	touch $(VENV)/app.stamp $@

$(SCRIPTS)/installed.stamp: package-lock.json $(VENV)/dev.stamp
	eval "$$SETUP"; install_script_checks
	touch $@

scripts: $(SCRIPTS)/installed.stamp

chromium:
	eval "$$SETUP"; find_chromium >/dev/null || install_chromium

define SETUP
say() { echo "$$*" >&2; exit 1; }

find_python() {
  for python in "$$PYTHON" python3 python3.14 python3.13 python3.12 python3.11 python; do
    [ -n "$$python" ] && "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && return
  done
  return 1
}

make_environment() {
  python=$$(find_python) || say "Python 3.11 or newer is needed: install it, or name it with PYTHON=/path/to/python3 make."
  if command -v uv >/dev/null; then uv venv --quiet --no-project --clear --python "$$python" $(VENV)
  else "$$python" -m venv --clear $(VENV); fi || { rm -rf $(VENV); say "The environment $(VENV) could not be made (the reason is above); on Debian: apt-get install python3-venv."; }
}

install() {
  echo "Installing $$1 into $(VENV); the first time this takes some minutes."
  set -- -r "$$1"
  if [ -n "$(LOWEST)" ]; then
    sed -n 's/^\([A-Za-z0-9-]*\)>=\([0-9.]*\).*/\1==\2/p' requirements.txt > $(VENV)/lowest.txt
    set -- "$$@" -c $(VENV)/lowest.txt
  fi
  if command -v uv >/dev/null; then uv pip install --python $(PY) "$$@"
  else $(PY) -m pip install "$$@"; fi || say "Installing failed (the reason is above): check the network and run make again."
}

install_script_checks() {
  echo "Installing package-lock.json into $(SCRIPTS)."
  $(NODE) npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error || say "Installing failed (the reason is above): check the network and run make again."
}

# The shell is Chromium without a window's parts; a page opens in it for two thirds of the processor's time.
find_chromium() {
  for browser in "$$CHROMIUM" chromium-headless-shell chromium chromium-browser google-chrome google-chrome-stable; do
    [ -n "$$browser" ] && command -v "$$browser" && return
  done
  return 1
}

install_chromium() {
  need="The browser tests need Chromium: install it, or name it with CHROMIUM=/path/to/chromium make test."
  PATH="$$PATH:/usr/local/sbin:/usr/sbin:/sbin"
  export DEBIAN_FRONTEND=noninteractive
  command -v apt-get >/dev/null || say "$$need"
  as_root=; [ "$$(id -u)" = 0 ] || { command -v sudo >/dev/null || say "$$need"; as_root="sudo --preserve-env=DEBIAN_FRONTEND"; }
  echo "Installing Chromium from this system's packages."
  $$as_root apt-get -qq -o Acquire::Retries=3 update || true
  for package in chromium-headless-shell chromium; do
    $$as_root apt-get -qq -y -o Acquire::Retries=3 install --no-install-recommends $$package fonts-liberation </dev/null && return
  done
  say "$$need"
}
endef
export SETUP

define CHECK_PORT
import socket, sys
address, port = sys.argv[1:]
if not (port.isdecimal() and 1 <= int(port) <= 65535):
    sys.exit(f"PORT is {port}; it must be a whole number from 1 to 65535.")
try:
    family, kind, protocol, _, where = socket.getaddrinfo(address, int(port), type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(where)
except OSError as error:
    sys.exit(f"Port {port} of {address} cannot be used ({error.strerror}): stop what listens there, or choose another, as in PORT=8600 make app.")
endef
export CHECK_PORT
