.PHONY: help setup demo test lint profile lock
UV = .venv/bin/python -m uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url
help:            ## list these commands
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile
setup:           ## make the environment in .venv
	./run setup
demo:            ## build a monthly report of the simulated shop
	./run demo
test:            ## run all tests
	./run test
lint:            ## check format, style, types, workflows, Dockerfile and scripts
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/actionlint
	.venv/bin/zizmor --offline --persona pedantic .github
	.venv/bin/hadolint Dockerfile
	.venv/bin/shellcheck run .ci/run docker/*.sh
profile:         ## profile a run: make profile RUN="MonthlyReport --month 2026-10"
	.venv/bin/python -m cProfile -o profile.out .venv/bin/luigi --module pipeline $(RUN) --local-scheduler --no-lock --engine-workers 1
	.venv/bin/python -c "import pstats; pstats.Stats('profile.out').sort_stats('cumtime').print_stats(60)"
lock:            ## lock the requirements again, with hashes (needs uv in .venv)
	$(UV) --extra luigid setup.cfg -o requirements.txt
	$(UV) --extra dev --extra luigid -c requirements.txt setup.cfg -o requirements-dev.txt
	printf 'mcp>=2.3,<3\n' | $(UV) --no-annotate -c requirements-dev.txt - -o requirements-mcp.txt
	printf 'pip-audit>=2.9\ncyclonedx-bom>=7\n' | $(UV) --no-annotate - -o requirements-audit.txt
	sed -n '/^#/p' requirements-spark.txt >.venv/spark.txt
	printf 'pyspark>=4.0.5,<4.1\njdk4py>=17,<18 ; sys_platform != "linux" or platform_machine == "x86_64"\n' | $(UV) --no-annotate - >>.venv/spark.txt
	mv .venv/spark.txt requirements-spark.txt
	sed -n '/^#/p' requirements-tap-square.txt >.venv/tap-square.txt
	printf 'tap-square>=2.3.1,<3\n' | $(UV) --no-annotate - >>.venv/tap-square.txt
	mv .venv/tap-square.txt requirements-tap-square.txt
