#!/usr/bin/env bats
# lifeboat-snapshotd run: schedule, retention, signals, metrics, bad luck.
# Set by run, lib.sh and snap.bash; each test is a shell of its own.
# shellcheck disable=SC2154,SC1091,SC2016,SC2030,SC2031,SC2034

setup_file() {
	bats_require_minimum_version 1.5.0
	source "$BATS_TEST_DIRNAME/lib.sh"
	etcd_setup
	export etcd_dir
	v=$(etcd_versions | tail -n 1)
	etcd_start one "$v" "$etcd_dir/one" --unsafe-no-fsync
	"${PROBE:-$etcd_root/build/tests/etcd/probe}" \
		--endpoints "$(etcd_url one)" fill 500 500
	etcd_ctl_at one snapshot save "$etcd_dir/one.db"
}

setup() {
	source "$BATS_TEST_DIRNAME/lib.sh"
	source "$BATS_TEST_DIRNAME/snap.bash"
	snap_setup
	snap_to one
	log=
}

teardown() {
	local n

	for n in daemon second peer listener away; do
		[ ! -e "$etcd_dir/servers/$n" ] || etcd_kill $n
	done
	[ -z "$log" ] || cat "$log"
}

teardown_file() {
	source "$BATS_TEST_DIRNAME/lib.sh"
	etcd_teardown
}

snapshots() { find "$folder" -name '*.tar.zst' | wc -l; }
at_least() { [ "$(snapshots)" -ge "$1" ]; }
has_part() { compgen -G "$folder/.*.part" >/dev/null; }
times() { grep -c -e "$1" "$log" || true; }
logged_times() { [ "$(times "$1")" -ge "$2" ]; }

ends_well() {
	kill -TERM "$daemon"
	snap_wait
	[ "$status" -eq 0 ]
	no_parts "$folder"
}

@test "snapshots appear by schedule, and the oldest go" {
	snap_run daemon --creation 1s --jitter 0s --keep 2 --retention 0s \
		--keep-at-least 2 --listen off
	until_true logged_times 'msg=pruned\|pruned' 2
	ends_well
	[ "$(snapshots)" -ge 2 ]
	[ "$(snapshots)" -le 3 ]
	[ "$(times 'verdict=verified')" -ge 4 ]
	logged 'started.*schedule="every 1s"'
	logged 'reason=first'
	logged 'reason=regular'
	logged 'ending.*signal=SIGTERM'
	run "$snapshotd" verify --dir "$folder"
	[ "$status" -eq 0 ]
}

@test "the first snapshot comes at once, a second start waits for its slot" {
	snap_run daemon --creation 12h --listen off
	until_true logged verdict=verified
	until_true logged 'next.*reason=regular'
	ends_well
	[ "$(snapshots)" -eq 1 ]
	snap_run daemon --creation 12h --listen off
	until_true logged 'next.*reason='
	run ! logged 'reason=first'
	ends_well
	[ "$(snapshots)" -eq 1 ]
}

@test "SIGUSR1 takes one now" {
	snap_run daemon --creation 12h --listen off --log-format json
	until_true logged '"verdict": *"verified"'
	sleep 1.1                       # names bear the second
	kill -USR1 "$daemon"
	until_true logged_times '"verdict": *"verified"' 2
	ends_well
	[ "$(snapshots)" -eq 2 ]
	# Each line is JSON.
	[ "$(jq -s length "$log")" -eq "$(wc -l <"$log")" ]
	newest=$(find "$folder" -name '*.zst' | sort | tail -n 1)
	[ "$(manifest "$newest" .trigger)" = manual ]
}

@test "SIGTERM in the middle of a snapshot leaves nothing behind" {
	snap_peer peer stall "$etcd_dir/one.db"
	snap_run daemon --creation 12h --listen off
	until_true has_part
	ends_well
	[ "$(snapshots)" -eq 0 ]
	etcd_kill peer
}

@test "killed, its snapshot ends too, and the next start clears up" {
	snap_peer peer stall "$etcd_dir/one.db"
	snap_run daemon --creation 12h --listen off
	until_true has_part
	child=$(pgrep -P "$daemon")
	[ -n "$child" ]
	kill -KILL "$daemon"
	wait "$daemon" || true
	until_true gone "$child"
	run ! has_part
	etcd_kill peer
	head -c 1000 /dev/urandom >"$folder/.lifeboat-999999.part"
	snap_to one
	snap_run daemon --creation 12h --listen off
	until_true logged verdict=verified
	ends_well
}

gone() { ! proc_start "$1" >/dev/null; }

@test "one daemon a folder; save may run beside it" {
	snap_run daemon --creation 12h --listen off
	until_true logged verdict=verified
	run --separate-stderr "$snapshotd" run --dir "$folder" --listen off
	[ "$status" -eq 5 ]
	[[ "$stderr" == "lifeboat-snapshotd: '$folder' is in use by process $daemon since 20"* ]]
	save --name beside
	[ "$status" -eq 0 ]
	ends_well
	[ "$(snapshots)" -eq 2 ]
}

# ---- etcd away

@test "etcd away: some tries with growing pauses, then the next slot" {
	to=(--endpoints http://127.0.0.1:1)
	snap_run daemon --creation 1h --jitter 0s --retries 1 --listen off
	until_true logged 'why="retry 1 of 1"'
	logged 'snapshot-failed.*cause=remote.*Connection refused'
	until_true logged 'after giving up on 1 retries'
	[ "$(times 'snapshot-failed')" -eq 2 ]
	logged 'next.*at=20..-..-..T..:00:00Z.*reason='
	ends_well
	[ "$(snapshots)" -eq 0 ]
}

@test "etcd comes back: the retry succeeds" {
	v=$(etcd_versions | tail -n 1)
	etcd_start away "$v" "$etcd_dir/away" --unsafe-no-fsync
	etcd_ctl_at away put a b
	snap_to away
	etcd_stop away
	snap_run daemon --creation 12h --listen off
	until_true logged 'reason=retry'
	etcd_restart away
	until_true logged 'verdict=verified'
	ends_well
	[ "$(snapshots)" -eq 1 ]
}

# ---- configuration

config() { # TEXT
	printf '%s\n' "$1" >"$BATS_TEST_TMPDIR/c.yml"
}

@test "SIGHUP takes a good configuration over, and refuses a broken one" {
	config "endpoints: $(etcd_url one)
dir: $folder
node: before
creation: 12h
listen: 127.0.0.1:0"
	to=()
	snap_run daemon --config "$BATS_TEST_TMPDIR/c.yml"
	until_true logged verdict=verified
	url=$(metrics_url)
	curl -s "$url/metrics" | grep 'lifeboat_node_info{node="before"'
	config "endpoints: $(etcd_url one)
dir: $folder
node: after
creaton: 1s"
	kill -HUP "$daemon"
	until_true logged "reload-failed.*c.yml':4:1: unknown key 'creaton', did you mean 'creation'"
	curl -s "$url/metrics" | grep 'lifeboat_node_info{node="before"'
	config "endpoints: $(etcd_url one)
dir: $folder
node: after
cron: every now and then"
	kill -HUP "$daemon"
	until_true logged_times 'reload-failed' 2
	curl -s "$url/metrics" | grep 'lifeboat_node_info{node="before"'
	run ! logged 'reloaded'
	age=$(curl -s "$url/metrics" | grep '^lifeboat_snapshot_max_age')
	config "endpoints: $(etcd_url one)
dir: $folder
node: after
creation: 1s
jitter: 0s"
	kill -HUP "$daemon"
	until_true logged reloaded
	curl -s "$url/metrics" | grep 'lifeboat_node_info{node="after"'
	[ "$age" != "$(curl -s "$url/metrics" |
		grep '^lifeboat_snapshot_max_age')" ]
	until_true at_least 3
	ends_well
	[ -n "$(find "$folder" -name '*-after-*')" ]
}

@test "an unknown key is an error with line and column" {
	config "dir: $folder
retention:
  count: 3
  wekly: 2"
	run --separate-stderr "$snapshotd" run \
		--config "$BATS_TEST_TMPDIR/c.yml"
	[ "$status" -eq 2 ]
	echo "$stderr"
	[[ "$stderr" == "lifeboat-snapshotd: '$BATS_TEST_TMPDIR/c.yml':4:3: unknown key 'retention.wekly', did you mean 'retention.weekly'?"* ]]
	config "creation: often"
	run --separate-stderr "$snapshotd" run \
		--config "$BATS_TEST_TMPDIR/c.yml"
	[ "$status" -eq 2 ]
	[[ "$stderr" == "lifeboat-snapshotd: '$BATS_TEST_TMPDIR/c.yml':1:1: creation: not a duration: 'often' (as in 90s, 1h30m, 7d)"* ]]
	run --separate-stderr "$snapshotd" run --config /nonexistent.yml
	[ "$status" -ne 0 ]
	[[ "$stderr" == *"'/nonexistent.yml'"* ]]
}

@test "--print-config prints what it reads back" {
	"$snapshotd" run --print-config --creation 90m --keep 7 --keep-daily 3 \
		--cron '*/5 * * * *' --timezone Europe/Berlin --dir "/a \"b\"" \
		--reserve 1GiB --log-format json >"$BATS_TEST_TMPDIR/a.yml"
	"$snapshotd" run --print-config --config "$BATS_TEST_TMPDIR/a.yml" \
		>"$BATS_TEST_TMPDIR/b.yml"
	diff "$BATS_TEST_TMPDIR/a.yml" "$BATS_TEST_TMPDIR/b.yml"
	grep -x 'creation: 90m' "$BATS_TEST_TMPDIR/b.yml" ||
		grep -x 'creation: 1h30m' "$BATS_TEST_TMPDIR/b.yml"
	grep -Fx 'dir: "/a \"b\""' "$BATS_TEST_TMPDIR/b.yml"
	# A flag wins over the file.
	run "$snapshotd" run --print-config --keep 9 \
		--config "$BATS_TEST_TMPDIR/a.yml"
	[[ "$output" == *"count: 9"* ]]
}

# ---- watched

metrics_url() {
	sed -n 's/.*listen="\{0,1\}\([0-9.:]*\).*/http:\/\/\1/p' "$log" |
		head -n 1
}

value() { # METRIC: of the last page
	awk -v m="$1" '$1 == m { print $2 }' <<<"$page"
}

@test "/metrics and /healthz tell what happened" {
	snap_run daemon --creation 12h --listen 127.0.0.1:0 --node here
	until_true logged verdict=verified
	url=$(metrics_url)
	file=$(find "$folder" -name '*.tar.zst')
	page=$(curl -sf "$url/metrics")
	[ "$(value lifeboat_healthy)" = 1 ]
	[ "$(value lifeboat_snapshot_last_verified_revision)" = \
	  "$(manifest "$file" .database.revision)" ]
	[ "$(value lifeboat_snapshot_last_verified_size_bytes)" = \
	  "$(stat -c %s "$file")" ]
	[ "$(value 'lifeboat_snapshots_total{result="verified"}')" = 1 ]
	[ "$(value lifeboat_hashkv_mismatches_total)" = 0 ]
	[ "$(value 'lifeboat_snapshot_failures_total{cause="remote"}')" = 0 ]
	[ "$(value lifeboat_folder_free_bytes)" -gt 0 ]
	[ "$(value lifeboat_snapshot_next_run_timestamp_seconds)" -gt 0 ]
	run curl -s -w '%{http_code}' "$url/healthz"
	[[ "$output" == "ok: the last verified snapshot is "*" old, "*" are allowed"*200 ]]
	[ "$(curl -s "$url/healthz.json" | jq .healthy)" = true ]
	[ "$(curl -s -o /dev/null -w '%{http_code}' "$url/none")" = 404 ]
	ends_well
}

@test "/healthz fails when the last verified snapshot is too old" {
	save --name old
	to=(--endpoints http://127.0.0.1:1)
	snap_faketime +3d daemon --creation 12h --retries 0 \
		--listen 127.0.0.1:0
	until_true logged 'snapshot-failed'
	run curl -s -w '%{http_code}' "$(metrics_url)/healthz"
	[[ "$output" == "failing: the last verified snapshot is 3d0h old, more than the "*" that are allowed; failures in a row: 1"*503 ]]
	page=$(curl -s "$(metrics_url)/metrics")
	[ "$(value lifeboat_healthy)" = 0 ]
	[ "$(value 'lifeboat_snapshot_failures_total{cause="remote"}')" = 1 ]
	ends_well
}

# A daemon whose clock is off: snap_faketime OFFSET NAME ARG...
snap_faketime() {
	local lib

	lib=$(find /usr/lib -name libfaketime.so.1 | head -n 1)
	[ -n "$lib" ] || skip "libfaketime is not installed"
	ASAN_OPTIONS=verify_asan_link_order=0 LD_PRELOAD=$lib \
		FAKETIME=$1 FAKETIME_DONT_FAKE_MONOTONIC=1 \
		snap_run "${@:2}"
}

@test "a clock set forth and back by days" {
	# Forth: a snapshot from the future, in the eyes of the next run.
	snap_faketime +30d daemon --creation 12h --listen off
	until_true logged verdict=verified
	ends_well
	[ "$(snapshots)" -eq 1 ]
	future=$(sums "$folder")
	# Back: it does not count as fresh, so that one is taken at once, and
	# it is not removed either.
	snap_run daemon --creation 12h --listen off --keep 1 \
		--keep-at-least 1 --retention 1h
	until_true logged verdict=verified
	until_true logged 'next.*reason=regular'
	ends_well
	[ "$(snapshots)" -eq 2 ]
	(cd "$folder" && sha256sum -c <<<"$future")
}

@test "systemd is told: READY=1, WATCHDOG=1, RELOADING=1, STOPPING=1" {
	python3 - "$BATS_TEST_TMPDIR/socket" >"$BATS_TEST_TMPDIR/told" \
		3>&- <<-'END' &
	import socket, sys
	s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
	s.bind(sys.argv[1])
	while True:
	    print(s.recv(4096).decode(), flush=True)
	END
	snap_note listener $!
	disown $!
	until_true test -S "$BATS_TEST_TMPDIR/socket"
	NOTIFY_SOCKET=$BATS_TEST_TMPDIR/socket WATCHDOG_USEC=200000 \
		snap_run daemon --creation 12h --listen off
	until_true grep -qx READY=1 "$BATS_TEST_TMPDIR/told"
	until_true grep -q '^STATUS=next snapshot at 20' \
		"$BATS_TEST_TMPDIR/told"
	until_true watched 3
	kill -HUP "$daemon"
	until_true grep -qx RELOADING=1 "$BATS_TEST_TMPDIR/told"
	ends_well
	until_true grep -qx STOPPING=1 "$BATS_TEST_TMPDIR/told"
	# No child speaks in our name.
	[ "$(grep -cx READY=1 "$BATS_TEST_TMPDIR/told")" -eq 2 ]
}

watched() { # TIMES
	[ "$(grep -c '^WATCHDOG=1' "$BATS_TEST_TMPDIR/told")" -ge "$1" ]
}
