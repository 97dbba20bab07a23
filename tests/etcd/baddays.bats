#!/usr/bin/env bats
# Bad input and bad days: each ends in a clear message and the right exit code,
# with no unfinished file, no new snapshot, and the earlier ones untouched.
# Set by run, lib.sh and snap.bash; each test is a shell of its own.
# shellcheck disable=SC2154,SC1091,SC2016,SC2030,SC2031,SC2034

setup_file() {
	bats_require_minimum_version 1.5.0
	source "$BATS_TEST_DIRNAME/lib.sh"
	etcd_setup
	export etcd_dir
	v=$(etcd_versions | tail -n 1)
	etcd_start good "$v" "$etcd_dir/good" --unsafe-no-fsync
	etcd_start tls "$v" "$etcd_dir/tls" --tls --unsafe-no-fsync
	"${PROBE:-$etcd_root/build/tests/etcd/probe}" \
		--endpoints "$(etcd_url good)" fill 3000 1000
	for i in 1 2 3 4 5 6 7 8; do    # what does not compress
		etcd_ctl_at good put "random-$i" \
			"$(head -c 90000 /dev/urandom | base64 -w 0)"
	done
	etcd_ctl_at good snapshot save "$etcd_dir/good.db"
}

setup() {
	source "$BATS_TEST_DIRNAME/lib.sh"
	source "$BATS_TEST_DIRNAME/snap.bash"
	snap_setup
	snap_to good
	save --name earlier
	cp "$folder/earlier.tar.zst" "$folder/another.tar.zst"
	"$snapshotd" pin --dir "$folder" earlier
	earlier=$(sums "$folder")
	[ "$(wc -l <<<"$earlier")" -eq 3 ]
}

teardown() {
	for n in peer silent first second doomed; do
		[ ! -e "$etcd_dir/servers/$n" ] || etcd_kill $n
	done
}

teardown_file() {
	source "$BATS_TEST_DIRNAME/lib.sh"
	etcd_teardown
}

# A save that fails: exit code, text, and nothing changed.
fails() { # CODE TEXT [ARG...]
	save --new-cluster "${@:3}"
	[ "$status" -eq "$1" ]
	# shellcheck disable=SC2053  # a pattern
	[[ $stderr == "lifeboat-snapshotd: "$2 ]]
	[ -z "$output" ]
	untouched
}

has_part() { # FOLDER
	compgen -G "$1/.*.part" >/dev/null
}

untouched() {
	no_parts "$folder"
	[ "$(sums "$folder")" = "$earlier" ]
}

@test "nobody listens" {
	to=(--endpoints http://127.0.0.1:1)
	fails 1 "no member to take a snapshot from: http://127.0.0.1:1: cannot connect: Connection refused"
	to=(--endpoints "http://127.0.0.1:1,http://127.0.0.1:2")
	fails 1 "no member to take a snapshot from: http://127.0.0.1:1: cannot connect: Connection refused; http://127.0.0.1:2: cannot connect: Connection refused"
}

@test "one of two endpoints is dead: the other is read" {
	to=(--endpoints "http://127.0.0.1:1,$(etcd_url good)")
	save --name alive
	[ "$status" -eq 0 ]
	[[ "$stderr" == "lifeboat-snapshotd: warning: http://127.0.0.1:1: cannot connect: Connection refused" ]]
}

@test "wrong CA, expired, strange and missing client certificates" {
	pki=$etcd_dir/tls/pki
	at=(--endpoints "$(etcd_url tls)")
	key=(--cert "$pki/client.crt" --key "$pki/client.key")
	to=("${at[@]}" --cacert "$pki/other-ca.crt" "${key[@]}")
	fails 1 "*TLS: the server's certificate is not signed by the trusted CA*"
	to=("${at[@]}" --cacert "$pki/ca.crt" --cert "$pki/expired.crt" \
		--key "$pki/expired.key")
	fails 1 "*the server refused our client certificate*"
	to=("${at[@]}" --cacert "$pki/ca.crt" --cert "$pki/other-client.crt" \
		--key "$pki/other-client.key")
	fails 1 "*the server refused our client certificate*"
	to=("${at[@]}" --cacert "$pki/ca.crt")
	fails 1 "*the server asks for a client certificate*"
	to=("${at[@]}" --cacert "$pki/ca.crt" --cert "$pki/client.crt" \
		--key "$pki/server.key")
	fails 2 "*TLS: *"
	to=("${at[@]}" --cacert "$pki/none.crt" "${key[@]}")
	fails 2 "*none.crt*"
	to=(--endpoints "http://${at[1]#https://}")
	fails 1 "no member to take a snapshot from: http://*"
	to=("${at[@]}" --cacert "$pki/ca.crt" "${key[@]}")
	save --name works --new-cluster
	[ "$status" -eq 0 ]
}

# ---- what a server may do; the texts of the client are asserted in peer.bats

peer_fails() { # SCENARIO CODE TEXT [ARG...]
	snap_peer peer "$1" "$etcd_dir/good.db"
	fails "${@:2}"
	etcd_kill peer
}

@test "the fake member is good enough: what it sends whole is kept" {
	snap_peer peer good "$etcd_dir/good.db"
	save --name fake --new-cluster
	[ "$status" -eq 0 ]
	[[ "${lines[1]}" == "unproven: "* ]]
	[[ "$stderr" == *"warning: member peer could not be compared: "*"no HashKV"* ]]
	cmp "$etcd_dir/good.db" <(tar --zstd -xOf "$folder/fake.tar.zst" db)
	etcd_kill peer
	# A slow one as well, when it is not silent for too long.
	snap_peer peer drip "$etcd_dir/good.db"
	save --name slow --new-cluster --idle-timeout 2s
	[ "$status" -eq 0 ]
	etcd_kill peer
}

@test "a stream that is cut, reset, or ends with an error" {
	peer_fails close 1 "http://*: connection lost: *"
	peer_fails reset 1 "http://*: connection lost: *"
	peer_fails late_error 1 "http://*: etcdserver: server stopped"
	peer_fails early_end 1 "http://*: snapshot: the server ended it after * of * bytes"
	peer_fails mid_message 1 "http://*: the answer ended in the middle of a message"
	peer_fails no_status 1 "http://*: the answer ended without a status"
}

@test "a stream that lies about itself" {
	peer_fails wrong_digest 3 "http://*: the database does not have the sha-256 that the server sent with it (0000*; it has *)"
	peer_fails no_digest 1 "http://*: snapshot: the server ended it without the digest of its bytes"
	peer_fails lie 1 "http://*: snapshot: the server says that 12345 bytes remain, but * do"
	peer_fails too_much 1 "http://*: snapshot: the server sends more than the * bytes it announced"
	peer_fails huge 1 "http://*: a message of * bytes is longer than *"
	peer_fails compressed 1 "http://*: the answer is compressed, which was not asked for"
}

@test "a stream of nothing, and one that stands still" {
	peer_fails empty 1 "http://*: snapshot: the server sends nothing but empty messages *"
	peer_fails stall 1 "http://*: no byte for 1000 ms" --idle-timeout 1s
	python3 "$BATS_TEST_DIRNAME/peer/peer.py" silent \
		>"$BATS_TEST_TMPDIR/port" 3>&- &
	snap_note silent $!
	until_true test -s "$BATS_TEST_TMPDIR/port"
	to=(--endpoints "http://127.0.0.1:$(cat "$BATS_TEST_TMPDIR/port")")
	fails 1 "no member to take a snapshot from: http://*: no complete answer within 300 ms" --call-timeout 300ms
	etcd_kill silent
}

@test "alarms, as a member tells them" {
	peer_fails alarm_corrupt 4 "the cluster has a CORRUPT alarm (http://* says so)*hint: *"
	snap_peer peer alarm_nospace "$etcd_dir/good.db"
	save --new-cluster
	[ "$status" -eq 0 ]
	[[ "$stderr" == *"warning: the cluster has a NOSPACE alarm and refuses writes"* ]]
	etcd_kill peer
}

# The image of FILE with one bit changed at OFFSET, and a digest that fits.
flip() { # FILE OFFSET OUT
	python3 - "$@" <<-'END'
	import hashlib, sys
	data = bytearray(open(sys.argv[1], "rb").read()[:-32])
	data[int(sys.argv[2])] ^= 0x04
	open(sys.argv[3], "wb").write(data + hashlib.sha256(data).digest())
	END
}

# Where the page with the list of buckets begins.
live_root() { # FILE
	python3 - "$1" <<-'END'
	import struct, sys
	data = open(sys.argv[1], "rb").read(8192)
	metas = [struct.unpack_from("<4I4QQQ", data, at + 16)
	         for at in (0, 4096)]
	print(max(metas, key=lambda m: m[8])[4] * 4096)
	END
}

@test "a database that is damaged in itself is not kept" {
	root=$(live_root "$etcd_dir/good.db")
	# Magic numbers and sums of both metas; kind and count of a live page.
	for at in 16 4120 72 $((4096 + 72)) $((root + 8)) $((root + 10)); do
		flip "$etcd_dir/good.db" "$at" "$BATS_TEST_TMPDIR/bad.db"
		run "$snapshotd" verify "$BATS_TEST_TMPDIR/bad.db"
		echo "flipped $at: $output"
		[ "$status" -eq 3 ]
		snap_peer peer good "$BATS_TEST_TMPDIR/bad.db"
		fails 3 "the database of http://* is damaged: *
hint: replace this member; the earlier snapshots are untouched"
		etcd_kill peer
	done
	head -c 40992 /dev/zero >"$BATS_TEST_TMPDIR/nothing"
	flip "$BATS_TEST_TMPDIR/nothing" 0 "$BATS_TEST_TMPDIR/zero"
	snap_peer peer good "$BATS_TEST_TMPDIR/zero"
	fails 3 "*"
	etcd_kill peer
}

@test "a server that is killed in the middle" {
	# Pausing lets the kernel's buffers run empty, so that the stream has
	# begun and cannot have ended.
	v=$(etcd_versions | tail -n 1)
	etcd_start doomed "$v" "$etcd_dir/doomed" --unsafe-no-fsync
	snap_to doomed
	"$probe" "${to[@]}" fill 8000 20000
	"$snapshotd" save --dir "$folder" --new-cluster "${to[@]}" \
		>"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	saving=$!
	until_true has_part "$folder"
	etcd_kill doomed
	status=0
	wait $saving || status=$?
	cat "$BATS_TEST_TMPDIR/out"
	[ "$status" -eq 1 ]
	grep -q '^lifeboat-snapshotd: http://.*: connection lost: ' \
		"$BATS_TEST_TMPDIR/out"
	untouched
}

# ---- the folder

# Run COMMAND in a mount namespace of its own; skipped where that is forbidden.
apart() { # COMMAND-TEXT
	unshare -m true 2>/dev/null || skip "mount namespaces are not allowed"
	export snapshotd folder to_text="${to[*]}"
	run --separate-stderr unshare -m bash -c "
		mount --make-rprivate /
		save() { \"\$snapshotd\" save \$to_text --name new \"\$@\"; }
		$1"
	echo "$status: $output $stderr"
}

@test "the disk has too little room: refused before it begins" {
	apart 'mount -t tmpfs -o size=8m none "$folder" &&
		save --dir "$folder"; rc=$?; ls -A "$folder"; exit $rc'
	[ "$status" -eq 4 ]
	[[ "$stderr" == "lifeboat-snapshotd: not enough space in '$folder': "*" bytes are free, up to "*" are needed
hint: "* ]]
	[ "$(tr '\n' ' ' <<<"$output")" = ".save.lock " ]
	untouched
}

@test "the disk runs full in the middle" {
	# There is room when it begins; then somebody else takes it.
	snap_peer peer drip "$etcd_dir/good.db"
	apart 'mount -t tmpfs -o size=8m none "$folder"
		save --dir "$folder" --reserve 0 & p=$!
		until compgen -G "$folder/.*.part" >/dev/null; do
			kill -0 $p || break
			sleep 0.01
		done
		cat /dev/zero >"$folder/ballast" 2>/dev/null
		wait $p; rc=$?; rm "$folder/ballast"
		ls -A "$folder"; exit $rc'
	[ "$status" -eq 1 ]
	[[ "$stderr" == "lifeboat-snapshotd: cannot write "*": No space left on device" ]]
	[ "$output" = .save.lock ]
	untouched
}

@test "the disk is full at any size" {
	for k in 1 5 64 256 900; do
		run bash -c '(ulimit -f $1; trap "" XFSZ; shift; "$@")' - $k \
			"$snapshotd" save --dir "$folder" "${to[@]}"
		echo "$output"
		[ "$status" -eq 1 ]
		[[ "$output" == *": File too large" ]]
		untouched
	done
	# A signal that ends the program by default must not do so.
	run bash -c '(ulimit -f 300; "$@")' - \
		"$snapshotd" save --dir "$folder" "${to[@]}"
	echo "$status $output"
	[ "$status" -eq 1 ]
	[[ "$output" == *": File too large" ]]
	untouched
}

@test "the folder is read-only" {
	apart 'mount --bind "$folder" "$folder" &&
		mount -o remount,ro,bind "$folder" &&
		save --dir "$folder"'
	[ "$status" -eq 1 ]
	[[ "$stderr" == "lifeboat-snapshotd: cannot open '$folder/.save.lock': Read-only file system" ]]
	untouched
	apart 'mount --bind "$folder" "$folder" &&
		mount -o remount,ro,bind "$folder" &&
		"$snapshotd" list --dir "$folder" && "$snapshotd" verify --dir "$folder" earlier'
	[ "$status" -eq 0 ]
}

@test "the folder is missing, is a file, or vanishes in the middle" {
	v=$(etcd_versions | tail -n 1)
	run --separate-stderr "$snapshotd" save "${to[@]}" --dir "$folder/none"
	[ "$status" -eq 6 ]
	[ "$stderr" = "lifeboat-snapshotd: cannot open folder '$folder/none': No such file or directory
hint: make it, or name another with --dir" ]
	run --separate-stderr "$snapshotd" save "${to[@]}" \
		--dir "$folder/another.tar.zst"
	[ "$status" -eq 1 ]
	[ "$stderr" = "lifeboat-snapshotd: cannot open folder '$folder/another.tar.zst': Not a directory" ]
	untouched
	mkdir "$BATS_TEST_TMPDIR/gone"
	snap_peer peer drip "$etcd_dir/good.db"
	"$snapshotd" save "${to[@]}" --dir "$BATS_TEST_TMPDIR/gone" \
		>"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	saving=$!
	until_true has_part "$BATS_TEST_TMPDIR/gone"
	rm -rf "$BATS_TEST_TMPDIR/gone"
	status=0
	wait $saving || status=$?
	cat "$BATS_TEST_TMPDIR/out"
	[ "$status" -eq 1 ]
	grep -q "^lifeboat-snapshotd: cannot publish .*: No such file" \
		"$BATS_TEST_TMPDIR/out"
	[ ! -e "$BATS_TEST_TMPDIR/gone" ]
	etcd_kill peer
}

@test "two at a time: the second is told who holds the folder" {
	snap_peer peer stall "$etcd_dir/good.db"
	"$snapshotd" save "${to[@]}" --new-cluster --dir "$folder" \
		>"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	first=$!
	snap_note first $first
	until_true has_part "$folder"
	save --new-cluster
	[ "$status" -eq 5 ]
	[[ "$stderr" == "lifeboat-snapshotd: '$folder' is in use by process $first since 20"* ]]
	# SIGTERM abandons the first.
	kill -TERM $first
	status=0
	wait $first || status=$?
	cat "$BATS_TEST_TMPDIR/out"
	[ "$status" -eq 1 ]
	untouched
	# SIGKILL leaves what the next run clears away.
	"$snapshotd" save "${to[@]}" --new-cluster --dir "$folder" \
		>/dev/null 2>&1 3>&- &
	second=$!
	snap_note second $second
	until_true has_part "$folder"
	kill -KILL $second
	wait $second || true
	has_part "$folder"
	run "$snapshotd" list --dir "$folder"
	[[ "$output" == *".part"*" leftover "* ]]
	etcd_kill peer
	snap_to good
	save --name next
	[ "$status" -eq 0 ]
	no_parts "$folder"
}

# ---- odd databases

@test "an empty database" {
	for v in $(etcd_versions); do
		etcd_start "empty-$v" "$v" "$etcd_dir/empty-$v" \
			--unsafe-no-fsync
		snap_to "empty-$v"
		save --name "empty-$v" --new-cluster
		[ "$status" -eq 0 ]
		[[ "${lines[1]}" == "verified: revision 1, 0 keys, "* ]]
		run "$snapshotd" verify --dir "$folder" "empty-$v"
		[ "$status" -eq 0 ]
		etcd_kill "empty-$v"
	done
}

# The database FILE with pages of 64 KiB, as etcd makes on such machines: every
# page keeps its number and its bytes.  etcd writes no list of free pages, so
# that nothing else has to follow.
widen() { # FILE OUT
	python3 - "$@" <<-'END'
	import hashlib, struct, sys
	old = open(sys.argv[1], "rb").read()[:-32]
	small, big = 4096, 65536
	metas = [struct.unpack_from("<4I4QQQ", old, i * small + 16)
	         for i in (0, 1)]
	newest = max(metas, key=lambda m: m[8])
	out = bytearray(newest[7] * big)
	at = 2
	for i in (0, 1):
	    meta = bytearray(old[i * small:i * small + 80])
	    struct.pack_into("<I", meta, 24, big)
	    h = 0xcbf29ce484222325
	    for byte in meta[16:72]:
	        h = (h ^ byte) * 0x100000001b3 % (1 << 64)
	    struct.pack_into("<Q", meta, 72, h)
	    out[i * big:i * big + 80] = meta
	while at < newest[7]:
	    page, flags, count, over = struct.unpack_from("<QHHI", old,
	                                                  at * small)
	    if page != at or flags not in (1, 2, 16):
	        at += 1                  # a page that was never used
	        continue
	    body = bytearray(old[at * small:(at + 1 + over) * small])
	    struct.pack_into("<I", body, 12, (len(body) - 1) // big)
	    out[at * big:at * big + len(body)] = body
	    at += 1 + over
	open(sys.argv[2], "wb").write(out + hashlib.sha256(out).digest())
	END
}

@test "a database with pages of 64 KiB" {
	for v in $(etcd_versions); do
		etcd_start wide "$v" "$etcd_dir/wide-$v" --unsafe-no-fsync
		"$probe" --endpoints "$(etcd_url wide)" fill 20 6000
		etcd_ctl_at wide snapshot save "$BATS_TEST_TMPDIR/small-$v"
		etcd_kill wide
		widen "$BATS_TEST_TMPDIR/small-$v" "$BATS_TEST_TMPDIR/wide-$v"
		# etcd's own tool reads it: the conversion is sound.
		tool=$(etcd_bin "$v")/etcdutl
		[ -x "$tool" ] || tool=$(etcd_bin "$v")/etcdctl
		theirs=$(ETCDCTL_API=3 "$tool" snapshot status -w json \
			"$BATS_TEST_TMPDIR/wide-$v" | jq .hash)
		snap_peer peer good "$BATS_TEST_TMPDIR/wide-$v"
		save --new-cluster --name "wide-$v"
		etcd_kill peer
		[ "$status" -eq 0 ]
		file=$folder/wide-$v.tar.zst
		[ "$((16#$(manifest "$file" .database.statusHash)))" = "$theirs" ]
		cmp "$BATS_TEST_TMPDIR/wide-$v" <(tar --zstd -xOf "$file" db)
		run "$snapshotd" verify --dir "$folder" "wide-$v"
		[ "$status" -eq 0 ]
	done
}
