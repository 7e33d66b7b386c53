# make demo   installs what is missing and runs the main job on Linux 6.12
# make test   installs what is missing and runs every test
# make bench  times what is not make's: see benchmarks/

VENV := .venv

# What building x86 kernels in a sandbox takes (`pipeline doctor` knows more), then what the tests add.
BUILD_PACKAGES := git make gcc libc6-dev binutils flex bison bc perl xz-utils libelf-dev bubblewrap util-linux \
	python3 python3-venv
TEST_PACKAGES := $(BUILD_PACKAGES) public-inbox git-email qemu-system-x86 cpio clang lld llvm chromium \
	chromium-driver

# Where trees, builds and results go; the user's cache folder when empty.
WORKSPACE :=

.PHONY: demo test bench setup

setup:
	@.ci/setup $(VENV) $(BUILD_PACKAGES)

demo: setup
	$(VENV)/bin/pipeline apply-and-build series/hvo-shared-tails --tree debian:linux-source-6.12 --matrix quick \
		$(if $(WORKSPACE),--workspace $(WORKSPACE))

test:
	@.ci/setup $(VENV) $(TEST_PACKAGES)
	$(VENV)/bin/tox run

bench: setup
	$(VENV)/bin/python benchmarks/reports.py
	$(VENV)/bin/python benchmarks/overhead.py $(if $(WORKSPACE),--workspace $(WORKSPACE))
	$(VENV)/bin/python benchmarks/thread.py
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --use-pep517 --editable '.[dask]'
	$(VENV)/bin/python benchmarks/scheduling.py $(if $(WORKSPACE),--folder $(WORKSPACE))
