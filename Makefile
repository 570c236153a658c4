# Two commands are enough: `make report` and `make test`. All logic is in bootstrap.py.
PYTHON ?= python3
export PYTHONDONTWRITEBYTECODE =

.PHONY: setup report test lab docs
setup report test lab docs:
	@$(PYTHON) bootstrap.py $@
