#!/bin/sh
# The first page of a report in Markdown, without pictures: title, headline figures, what changed and what needs
# attention. These are the first three sections, without charts and without links to the rest.
set -eu
awk '/^<a id=/ { next } /^!\[/ { next } /^## / && ++sections > 3 { exit } { print }' "$1" | sed 's/ (\[[^]]*\](#[^)]*))//g'
