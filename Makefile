# make run    set up what is missing and run everything on this machine
# make test   set up what is missing and run all tests, a real browser included

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
PY := .venv/bin/python
CATALOGUE := locale/zh_Hans/LC_MESSAGES/django.mo

.PHONY: run test faults lint load messages browser clean help

help:
	@sed -n '1,2s/^# //p' Makefile; echo "make faults   kill, fill, lock and restart everything, and look for what is lost (a quarter of an hour)"; echo "make lint   ruff, mypy and the import contracts"; echo "make load   measure the load to hold (several minutes, on a quiet machine)"; echo "make messages   collect strings for translation"

run: .venv/ready $(CATALOGUE)
	@$(PY) manage.py run --host $(HOST) --port $(PORT)

test: .venv/ready-develop $(CATALOGUE) browser
	$(PY) -m pytest -n auto --dist loadgroup --no-loadscope-reorder $(ARGS)

faults: .venv/ready-develop $(CATALOGUE) browser
	$(PY) -m pytest tests/faults -m "slow or not slow" $(ARGS)

lint: .venv/ready-develop
	$(PY) -m ruff check . && $(PY) -m ruff format --check . && $(PY) -m mypy interviewer questions && .venv/bin/lint-imports

load: .venv/ready-develop
	$(PY) benchmarks/load.py $(ARGS)

messages: .venv/ready-develop
	$(PY) tools/messages.py

browser: .venv/ready-develop
	@$(PY) tests/find_browser.py

$(CATALOGUE): locale/zh_Hans/LC_MESSAGES/django.po | .venv/ready
	@$(PY) -m babel.messages.frontend --quiet compile --input-file $< --output-file $@ --locale zh_Hans

# The stamp is written last: a half-finished install is simply taken up again.
.venv/ready: requirements.txt
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON). Install Python 3.11 or newer, or say which one: make run PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than Python 3.11. Say which one to use: make run PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "$(PYTHON) has no venv module. On Debian or Ubuntu: apt install python3-venv"; exit 1; }
	@[ -x $(PY) ] && $(PY) -m pip --version >/dev/null 2>&1 || { echo "Making .venv …"; $(PYTHON) -m venv --clear .venv; }
	@echo "Installing packages (a few minutes the first time) …"
	@sed '/--- To develop/,$$d' requirements.txt > .venv/run.txt && $(PY) -m pip install --disable-pip-version-check -r .venv/run.txt
	@touch $@

.venv/ready-develop: .venv/ready
	@echo "Installing packages to develop with …"
	@$(PY) -m pip install --disable-pip-version-check --quiet -r requirements.txt
	@touch $@

clean:
	rm -rf .venv var
