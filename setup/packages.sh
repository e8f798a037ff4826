#!/bin/bash
# Makes sure that the named programs exist, by Debian's packages where this user may install them. Quick when they do.
# Exit 9 and one sentence when it cannot: the code of `missing_program` in shared/src/contract/errors.ts.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 9
log=out/setup.log

package_of() {
  case $1 in
    ffmpeg | ffprobe) echo ffmpeg ;;
    ip) echo iproute2 ;;
    unshare | setpriv) echo util-linux ;;
    *) echo "$1" ;;
  esac
}

missing=()
packages=()
for program in "$@"; do
  command -v "$program" >/dev/null && continue
  [ -x "/usr/sbin/$program" ] && continue # Debian keeps it out of a plain user's PATH
  missing+=("$program")
  package=$(package_of "$program")
  [[ " ${packages[*]-} " == *" $package "* ]] || packages+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

by_hand="apt-get install --no-install-recommends ${packages[*]}"
give_up() {
  echo "error: $1" >&2
  exit 9
}

command -v apt-get >/dev/null ||
  give_up "missing: ${missing[*]}; this system has no apt-get: install ${packages[*]} with its own package manager"
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null && sudo -n true 2>/dev/null ||
    give_up "missing: ${missing[*]}; run '$by_hand' as root, then the same command again"
  as_root=(sudo -n)
fi

mkdir -p out
echo "setting up ${packages[*]} from Debian (log: $log)"
install() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --no-install-recommends -y "${packages[@]}"
}
install >>"$log" 2>&1 </dev/null && hash -r && command -v "${missing[@]}" >/dev/null ||
  give_up "apt-get could not install ${packages[*]}; is there a network? Its own words are in $log; by hand: '$by_hand'"
