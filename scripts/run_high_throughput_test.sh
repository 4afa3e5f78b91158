#!/usr/bin/env bash
# A load of changes at a rate, and whether every one of them is there.
#
#   scripts/run_high_throughput_test.sh [CPS] [SECONDS] [WORKERS] [BATCH_SIZE]
#
# Without an argument TARGET_CPS (10000), DURATION_SECONDS (60), CONCURRENCY (50) and BATCH_SIZE (10) of the
# environment. The server is MYSQL_HOST, MYSQL_PORT, MYSQL_USER, MYSQL_PASSWORD, MYSQL_DATABASE. The tables
# customers and orders are emptied first; KEEP=1 goes on where the load before ended. ROWGEN is the binary;
# without it, a release build of this tree.
#
# It ends with 0 if the rate was held and all rows are as they must be, with 3 if not.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export TARGET_CPS=${1:-${TARGET_CPS:-10000}} DURATION_SECONDS=${2:-${DURATION_SECONDS:-60}}
export CONCURRENCY=${3:-${CONCURRENCY:-50}} BATCH_SIZE=${4:-${BATCH_SIZE:-10}}
# The rows of a run that ends behind midnight are compared with the same day.
export DAY=${DAY:-$(date -u +%F)}
if [ -z "${ROWGEN:-}" ]; then
  (cd "$top" && cargo build --release --features full >&2)
  ROWGEN=${CARGO_TARGET_DIR:-$top/target}/release/rowgen
fi
overwrite=--overwrite
if [ -n "${KEEP:-}" ]; then overwrite=; fi
echo "Target: $TARGET_CPS CPS for $DURATION_SECONDS s, $CONCURRENCY connections, $BATCH_SIZE changes a transaction"
held=0
"$ROWGEN" run "$top/pipelines/cdc.yaml" $overwrite || held=$?
if [ "$held" != 0 ] && [ "$held" != 3 ]; then exit "$held"; fi
"$ROWGEN" verify "$top/pipelines/cdc.yaml" --at now
exit "$held"
