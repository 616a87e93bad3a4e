# Sourced by scripts/run and scripts/test, from the project's root: what the machine must have, and .venv.
# shellcheck shell=sh

VENV=.venv
BUILD_PACKAGES="libmariadb-dev pkg-config gcc python3-dev"

say() { printf '==> %s\n' "$*"; }

fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# quietly COMMAND…: what it says is shown, the end of it, only when it fails.
quietly() {
    log=$(mktemp)
    if "$@" </dev/null >"$log" 2>&1; then
        rm -f "$log"
    else
        tail -n 15 "$log" >&2
        rm -f "$log"
        return 1
    fi
}

# Sets PYTHON to a Python that is new enough, or ends with what to do.
find_python() {
    for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            PYTHON=$candidate
            return
        fi
    done
    fail "Python 3.11 or newer is needed and none was found. On Debian 12 or newer: sudo apt-get install python3" \
        "(another one can be named: PYTHON=/path/to/python3)."
}

may_install() { [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; }

# provide PURPOSE PACKAGE…: installs Debian packages where that is allowed. Otherwise names the command and
# returns 1, so that the caller goes on without.
provide() {
    purpose=$1
    shift
    if ! may_install; then
        say "Missing for $purpose: $*. To get it on Debian: sudo apt-get install $*"
        return 1
    fi
    say "Installing for $purpose: $*"
    apt-get update --quiet </dev/null >/dev/null 2>&1 || true # older lists may do; if not, the next line says so
    quietly env DEBIAN_FRONTEND=noninteractive apt-get install --quiet --yes --no-install-recommends "$@" || {
        say "Could not install: $*. When the network and apt's sources are right: apt-get install $*"
        return 1
    }
}

# Makes .venv if there is none, or if its Python is gone or another version than PYTHON.
make_venv() {
    version='import sys; print(sys.version_info[:2])'
    if [ "$("$VENV/bin/python" -c "$version" 2>/dev/null)" = "$("$PYTHON" -c "$version")" ]; then
        return
    fi
    "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || provide "virtual environments" python3-venv ||
        fail "without python3-venv there is no virtual environment to install into."
    say "Making the virtual environment $VENV"
    "$PYTHON" -m venv --clear "$VENV" || fail "$PYTHON could not make $VENV, see above."
}

# mysqlclient is compiled on the machine, and pip installs nothing at all when one package fails.
can_build_mysqlclient() {
    { command -v gcc || command -v cc; } >/dev/null &&
        "$VENV/bin/python" -c 'import sys, sysconfig, os
sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))' &&
        command -v pkg-config >/dev/null &&
        { pkg-config --exists libmariadb || pkg-config --exists mariadb || pkg-config --exists mysqlclient; }
}

# install_requirements FILE: installs it into .venv unless exactly this is there already. Leaves mysqlclient
# out where it can't be built; SQLITE_ONLY then says so.
install_requirements() {
    stamp=$VENV/installed-$1
    wanted=$(cat requirements.txt requirements-dev.txt constraints.txt | cksum)
    SQLITE_ONLY=
    [ "$(cat "$stamp" 2>/dev/null)" != "$wanted with mysqlclient" ] || return 0

    source=.
    variant="with mysqlclient"
    # shellcheck disable=SC2086
    if ! can_build_mysqlclient && ! { may_install && provide "MySQL and MariaDB" $BUILD_PACKAGES; }; then
        SQLITE_ONLY=yes
        source=$VENV/without-mysqlclient
        variant="without mysqlclient"
        say "SQLite only: MySQL and MariaDB can't be reached without mysqlclient, which is compiled here." \
            "To have it: sudo apt-get install $BUILD_PACKAGES"
    fi
    [ "$(cat "$stamp" 2>/dev/null)" != "$wanted $variant" ] || return 0

    if [ "$SQLITE_ONLY" ]; then
        mkdir -p "$source"
        for file in requirements.txt requirements-dev.txt constraints.txt; do
            grep -v '^mysqlclient' "$file" >"$source/$file"
        done
    fi
    say "Installing $1 into $VENV"
    quietly "$VENV/bin/python" -m pip install --disable-pip-version-check --requirement "$source/$1" ||
        fail "pip could not install $1, see above. It needs a package index: check the network, then try again."
    # The developers' file contains the other one.
    echo "$wanted $variant" | tee "$stamp" >"$VENV/installed-requirements.txt"
}
