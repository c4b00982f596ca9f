.PHONY: help setup demo test lint lock
help:            ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile
setup:           ## make the environment in .venv
	./run setup
demo:            ## a monthly report from the embedded shop
	./run demo
test:            ## the tests, real servers included
	./run test
lint:            ## style and imports
	.venv/bin/ruff check .
	.venv/bin/actionlint
	.venv/bin/zizmor --offline --persona pedantic .github
	.venv/bin/hadolint Dockerfile
	.venv/bin/shellcheck run docker/*.sh
lock:            ## lock the requirements again, with hashes
	.venv/bin/python -m uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --extra luigid setup.cfg -o requirements.txt
	.venv/bin/python -m uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --extra dev --extra luigid -c requirements.txt setup.cfg -o requirements-dev.txt
	printf 'pip-audit>=2.9\ncyclonedx-bom>=7\n' | .venv/bin/python -m uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-annotate - -o requirements-audit.txt
