#!/bin/sh
# README's two commands as they stand: `make local` until it is ready, ended as Ctrl-C does, and `make test`.
set -eu
cd "$(dirname "$0")/../.."

said=$(mktemp)
make local >"$said" 2>&1 &
started=$!
waited=0
until grep -q '^Ready: http://127.0.0.1:8080$' "$said"; do
    if ! kill -0 "$started" 2>/dev/null || [ "$waited" -ge 600 ]; then
        cat "$said" >&2
        exit 1
    fi
    sleep 1
    waited=$((waited + 1))
done
cat "$said"
echo "Ready after $waited s."
kill -TERM "$started" # SIGINT is ignored by what a script starts in the background
wait "$started"

make test
