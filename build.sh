#!/usr/bin/env bash
# The one door to everything: installs what is missing, then does what the verb says. ./build.sh alone prints the verbs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=config/package/install.sh
. config/package/install.sh

main() {
  local verb=${1:-}
  if [ $# -gt 0 ]; then shift; fi
  case "$verb" in
    demo | test | check | package | sim | canaries | fuzz | dev) prepare "$verb" ;;
  esac
  case "$verb" in
    "" | help | --help | -h) print_verbs ;;
    demo) run_demo "$@" ;;
    test) run_test ;;
    check) run_check ;;
    package) run_package "$@" ;;
    sim) run_script test/sim/main.ts "$@" ;;
    canaries) run_script test/sim/canaries.ts "$@" ;;
    # Types are stripped by a part of node that warns of itself.
    fuzz) NODE_OPTIONS=--disable-warning=ExperimentalWarning run_script test/fuzz/main.ts "$@" ;;
    dev) run_script test/dev/dev.ts "$@" ;;
    brokers) prepare check; install_hivemq || exit 1; run_brokers ;;
    bench) prepare demo; run_script test/bench/main.ts "$@" ;;
    vm) prepare vm; run_script test/vm/main.ts "$@" ;;
    durability) prepare durability; run_script test/durability/main.ts "$@" ;;
    *)
      say "build.sh: there is no verb \"$verb\""
      print_verbs >&2
      exit 2
      ;;
  esac
}

print_verbs() {
  cat <<'VERBS'
./build.sh VERB          each installs what it needs first, and says so
  demo       emulated devices, the packaged agent, a real broker: readings as they arrive  [--for 20s] [--json] [--kill]
  test       everything, in some twelve minutes on two cores
  check      types, lint, house rules, fast tests: before each commit
  package    dist/bedside-linux-arm64, -x64, and bedside-fleet  [host: this machine's only]
  sim        the agent in a simulated world that crashes  [--seed S] [--seeds N | --days D] [--small | --spool] [--workers W]
  canaries   bugs planted on purpose: the simulator must find each
  fuzz       hostile bytes, led by coverage, for every parser  [parser ...] [--for 60s] [--seed S] [--planted]
  dev        for those who write drivers; alone it prints its own verbs
  brokers    the end-to-end tests on mosquitto and on HiveMQ CE, which it fetches (100 MB; needs Java 17 and maven)
  vm         the service under a real systemd in an emulated machine (x86-64, as root; minutes; package it first)
  durability the packaged agent killed, cut off from its power and its broker, on real disks  [--kills N] [--only PARTS] [--help]
  bench      the packaged agent beside programs that do the same job and nothing else  [--devices N] [--memory] [--help]
VERBS
}

prepare() {
  install_npm
  # shellcheck disable=SC2046
  install_debian $(packages_for "$1")
  exec 9>&-
}

# Both halves of the test, and not without HiveMQ.
run_brokers() {
  package_if_older
  exec vitest run --testTimeout=20000 test/e2e/brokers.test.ts test/e2e/fleet-brokers.test.ts
}

run_script() {
  local script=$1
  shift
  [ -e "$script" ] || fail "$script is not there"
  exec node "$script" "$@"
}

run_package() { node config/package/main.ts "$@" >&2; }

# The demo runs what would be installed on a gateway, so it is made again when anything in it is newer.
run_demo() {
  package_if_older
  run_script test/dev/demo.ts "$@"
}

package_if_older() {
  local file
  file=dist/bedside-linux-$(node -p process.arch)
  if [ ! -e "$file" ] || [ -n "$(find agent drivers proto config package.json package-lock.json -newer "$file" -print -quit)" ]; then
    say "Packaging the agent for this machine ..."
    run_package host
  fi
}

# --- stages: each runs whatever the others say, is timed, and is counted ---

RESULTS=.build/results

run_check() {
  rm -rf "$RESULTS" && mkdir -p "$RESULTS"
  stage types tsc -p .
  stage lint biome check --error-on-warnings .
  tests fast --exclude 'test/e2e/**' --exclude 'test/package/**' --exclude 'test/arm64/**' --exclude 'test/sim/**' --exclude 'test/support/**' --exclude 'test/durability/**' --exclude 'test/fuzz/planted.test.ts'
  node test/package/tally.ts "$RESULTS"
}

run_test() {
  local hivemq
  export_arm64_root
  rm -rf "$RESULTS" && mkdir -p "$RESULTS"
  # The second broker: fetched while types and packages are made, and skipped aloud where that takes too long.
  HIVEMQ_WITHIN=60 install_hivemq &
  hivemq=$!
  stage types tsc -p .
  stage lint biome check --error-on-warnings .
  stage package node config/package/main.ts
  wait "$hivemq" || say "Without HiveMQ its half of the end-to-end tests is SKIPPED."
  tests tests --exclude 'test/arm64/**'
  repeat_alone
  stage sim run_script test/sim/main.ts --seeds 60 --workers 2
  stage small run_script test/sim/main.ts --small --seeds 40 --workers 2
  stage spool run_script test/sim/main.ts --spool --seeds 600 --workers 2
  stage regressions run_script test/sim/main.ts --regressions
  stage canaries run_script test/sim/canaries.ts
  tests arm64 --dir test/arm64
  node test/package/tally.ts "$RESULTS" --whole
}

# Leaves "name code milliseconds report-or-plain" for the tally. Runs in a subshell, so that a stage's exit ends only the stage.
stage() {
  local name=$1 started code=0 kind=plain
  shift
  if [ "$1" = vitest ]; then kind=report; fi
  say "--- $name"
  started=$(date +%s%N)
  ("$@") >&2 || code=$?
  echo "$name $code $((($(date +%s%N) - started) / 1000000)) $kind" >>"$RESULTS/stages"
}

tests() {
  local name=$1
  shift
  # The limit of 5 s, vitest by itself, is too short where two cores run everything at once.
  # Most tests wait for a broker or a line rather than for a core.
  stage "$name" vitest run --maxWorkers=3 --testTimeout=20000 --reporter=default --reporter=json --outputFile.json="$RESULTS/$name.json" "$@"
}

# What real time broke beside the others is run once more by itself; the tally names it.
repeat_alone() {
  local files=()
  [ -e "$RESULTS/tests.json" ] && mapfile -t files < <(node test/package/again.ts "$RESULTS/tests.json")
  if [ ${#files[@]} -gt 0 ]; then tests again --no-file-parallelism "${files[@]}"; fi
}

main "$@"
