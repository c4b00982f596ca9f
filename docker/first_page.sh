#!/bin/sh
# The first page of a report in Markdown, for a place that shows no pictures of ours: title, first section with its
# headline figures, and what needs attention; the first three sections, without charts and links into the rest.
set -eu
awk '/^<a id=/ { next } /^!\[/ { next } /^## / && ++sections > 3 { exit } { print }' "$1" | sed 's/ (\[[^]]*\](#[^)]*))//g'
