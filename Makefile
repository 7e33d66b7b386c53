# make demo   installs what is missing and runs the main job on Linux 6.12
# make test   installs what is missing and runs every test
# make test-kernels  plans every matrix on every supported kernel, and boots each: hours; KERNELS="6.1 6.12 7.2 7.3"
# make test-sweeps  tries all cases of what `make test` tries a sample of: an hour or two
# make coverage  says which branches of pipeline/ no unit or component test takes
# make bench  times the pipeline, beside tuxmake and make alone; four hours on 2 CPUs: see benchmarks/
# make fuzz   fuzzes what reads strangers' bytes, ten minutes each: see tests/fuzz/
# make lock   brings requirements/ up to date
# make man    writes the manual pages in man/ again, from the program's help
# make changelog VERSION=1.2.0  moves the entries in changes/ into CHANGELOG.md, and debian/changelog on
# make deb    builds the Debian package from what is committed, into build/deb/; needs Debian 14 (forky): see debian/
# make audit  asks the PyPI advisory database about everything in requirements/
# make sbom   lists what the environment is made of: dist/sbom.cdx.json (CycloneDX)

VENV := .venv
# Tools that look at the environment are not part of it.
TOOLS := .tools
# `required`: never anything but what requirements/ holds.
export PIPELINE_LOCK
FUZZ_SECONDS := 600
KERNELS := 6.1 6.12 7.2 7.3
SWEEPS = $(shell grep -l tests.support.sweeps tests/component/test_*.py)

# What building x86 kernels in a sandbox takes (`pipeline doctor` knows more), then what the tests add.
BUILD_PACKAGES := git make gcc libc6-dev binutils flex bison bc perl xz-utils libelf-dev bubblewrap util-linux \
	python3 python3-venv
TEST_PACKAGES := $(BUILD_PACKAGES) public-inbox git-email libmailtools-perl qemu-system-x86 cpio clang lld llvm \
	clang-19 lld-19 llvm-19 chromium chromium-driver ccache gh openssl codespell shellcheck python3-docutils python3-yaml \
	abigail-tools coccinelle sparse gcc-aarch64-linux-gnu gcc-riscv64-linux-gnu \
	gcc-s390x-linux-gnu gcc-arm-linux-gnueabihf groff-base rustc zsh fish python3-dev
# Of every architecture that boots: QEMU, and what its guest is compiled with.
KERNEL_PACKAGES := $(TEST_PACKAGES) qemu-system-arm qemu-system-misc gcc-i686-linux-gnu libc6-dev-i386-cross \
	libc6-dev-arm64-cross libc6-dev-riscv64-cross
# tuxmake builds for i386 with a cross compiler only.
BENCH_PACKAGES := $(BUILD_PACKAGES) gcc-i686-linux-gnu

# Where trees, builds and results go; the user's cache folder when empty.
WORKSPACE :=

.PHONY: demo test test-kernels test-sweeps coverage bench fuzz lock man changelog deb audit sbom setup

setup:
	@.ci/setup $(VENV) $(BUILD_PACKAGES)

demo: setup
	$(VENV)/bin/pipeline apply-and-build series/hvo-shared-tails --tree debian:linux-source-6.12 --matrix quick \
		$(if $(WORKSPACE),--workspace $(WORKSPACE))

test:
	@.ci/setup $(VENV) $(TEST_PACKAGES)
	@.ci/tools
	$(VENV)/bin/tox run

test-kernels:
	@.ci/setup $(VENV) $(KERNEL_PACKAGES)
	@.ci/tools
	PIPELINE_KERNELS="$(KERNELS)" $(VENV)/bin/tox run -e kernel -- \
		tests/kernel/test_plans.py tests/kernel/test_every_boot.py tests/kernel/test_boot.py

test-sweeps:
	@.ci/setup $(VENV) $(TEST_PACKAGES)
	@.ci/tools
	PIPELINE_SWEEPS=all $(VENV)/bin/tox run -e component -- $(SWEEPS)

coverage:
	@.ci/setup $(VENV) $(TEST_PACKAGES)
	@.ci/tools
	$(VENV)/bin/tox run -e coverage

bench:
	@.ci/setup $(VENV) $(BENCH_PACKAGES)
	$(VENV)/bin/python benchmarks/reports.py
	$(VENV)/bin/python benchmarks/overhead.py $(if $(WORKSPACE),--workspace $(WORKSPACE))
	$(VENV)/bin/python benchmarks/thread.py
	$(VENV)/bin/python benchmarks/hostile.py
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --use-pep517 --editable '.[dask]'
	$(VENV)/bin/python benchmarks/scheduling.py $(if $(WORKSPACE),--folder $(WORKSPACE))
	$(VENV)/bin/python benchmarks/again.py $(if $(WORKSPACE),--workspace $(WORKSPACE))
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --group bench
	$(VENV)/bin/python benchmarks/cold.py --tuxmake $(VENV)/bin/tuxmake $(if $(WORKSPACE),--workspace $(WORKSPACE))

fuzz: setup
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --group fuzz
	$(VENV)/bin/python -m tests.fuzz mail build/fuzz/mail -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1
	$(VENV)/bin/python -m tests.fuzz bloat build/fuzz/bloat -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1

$(TOOLS)/bin/python:
	python3 -m venv $(TOOLS)

lock: $(TOOLS)/bin/python
	$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check --upgrade 'uv>=0.9'
	.ci/lock $(TOOLS)/bin/uv

man: setup
	PATH="$(abspath $(VENV))/bin:$$PATH" .ci/install docs --quiet sphinx
	$(VENV)/bin/python docs/_ext/manual.py

changelog: $(TOOLS)/bin/python
	PATH="$(abspath $(TOOLS))/bin:$$PATH" .ci/install lint --quiet towncrier
	$(TOOLS)/bin/towncrier build --yes --version $(VERSION)
	.ci/debian-changelog $(VERSION)

deb:
	rm -rf build/deb
	mkdir -p build/deb/source
	git archive HEAD | tar -x -C build/deb/source
	cd build/deb/source && dpkg-buildpackage --no-sign

audit: $(TOOLS)/bin/python
	PATH="$(abspath $(TOOLS))/bin:$$PATH" .ci/install audit --quiet pip-audit
	for file in requirements/*.txt; do \
		$(TOOLS)/bin/pip-audit --strict --disable-pip --require-hashes --requirement $$file || exit 1; done

sbom: setup $(TOOLS)/bin/python
	PATH="$(abspath $(TOOLS))/bin:$$PATH" .ci/install audit --quiet cyclonedx-bom
	mkdir -p dist
	$(TOOLS)/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible --of JSON \
		-o dist/sbom.cdx.json $(VENV)/bin/python
