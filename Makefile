# Two commands are enough: `make report` and `make test`. All logic is in bootstrap.py.
PYTHON ?= python3
export PYTHONDONTWRITEBYTECODE =

.PHONY: setup report test lab
setup report test lab:
	@$(PYTHON) bootstrap.py $@
