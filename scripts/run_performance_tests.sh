#!/usr/bin/env bash
# Four loads of changes, each from empty tables: 1 000 changes a second for 30 s over 10 connections, 5 000
# for 60 s over 25, 10 000 for 60 s over 50, 15 000 for 30 s over 75; and a line for each of what came of it.
#
#   scripts/run_performance_tests.sh [BATCH_SIZE]
#
# The server and the binary are those of scripts/run_high_throughput_test.sh.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
if [ -z "${ROWGEN:-}" ]; then
  (cd "$top" && cargo build --release --features full >&2)
  export ROWGEN=${CARGO_TARGET_DIR:-$top/target}/release/rowgen
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
worst=0
for load in "1000 30 10" "5000 60 25" "10000 60 50" "15000 30 75"; do
  code=0
  # Three numbers.
  # shellcheck disable=SC2086
  "$top/scripts/run_high_throughput_test.sh" $load "${1:-${BATCH_SIZE:-10}}" | tee "$folder/log" || code=$?
  said=$(grep -E '^(Actual CPS|Efficiency|Degradation):' "$folder/log" | tr '\n' ' ' || true)
  case $code in
  0) result="held, all rows as they must be" ;;
  3) result="NOT HELD, or rows are not as they must be" ;;
  *) result="FAILED with $code" ;;
  esac
  echo "$load: $result. $said" >>"$folder/results"
  if [ "$code" -gt "$worst" ]; then worst=$code; fi
done
cat "$folder/results"
exit "$worst"
