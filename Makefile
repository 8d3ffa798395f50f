# SPDX-License-Identifier: GPL-3.0-or-later
# Paths are relative, so that the checkout can have any path and name, including spaces.

PYTHON ?= python3
BIN := .venv/bin
TREE := build/ansible_collections/waldur/provider
# Playbooks mostly wait for servers and processes, so two of them run for each processor. Three were slower.
WAITING = $(shell echo $$((2 * $$(getconf _NPROCESSORS_ONLN))))
# What make contract needs. make test installs it beside lint, as that mostly waits for downloads.
CONTRACT_TOOLS := $(addprefix build/,sdk-7.9.0/installed sdk-8.1.3/installed yaml-language-server/installed gitlab-ci-local/installed pre-commit/downloaded ansible-rulebook/installed awx/installed)
# Run two checks at a time: some use one processor, others wait for servers and processes. The output of each is printed
# in one piece. A make without --output-sync runs them one after another.
PARALLEL := $(if $(filter output-sync,$(.FEATURES)),-j2 --output-sync=target)

# Use only this checkout: no Ansible configuration and no installed collection can override it.
$(foreach name,$(filter ANSIBLE_%,$(.VARIABLES)),$(eval unexport $(name)))
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/build
export ANSIBLE_COLLECTIONS_SCAN_SYS_PATH := false
export ANSIBLE_CONFIG := $(CURDIR)/build/ansible.cfg
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DELETE_ON_ERROR:
.PHONY: help demo check test simulator lint ruff mypy yamllint changelog ansible-lint docs-lint docs pictures unit integration contract coverage mutation molecule artifact release release-check generate generated test-live sanity matrix benchmark clean
.DEFAULT_GOAL := help

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-22s %s\n", $$1, $$2}'

demo: .venv/demo.stamp $(TREE) ## demonstrate the collection with a simulated Waldur
	@$(BIN)/python examples/demo/run.py

simulator: .venv/demo.stamp ## start a simulated Waldur and print two export lines to paste; stop it with Ctrl-C; EDITION=2026 selects another edition
	@cd tests && exec ../$(BIN)/python -m simulator --shell $(if $(EDITION),--edition $(EDITION))

check: .venv/test.stamp $(TREE) ## ruff, mypy and the fast unit tests, for daily work
	@$(MAKE) --no-print-directory $(PARALLEL) ruff mypy
	@echo "== pytest tests/unit, fast tests"
	@$(BIN)/python -m pytest -n auto --dist worksteal -m "not slow" tests/unit

test: .venv/test.stamp ## run every check; stop at the first failure
	@$(MAKE) --no-print-directory $(PARALLEL) lint docs $(CONTRACT_TOOLS)
	@$(MAKE) --no-print-directory unit
	@$(MAKE) --no-print-directory coverage
	@$(MAKE) --no-print-directory integration
	@$(MAKE) --no-print-directory $(PARALLEL) sanity molecule artifact contract
	@echo "== every check passed"

lint: ruff mypy yamllint generated changelog ansible-lint docs-lint ## ruff, mypy, yamllint, generated texts, changelog fragments, ansible-lint and plugin documentation

ruff: .venv/test.stamp
	@echo "== ruff"
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

mypy: .venv/test.stamp $(TREE)
	@echo "== mypy"
	@$(BIN)/mypy

yamllint: .venv/test.stamp
	@echo "== yamllint"
	@$(BIN)/yamllint --strict .

# The antsibull tools write a log file into the home folder.
changelog: .venv/test.stamp $(TREE)
	@echo "== antsibull-changelog"
	@HOME="$(CURDIR)/build" $(BIN)/antsibull-changelog lint

ansible-lint: .venv/test.stamp $(TREE)
	@echo "== ansible-lint"
	@$(BIN)/ansible-lint --offline

docs-lint: .venv/test.stamp $(TREE)
	@echo "== antsibull-docs"
	@HOME="$(CURDIR)/build" $(BIN)/antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs=self .

generate: .venv/test.stamp $(TREE) ## write the texts that repeat declarations: RETURN blocks, role options, action stubs
	@PYTHONPATH=build:tests $(BIN)/python -m tools.generate

generated: .venv/test.stamp $(TREE)
	@echo "== generated texts"
	@PYTHONPATH=build:tests $(BIN)/python -m tools.generate --check

docs: .venv/test.stamp $(TREE) ## build the guides and the reference as HTML, in build/docs
	@echo "== antsibull-docs and Sphinx"
	@$(BIN)/python tests/tools/build_docs.py

pictures: .venv/test.stamp $(TREE) ## take the pictures of README and guides, with Chromium (CHROMIUM=path) and a simulated Waldur
	@PYTHONPATH=tests $(BIN)/python tests/tools/pictures.py

unit: .venv/test.stamp $(TREE) ## run the unit, property, fault, API reference and machine tests; those of machines need root and sshd, and are skipped without
	@echo "== pytest tests/unit/plugins, with coverage"
	@COVERAGE_FILE=build/.coverage $(BIN)/python -m pytest -n auto --dist worksteal --cov --cov-report= --cov-fail-under=0 tests/unit/plugins
	@echo "== pytest tests/unit without plugins, tests/properties tests/faults tests/api_reference tests/machines"
	@$(BIN)/python -m pytest -n $(WAITING) --dist worksteal --ignore=tests/unit/plugins tests/unit tests/properties tests/faults tests/api_reference tests/machines

coverage: .venv/test.stamp $(TREE) ## report the lines and branches that the last unit tests did not run
	@echo "== coverage of tests/unit/plugins"
	@COVERAGE_FILE=build/.coverage $(BIN)/coverage report
	@COVERAGE_FILE=build/.coverage $(BIN)/coverage json -q -o build/coverage.json
	@$(BIN)/python tests/tools/check_coverage.py build/coverage.json

mutation: .venv/mutation.stamp ## run mutation tests of the engine; takes more than an hour
	@$(BIN)/python tests/tools/run_mutation.py

integration: .venv/test.stamp $(TREE) ## run the playbook tests against the simulator
	@echo "== pytest tests/integration"
	@$(BIN)/python -m pytest -n $(WAITING) --dist worksteal tests/integration

molecule: .venv/test.stamp $(TREE) ## run the scenarios of the roles; SCENARIO=gitops runs one
	@echo "== molecule"
	@PYTHONPATH=tests $(BIN)/python tests/tools/run_molecule.py $(SCENARIO)

artifact: .venv/test.stamp $(TREE) ## check the artifact: its files, their licences, and that it runs alone
	@echo "== the artifact"
	@PYTHONPATH=tests $(BIN)/python tests/tools/release_check.py contents licences alone

release-check: .venv/release.stamp $(TREE) ## run all checks for a release; takes some minutes
	@echo "== release checks"
	@PYTHONPATH=tests $(BIN)/python tests/tools/release_check.py

release: .venv/test.stamp $(TREE) ## write the changelog of the version in galaxy.yml from the fragments
	@HOME="$(CURDIR)/build" $(BIN)/antsibull-changelog release

test-live: .venv/test.stamp $(TREE) ## run the same tests against a real Waldur; see tests/integration/README.md
	@$(BIN)/python -m pytest --live -rs tests/integration

contract: .venv/test.stamp $(TREE) $(CONTRACT_TOOLS) ## test with other programs: recordings of a real Waldur, the official SDK, the YAML language server, pipelines, pre-commit, ansible-rulebook, ansible-runner
	@echo "== pytest tests/contract"
	@$(BIN)/python -m pytest -n auto --dist loadfile tests/contract

# pylint checks only the published files here, as ruff and mypy check the tests in less time. make matrix runs it on all.
sanity: .venv/test.stamp ## run ansible-test sanity on a copy
	@echo "== ansible-test sanity"
	@$(BIN)/python tests/tools/run_ansible_test.py sanity --skip-test pylint
	@$(BIN)/python tests/tools/run_ansible_test.py sanity --test pylint --exclude tests/

matrix: .venv/bin/python $(TREE) ## run all checks on each supported ansible-core and Python; takes hours. CORES="2.17 2.20" PYTHONS=3.12 CHECKS=unit ONLY="tests/unit -k grant"
	@$(BIN)/python tests/tools/run_matrix.py $(if $(CORES),--cores "$(CORES)") $(if $(PYTHONS),--pythons "$(PYTHONS)") $(if $(CHECKS),--checks "$(CHECKS)") $(if $(ONLY),--only "$(ONLY)")

benchmark: .venv/test.stamp $(TREE) ## compare measured performance with the targets; on an idle machine. OPTIONS=--help
	@PYTHONPATH=build:tests $(BIN)/python -m benchmarks.run $(OPTIONS)

clean: ## remove everything that make created
	rm -rf .venv build .ansible .hypothesis .mypy_cache .pytest_cache .ruff_cache tests/output

# Link the collection to the path that Ansible and Python expect, for any name of the checkout.
$(TREE):
	@mkdir -p $(@D)
	@touch build/ansible.cfg
	@ln -s ../../.. $@

# Each version of the SDK has a separate folder, because two versions can't be in one environment.
build/sdk-%/installed: requirements/sdk-%.txt | .venv/test.stamp
	@echo "== installing the SDK $* into build"
	@rm -rf $(@D)
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --no-compile --target $(@D) -r $<
	@touch $@

# The YAML server of editors, for tests/contract/test_yaml_language_server.py. The lock file pins all packages by hash.
build/yaml-language-server/installed: requirements/yaml-language-server/package.json requirements/yaml-language-server/package-lock.json
	@echo "== installing the YAML language server into build"
	@rm -rf $(@D)
	@mkdir -p $(@D)
	@cp $^ $(@D)
	@npm ci --silent --ignore-scripts --no-audit --no-fund --prefix $(@D)
	@touch $@

# Runs pipelines of GitLab, for tests/contract/test_gitlab_pipeline.py. Without the native re2, nothing must be compiled.
build/gitlab-ci-local/installed: $(wildcard requirements/gitlab-ci-local/*.json requirements/gitlab-ci-local/re2/*)
	@echo "== installing gitlab-ci-local into build"
	@rm -rf $(@D)
	@mkdir -p build
	@cp -R requirements/gitlab-ci-local $(@D)
	@npm ci --silent --ignore-scripts --no-audit --no-fund --prefix $(@D)
	@touch $@

# Event-Driven Ansible, for tests/contract/test_ansible_rulebook.py. What .venv has too is used from there: no dependencies.
build/ansible-rulebook/installed: requirements/ansible-rulebook.txt | .venv/test.stamp
	@echo "== installing ansible-rulebook and its Java into build"
	@rm -rf $(@D)
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --no-compile --no-deps --target $(@D) -r $<
	@touch $@

# What AWX runs jobs with, for tests/contract/test_awx*.py. Its code for credentials demands Python 3.11, and works with 3.10.
build/awx/installed: requirements/awx.txt | .venv/test.stamp
	@echo "== installing ansible-runner into build"
	@rm -rf $(@D)
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --no-compile --no-deps --ignore-requires-python --target $(@D) -r $<
	@touch $@

build/pre-commit/downloaded: requirements/pre-commit.txt | .venv/test.stamp
	@echo "== downloading the packages of the pre-commit hook into build"
	@rm -rf $(@D)
	@$(BIN)/python -m pip download --quiet --quiet --disable-pip-version-check --dest $(@D) -r $<
	@touch $@

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 10) or sys.exit("Python 3.10 or newer is required, but $(PYTHON) is %d.%d: try make PYTHON=python3.12" % sys.version_info[:2])'
	@$(PYTHON) -m venv .venv

.venv/demo.stamp: requirements/demo.txt requirements/ansible.txt requirements/simulator.txt | .venv/bin/python
	@echo "== installing Ansible and the simulator into .venv"
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check -r requirements/demo.txt
	@touch $@

.venv/test.stamp: requirements/test.txt requirements/docs.txt .venv/demo.stamp
	@echo "== installing the checks into .venv"
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check -r requirements/test.txt
	@touch $@

.venv/release.stamp: requirements/release.txt .venv/test.stamp
	@echo "== installing galaxy-importer into .venv"
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check -r requirements/release.txt
	@touch $@

.venv/mutation.stamp: requirements/mutation.txt .venv/test.stamp
	@echo "== installing mutmut into .venv"
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check -r requirements/mutation.txt
	@touch $@
