# `make help` lists what there is to do.
binary := $(or $(CARGO_TARGET_DIR),target)/release/buildspec
tools := target/tools

.DEFAULT_GOAL := help
.PHONY: help demo test lint fmt corpus chaos bench bench-tools pictures image clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## build the sample project in a container (on this host, where no engine answers)
	@cargo build --release --locked
	@if images/base/build.sh; then \
		set -- -i buildspec/base; \
	else \
		echo "make demo: no container to be had (see above), running on this host instead" >&2; \
		set -- --runtime host; \
	fi; \
	echo "$(binary) run fixtures/builds/hello $$*" >&2; \
	$(binary) run fixtures/builds/hello "$$@"

test: ## formatting, lints, then every test; those with Docker where an engine answers
	@.ci/test.sh

lint: ## clippy with warnings as errors; shellcheck and cargo-deny where installed
	cargo clippy --locked --all-targets -- -D warnings
	@if command -v shellcheck >/dev/null; then set -x; shellcheck $$(git ls-files '*.sh' .ci/run); fi
	@if command -v cargo-deny >/dev/null; then set -x; cargo deny check bans licenses sources; fi

fmt: ## format the Rust code
	cargo fmt

corpus: ## a verdict on every buildspec of a folder with real ones, as a table in docs/corpus.md; then run them with stand-ins
	@cargo build --release --locked --no-default-features && scripts/corpus.sh $(binary)
	@cargo build --release --locked --bins --examples && scripts/corpus-builds.sh $(binary)

chaos: ## end builds in every bad way, in volume, and write docs/chaos.md (half an hour)
	@cargo build --release --locked && images/base/build.sh && python3 scripts/chaos.py --output docs/chaos.md $(binary)

bench-tools: ## install what `make bench` compares with, below target/tools: yamllint, check-jsonschema, wrkflw (minutes)
	@python3 -m venv $(tools) && $(tools)/bin/pip install -q --disable-pip-version-check yamllint check-jsonschema
	@cargo install --quiet --locked --root $(tools) wrkflw

bench: ## measure, and write benches/RESULTS.md (ROWS="engine start_up": only these, and write nothing)
	@cargo build --release --locked --bins --examples && images/base/build.sh && PATH=$(CURDIR)/$(tools)/bin:$$PATH python3 benches/run.py $(ROWS)

pictures: ## draw docs/pictures/ from the real program, with PyPI's pyte in a venv of its own
	@cargo build --release --locked && images/base/build.sh
	@python3 -m venv $(tools) && $(tools)/bin/pip install -q --disable-pip-version-check pyte==0.8.2
	@$(tools)/bin/python scripts/pictures.py $(binary)

image: ## build buildspec/base, the image of the demo and the Docker tests
	@images/base/build.sh

clean: ## remove what cargo and the demo made
	cargo clean
	rm -rf fixtures/builds/*/.buildspec
