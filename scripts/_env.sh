# Makes the project's Python environments. Sourced, not run: set `root` to the project's folder first.
#
#   make_env NAME    make (or find ready) the environment of requirements/NAME.lock; sets env_python
#   apt_install ...  install Debian packages if this user may; fails with a message if not
#
# QUNZHU_PYTHON  the Python to use            (default: the first of 3.11 or newer found)
# QUNZHU_VENV    where the environments stand (default: .venv in the project)

say() { printf 'qunzhu: %s\n' "$*" >&2; }

make_env() {
    env_dir=${QUNZHU_VENV:-$root/.venv}/$1
    env_python=$env_dir/bin/python
    env_lock=$root/requirements/$1.lock
    env_is_ready && return
    find_python || return
    mkdir -p "$env_dir" || return
    exec 9>"$env_dir.guard" || return
    # The lock belongs to descriptor 9, which this shell keeps open after the command has ended.
    "$python" -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)' || return
    env_is_ready || build_env "$1"
    env_built=$?
    exec 9>&-
    return $env_built
}

# What an environment depends on. pyproject.toml is not among it: scripts/lock turns it into the lock files.
env_inputs() {
    readlink -f "$env_python"
    printf '%s\n' "$root" "${QUNZHU_PYTHON-}"
    cat "$root/scripts/_env.sh" "$root/requirements/build.lock" "$env_lock"
}

env_is_ready() { [ -x "$env_python" ] && env_inputs | cmp -s - "$env_dir/inputs"; }

build_env() {
    say "making the environment $env_dir with $python (once, takes up to a minute or two)"
    rm -f "$env_dir/inputs"
    if ! { command -v uv >/dev/null && build_with_uv "$1"; } && ! build_with_pip "$1"; then
        say "the environment could not be made: see above"
        return 1
    fi
    link_project && env_inputs >"$env_dir/inputs" && say "environment ready"
}

# The build lock goes in first and isolation is off: source distributions are built with locked tools as well.
build_with_uv() {
    say "installing requirements/$1.lock with uv"
    uv venv --quiet --clear --no-project --python "$python" "$env_dir" >&2 &&
        uv_install "$root/requirements/build.lock" && uv_install "$env_lock" --no-build-isolation && return
    say "uv could not install it; trying pip"
    return 1
}

uv_install() { uv pip install --quiet --python "$env_python" --require-hashes -r "$@" >&2; }

build_with_pip() {
    need_ensurepip || return
    say "installing requirements/$1.lock with pip"
    "$python" -m venv --clear "$env_dir" >&2 &&
        pip_install "$root/requirements/build.lock" && pip_install "$env_lock" --no-build-isolation --use-pep517
}

pip_install() {
    "$env_python" -m pip install --quiet --no-input --disable-pip-version-check --progress-bar off \
        --require-hashes -r "$@" >&2
}

# The source tree is the installed package: edits show at once, and nothing has to be built.
link_project() {
    site=$("$env_python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))') &&
        printf '%s\n' "$root/src" >"$site/qunzhu.pth" &&
        printf '#!/bin/sh\nexec "%s" -m qunzhu "$@"\n' "$env_python" >"$env_dir/bin/qunzhu" &&
        chmod +x "$env_dir/bin/qunzhu"
}

# Sets python to the real path of a Python >= 3.11; a pyenv shim of a version not selected answers with an error.
find_python() {
    for candidate in ${QUNZHU_PYTHON:-python3.13 python3.12 python3.11 python3 \
        "${PYENV_ROOT:-${HOME:-}/.pyenv}"/versions/3.1[1-9]*/bin/python}; do
        python=$("$candidate" -c 'import sys; print(sys.executable) if sys.version_info >= (3, 11) else exit(1)' \
            2>/dev/null) && return
    done
    say "no Python 3.11 or newer found${QUNZHU_PYTHON:+ at QUNZHU_PYTHON=$QUNZHU_PYTHON}."
    say "Install one (Debian 12 or newer: apt-get install python3), or set QUNZHU_PYTHON to its path."
    return 1
}

# Debian ships Python without the part that puts pip into a new environment.
need_ensurepip() {
    "$python" -c 'import ensurepip' 2>/dev/null && return
    apt_install "$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
}

apt_install() {
    if ! command -v apt-get >/dev/null || [ "$(id -u)" -ne 0 ]; then
        say "missing on this machine: $*. Install it (Debian, Ubuntu: sudo apt-get install $*) and start again."
        return 1
    fi
    say "installing $* with apt-get"
    apt-get update -qq >/dev/null || say "apt-get update failed; going on with the package lists at hand"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 "$@" >/dev/null
}
