#!/bin/sh
# Finds a Python that the locked packages exist for, and has environment.py prepare what is asked for (`app`, `dev`, ...).
# PYTHON names one; otherwise it is the first below that fits. What cannot work here is said before anything is fetched.
set -u
oldest=11 newest=14

fail() {
    for line in "$@"; do echo "$line" >&2; done
    exit 1
}
minor() { "$1" -I -c 'import sys; print(sys.version_info[1] if sys.version_info[0] == 3 else 0)' 2>/dev/null; }
fits() {
    found=$(minor "$1") && [ "${found:-0}" -ge $oldest ] && [ "$found" -le $newest ]
}
version() { "$1" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null || echo "no working Python"; }

case $(uname -s) in
Linux | Darwin) ;;
*) fail "This runs on Linux, macOS and, on Windows, in WSL, not on $(uname -s) itself." \
    "Windows: \`wsl --install\` in PowerShell, once; then clone the repository in WSL's window and run the same there." ;;
esac
case $(ldd /bin/sh 2>/dev/null) in
*musl*) fail "This Linux has the C library musl (as Alpine does), for which there is no onnxruntime." \
    "Use a Linux with glibc, such as Debian, Ubuntu or Fedora; .devcontainer/ is a container with one." ;;
esac
case $(uname -m) in
x86_64 | amd64 | aarch64 | arm64) ;;
*) fail "There is no onnxruntime for the processor of this machine ($(uname -m)): it must be x86-64 or arm64." ;;
esac

case $(uname -s)-$(uname -m) in
Darwin-x86_64) newest=13 ;; # the last onnxruntime for Intel Macs was made before Python 3.14
Darwin-arm64)
    macos=$(sw_vers -productVersion 2>/dev/null)
    [ "${macos%%.*}" -ge 14 ] 2>/dev/null || fail "macOS 14 or newer is needed, for onnxruntime; this is ${macos:-older}."
    ;;
esac

if [ -n "${PYTHON:-}" ]; then
    command -v "$PYTHON" >/dev/null || fail "PYTHON=$PYTHON names no program."
    fits "$PYTHON" || fail "PYTHON=$PYTHON is $(version "$PYTHON"); needed is Python 3.$oldest to 3.$newest."
    chosen=$PYTHON
else
    chosen=
    for each in python3 python3.14 python3.13 python3.12 python3.11; do
        if command -v "$each" >/dev/null && fits "$each"; then
            chosen=$each
            break
        fi
    done
fi
if [ -z "$chosen" ]; then
    if command -v python3 >/dev/null; then here="python3 is $(version python3)"; else here="there is no python3"; fi
    if [ "$(uname -s)" = Darwin ]; then
        how="\`brew install python@3.13\`, or the installer from python.org"
    elif command -v apt-get >/dev/null; then
        how="\`sudo apt-get install python3 python3-venv\`; where that is older, python3.11 of the backports, or python.org"
    elif command -v dnf >/dev/null; then
        how="\`sudo dnf install python3.12\`"
    else
        how="your system's package, or python.org"
    fi
    fail "Python 3.$oldest to 3.$newest is needed; here $here." \
        "Get one: $how. PYTHON=/path/to/python3.12 names one that is not on the PATH."
fi
exec "$chosen" -I "$(dirname "$0")/environment.py" "$@"
