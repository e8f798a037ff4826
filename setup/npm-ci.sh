#!/bin/bash
# npm ci in one folder, quiet: npm's own words go to a log that is named only when something went wrong.
# usage: npm-ci.sh FOLDER WHAT [FILE that must be there afterwards]. Exit 7 (unreachable) or 9 (missing, full), as shared/src/contract/errors.ts has them.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 9
log=$PWD/out/setup.log

give_up() {
  echo "error: $2" >&2
  exit "$1"
}

command -v npm >/dev/null || give_up 9 'npm is missing: install Node.js 20 or newer together with npm'
mkdir -p out || give_up 9 "cannot write to $PWD: is the disk full, or the checkout read-only?"
echo "setting up $2 (log: out/setup.log)"
# Two quick retries: npm's own pauses of 10 and 60 s would make a missing network look like a hang.
(cd "$1" && npm ci --no-progress --fetch-retries=2 --fetch-retry-mintimeout=500 --fetch-retry-maxtimeout=2000) \
  >"$log" 2>&1 </dev/null
ended=$?
[ $ended -eq 0 ] && [ -e "${3:-$1}" ] && exit 0

if grep -qE 'ENOSPC' "$log"; then
  give_up 9 "the disk is full: free about 500 MB, then run the same command again (log: out/setup.log)"
elif grep -qE 'ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH' "$log"; then
  give_up 7 "npm cannot reach its package registry: check network and proxy, then run the same command again (log: out/setup.log)"
fi
# npm leaves out an optional package that it cannot fetch, and calls that success.
if [ $ended -eq 0 ]; then
  case $(uname -sm) in
    'Linux x86_64' | 'Linux aarch64')
      give_up 7 "npm could not fetch $2: check network and proxy, then run the same command again (log: out/setup.log)" ;;
  esac
  give_up 9 "there is no package of $2 for $(uname -sm): install Node.js 24.16 or newer yourself, then run the same command again"
fi
give_up 9 "npm could not set up $2: its own words are in out/setup.log"
