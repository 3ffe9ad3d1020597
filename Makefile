# Everything a person or a pipeline does here is one of these targets; `make help` lists them.
SHELL := /bin/sh
.DEFAULT_GOAL := help

# Where it is named, that one and no other makes the environment; otherwise the first that fits.
PYTHON ?=
PORT ?= 8080
STAGE ?= dev
RUNNER ?= process
VENV := .venv
PY := $(VENV)/bin/python
SENTIMENT := $(VENV)/bin/sentiment

##@ Run

.PHONY: local
local: $(VENV)/.app  ## run the whole app on this machine (PORT=8080, RUNNER=docker for real containers, PAGE_PORT=8081 for the page on its own origin) until Ctrl-C
	@exec $(SENTIMENT) local --port $(PORT) --runner $(RUNNER)

##@ Learn (docs/walkthrough)

.PHONY: learn
learn: $(VENV)/.app  ## the tutor: opens the path, checks when you save, gives hints (N=13 only notes where lesson 13 begins)
	@exec $(SENTIMENT) learn $(N)

.PHONY: lesson
lesson: $(VENV)/.app  ## check the exercise of a lesson on the laptop cloud (N=20; default: the one that you began, reset or checked last)
	@exec $(SENTIMENT) learn --check $(N)

.PHONY: lesson-hint
lesson-hint: $(VENV)/.app  ## the next of three hints (N=20)
	@exec $(SENTIMENT) learn --hint $(N)

.PHONY: lesson-reset
lesson-reset: $(VENV)/.app  ## go back to where the lesson began (N=20; default: as for lesson); a branch keeps your work
	@exec $(SENTIMENT) learn --reset $(N)

##@ On AWS, or any other stage (STAGE=dev)

##: make NAME STAGE=dev ARGS="..." is the command `sentiment NAME --stage dev ...`; `sentiment --help` says what each does:
COMMANDS := deploy plan stacks login image roll promote rollback site status outputs logs doctor cost \
	classify export restore forget scale sleep wake rotate-receipt-key pipeline destroy
# make scale TASKS=2 is the same as make scale ARGS=2.
.PHONY: $(COMMANDS)
$(COMMANDS): %: $(VENV)/.app
	@exec $(SENTIMENT) $@ --stage $(STAGE) $(if $(filter scale,$@),$(TASKS)) $(ARGS)

.PHONY: load
load: $(VENV)/.app
	@exec $(SENTIMENT) load $(ARGS)

# Exit code 2 of a plan says that there are changes.
.PHONY: plan-comment
plan-comment: $(VENV)/.app  ## write what `stacks` would change below a pull request (PR=12; needs gh)
	@test -n "$(PR)" || { echo "make plan-comment needs PR=number of the pull request" >&2; exit 2; }
	@mkdir -p build
	@$(SENTIMENT) plan --keep-image --stage $(STAGE) $(ARGS) >build/plan.txt || [ $$? = 2 ]
	@{ echo "$(PLAN_MARK)"; echo "What this would change in \`$(STAGE)\`:"; \
		echo '```'; head -c 60000 build/plan.txt; echo '```'; } >build/plan.md
	@url=$$(gh pr view "$(PR)" --json comments --jq '$(PLAN_COMMENT)'); \
	if [ -n "$$url" ]; then \
		gh api --silent --method PATCH "repos/{owner}/{repo}/issues/comments/$${url##*-}" --field body=@build/plan.md; \
	else gh pr comment "$(PR)" --body-file build/plan.md; fi
# Begins the comment of a stage, by which the next plan of that stage finds it and writes over it, not over another's.
PLAN_MARK = <!-- plan of $(STAGE) -->
PLAN_COMMENT = [.comments[] | select(.viewerDidAuthor and (.body | startswith("$(PLAN_MARK)"))) | .url] | last // ""

##@ Check

.PHONY: test
test: $(VENV)/.dev  ## run all tests of this checkout
	$(PY) -m pytest --numprocesses $(TEST_PROCESSES) --dist loadfile $(TESTS) $(if $(AGAIN),|| $(PY) -m tests.again $$?)

# Three, since most tests wait for another process; each process has a laptop cloud of its own.
TEST_PROCESSES ?= 3

.PHONY: check
check: $(filter-out $(DONE),lint rooms lint-site lint-workflows types templates-fresh cfn-lint judges locks secrets docs-fresh docs facts test)  ## the gate: all of the below

.PHONY: lint
lint: $(VENV)/.dev  ## style and likely mistakes
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

.PHONY: rooms
rooms: $(VENV)/.dev  ## the rooms of generator and scripts import one another in their order alone
	@$(VENV)/bin/lint-imports --no-cache

# Nothing else needs npm, so a developer without it may go on; the gate may not.
.PHONY: lint-site
lint-site:  ## the page's HTML, CSS and JavaScript (needs npm)
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory lint-site-with-npm; \
	elif [ -n "$$CI" ]; then echo "lint-site: npm is missing; install Node.js 18.18 or newer with npm" >&2; exit 1; \
	else echo "!!! THE PAGE IS NOT LINTED: npm is missing; install Node.js 18.18 or newer with npm" >&2; fi

.PHONY: lint-site-with-npm
lint-site-with-npm: node_modules/.stamp
	node_modules/.bin/eslint --max-warnings 0 site scripts/local/console/page
	node_modules/.bin/html-validate --max-warnings 0 'site/*.html' 'scripts/local/console/page/*.html'
	node_modules/.bin/stylelint --max-warnings 0 'site/*.css' 'scripts/local/console/page/*.css'

.PHONY: lint-workflows
lint-workflows: $(VENV)/.dev  ## the pipelines: mistakes (actionlint) and what could be abused (zizmor)
	$(VENV)/bin/actionlint .github/workflows/*.yml
	$(VENV)/bin/zizmor --quiet --offline --persona pedantic .github/workflows

.PHONY: types
types: $(VENV)/.dev  ## type checker
	$(PY) -m mypy

.PHONY: templates-fresh
templates-fresh: $(VENV)/.generator  ## templates/ is what generator/ writes
	$(PY) -m generator --check

.PHONY: cfn-lint
cfn-lint: $(VENV)/.dev  ## CloudFormation's own rules, in every region that is on by default
	$(VENV)/bin/cfn-lint --regions $$($(PY) -c "from generator import regions; print(*regions.BY_DEFAULT)") --include-checks I --non-zero-exit-code informational -- templates/*.yaml

# cfn-guard and cdk-nag come by npm; as with the page's linters, a developer may go without, the gate may not.
.PHONY: judges
judges: $(VENV)/.dev  ## independent judges of the templates, with the floors that must hold (needs npm)
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory judges-with-npm; \
	elif [ -n "$$CI" ]; then echo "judges: npm is missing; install Node.js 20 or newer with npm" >&2; exit 1; \
	else echo "!!! THE TEMPLATES ARE NOT JUDGED: npm is missing; install Node.js 20 or newer with npm" >&2; fi

.PHONY: judges-with-npm
judges-with-npm: build/judges/.stamp tests/judges/node_modules/.stamp
	$(PY) -m tests.judges

.PHONY: locks
locks: $(VENV)/.dev build/judges/.stamp  ## what is locked can be installed on every platform that README names
	$(PY) -m tests.newcomer.locks

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

.PHONY: facts
facts: $(VENV)/.app  ## list dated facts and prices with their age; those older than 180 days are a warning
	@mkdir -p build && $(PY) -m scripts.docs.facts >build/facts.txt && echo "build/facts.txt lists every dated fact"

.PHONY: slides
slides: $(VENV)/.docs  ## make the slide deck, build/slides/slides.html and slides.pdf (needs Chromium)
	$(PY) -m scripts.docs.slides

.PHONY: bench
bench: $(VENV)/.dev  ## measure speed and memory on this machine into docs/benchmarks.md (ONLY=service for one part)
	$(PY) -m tests.bench $(ONLY)

##@ Change

.PHONY: templates
templates: $(VENV)/.generator  ## write templates/ from generator/; of a type of resource that is new there, also what its schema says
	$(PY) -m generator
	@$(PY) -m scripts.local.update_behaviors --known || $(MAKE) --no-print-directory schemas

.PHONY: schemas
schemas: $(VENV)/.dev  ## write what the schemas of the templates' types say (after a new cfn-lint)
	$(PY) -m scripts.local.update_behaviors
	$(PY) -m scripts.local.property_schemas
	$(PY) -m scripts.look.rights

.PHONY: newcomer
newcomer: $(VENV)/.dev  ## try README's commands on a bare machine (needs root and mmdebstrap)
	$(PY) -m tests.newcomer

.PHONY: faults
faults: $(VENV)/.dev  ## break everything that can break, with 10,000 requests running (minutes)
	FAULT_REQUESTS=10000 FAULT_KILLS=57 FAULT_UPDATES=100 $(PY) -m pytest tests/faults tests/local/test_durability.py tests/local/test_workers.py \
		-p no:cacheprovider --timeout 1800

.PHONY: fuzz
fuzz: $(VENV)/.fuzz  ## fuzz routes (schemathesis), handlers (hypothesis) and the text cleaner (atheris; Linux and macOS)
	FUZZ_EXAMPLES=300 $(PY) -m pytest -p no:cacheprovider --timeout 3000 tests/local/test_api_contract.py \
		tests/unit/lambda_src/test_any_event.py tests/unit/container/service/test_properties.py
	@mkdir -p build
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

.PHONY: care
care: $(VENV)/.dev  ## write the patterns by which the service finds texts that need care (from container/training/care)
	cd container && ../$(PY) -m training.care.compile

.PHONY: teacher
teacher:  ## write what a large encoder knows, for `make train` (DATA=isear.csv OUT=folder SEED=0; TEXTS=folder of other texts)
	@test -n "$(DATA)" -a -n "$(OUT)" || { echo "make teacher needs DATA and OUT; container/training/README.md tells what they are" >&2; exit 2; }
	@$(MAKE) --no-print-directory teacher-env
	cd container && ../$(PY) -m training.teacher --data "$(abspath $(DATA))" $(if $(TEXTS),--texts "$(abspath $(TEXTS))") --out "$(abspath $(OUT))" --seeds $(or $(SEED),0)

# Without CSV the judgements come from the stage's table.
.PHONY: retrain
retrain: train-env  ## learn from people's judgements, keep what is better (STAGE=dev or CSV=file; DATA=isear.csv PRIVATE=own.tsv ARGS=--force)
	$(if $(CSV),,@$(SENTIMENT) export --stage $(STAGE) --out $(JUDGEMENTS) >&2)
	@PYTHONPATH=container exec $(PY) -m training.retrain --csv "$(or $(CSV),$(JUDGEMENTS))" $(if $(DATA),--data "$(DATA)") $(if $(PRIVATE),--private "$(PRIVATE)") $(if $(ERASED),--erased "$(ERASED)") $(ARGS)
JUDGEMENTS := build/retrain/judgements.csv

# The commit is made beside the working tree, so that a failure leaves everything where it was.
.PHONY: propose
propose:  ## open a pull request with the model that `make retrain` has installed, and its public report (needs gh)
	@if [ -z "$$(git status --porcelain -- container/model)" ]; then \
		echo "container/model is as it was committed: there is no new model to propose"; exit 0; fi; \
	name=$$(basename container/model/sentiment-*.onnx .onnx); branch=retrain/$$name; \
	set -e; grep --quiet --no-messages --fixed-strings "to $$name." build/retrain/public.md || { \
		echo "build/retrain/public.md is not about $$name: run \`make retrain\`, which writes both" >&2; exit 2; }; \
	trap 'rm -f build/retrain/index; echo "No pull request was opened. The new model is where it was, in container/model," \
		"and you are on the branch that you were on. Once the cause is fixed, run make propose again." >&2' EXIT; \
	export GIT_INDEX_FILE=$(CURDIR)/build/retrain/index; \
	git read-tree HEAD; git add --all container/model; tree=$$(git write-tree); unset GIT_INDEX_FILE; \
	if [ "$$(git rev-parse --quiet --verify "$$branch^{tree}")" != "$$tree" ]; then \
		git branch --force "$$branch" \
			"$$(git commit-tree -p HEAD -m "Retrain the model to $$name" "$$tree")"; fi; \
	gh auth setup-git; git push --quiet origin "$$branch"; \
	gh pr create --head "$$branch" --title "Retrain the model to $$name" --body-file build/retrain/public.md; \
	trap - EXIT; rm build/retrain/index; \
	git restore --staged --worktree container/model; git clean --quiet --force -d container/model; \
	echo "The new model is on the branch $$branch; container/model is as it was committed"

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
teacher-env:  ## install what the teacher needs (transformers, and 0.4 GB of encoder)
	@$(ENVIRONMENT) teacher

.PHONY: lock
lock:  ## pin every dependency with its hash (needs uv)
	$(LOCK) --extra install --extra local --extra generator --extra dev --extra train pyproject.toml -o requirements/train.txt
	$(LOCK) --extra teacher -c requirements/train.txt pyproject.toml -o requirements/teacher.txt
	$(LOCK) --extra fuzz -c requirements/train.txt pyproject.toml -o requirements/fuzz.txt
	$(LOCK) --extra install --extra local --extra generator --extra dev -c requirements/train.txt pyproject.toml -o requirements/dev.txt
	$(LOCK) --extra generator -c requirements/train.txt pyproject.toml -o requirements/generator.txt
	$(LOCK) --extra docs -c requirements/train.txt pyproject.toml -o requirements/docs.txt
	$(LOCK) --extra install --extra local -c requirements/train.txt pyproject.toml -o requirements/app.txt
	$(LOCK) requirements/judges.in -o requirements/judges.txt
	$(subst --universal,--python-platform linux,$(LOCK)) -c requirements/train.txt container/requirements.in -o container/requirements.txt
LOCK := uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --generate-hashes --custom-compile-command 'make lock'

.PHONY: clean
clean:  ## remove the environment and all that is made anew; judgements are kept
	@$(or $(PYTHON),python3) -m scripts.local.folder
	rm -rf $(VENV) build node_modules tests/judges/node_modules

.PHONY: clean-data
clean-data:  ## remove the judgements of the laptop cloud, with what else it keeps
	@$(or $(PYTHON),python3) -m scripts.local.folder --judgements

.PHONY: help
help:  ## this list
	@awk 'BEGIN {FS = ":.*##"} \
		/^##@/ {printf "\n%s\n", substr($$0, 5)} \
		/^##:/ {printf "  %s\n", substr($$0, 5)} \
		/^COMMANDS :=/, !/\\$$/ {gsub(/^(COMMANDS :=)?[ \t]*|[ \t]*\\$$/, ""); printf "  %s\n", $$0} \
		/^[a-z-]+:.*##/ {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Whatever is no target above.
.DEFAULT:
	@echo "There is no target '$@'; \`make help\` lists all that there are, \`sentiment --help\` the commands." >&2; exit 2

# --- the environment: scripts/environment.py knows whether it is as it should be, and makes it so -----------------
unexport PYTHONPATH PYTHONHOME PYTHONSAFEPATH PYTHONUSERBASE PYTHONSTARTUP
ENVIRONMENT := PYTHON='$(PYTHON)' sh scripts/environment.sh

SETS := app generator dev docs fuzz train
.PHONY: $(addprefix $(VENV)/.,$(SETS)) build/judges/.stamp
$(addprefix $(VENV)/.,$(SETS)):
	@$(ENVIRONMENT) $(patsubst .%,%,$(notdir $@))

build/judges/.stamp:
	@$(ENVIRONMENT) judges

tests/judges/node_modules/.stamp: tests/judges/package-lock.json
	@npm ci --silent --no-audit --no-fund --prefix tests/judges
	@touch $@

node_modules/.stamp: package-lock.json package.json
	@npm ci --silent --no-audit --no-fund
	@touch $@
