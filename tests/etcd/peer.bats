#!/usr/bin/env bats
# What the client does when a server misbehaves: tests/etcd/peer/peer.py plays
# one.  PROBE names the program under test.

setup() {
	PROBE=${PROBE:-$BATS_TEST_DIRNAME/../../build/tests/etcd/probe}
	DIR=$(mktemp -d /tmp/peer-XXXXXX)
	PEER=
}

teardown() {
	if [ -n "$PEER" ]; then
		kill "$PEER" 2>/dev/null || true
		wait "$PEER" 2>/dev/null || true
	fi
	rm -rf "$DIR"
}

# play SCENARIO: start the peer, set URL
play() {
	python3 "$BATS_TEST_DIRNAME/peer/peer.py" "$1" >"$DIR/port" 3>&- &
	PEER=$!
	for _ in $(seq 100); do
		[ -s "$DIR/port" ] && break
		sleep 0.05
	done
	URL=http://127.0.0.1:$(cat "$DIR/port")
}

# snapshot_fails SCENARIO STATUS TEXT [OPTION...]
snapshot_fails() {
	local scenario=$1 code=$2 text=$3
	shift 3
	play "$scenario"
	run "$PROBE" --endpoints "$URL" "$@" snapshot "$DIR/out"
	echo "$output"
	[ "$status" -eq "$code" ]
	[ "$output" = "${text//URL/$URL}" ]
}

@test "a good stream is taken whole" {
	play good
	run "$PROBE" --endpoints "$URL" snapshot "$DIR/out"
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(stat -c %s "$DIR/out")" -eq 65568 ]
	[ "$(head -c 65536 "$DIR/out" | sha256sum | cut -c 1-64)" = \
	  "$(tail -c 32 "$DIR/out" | od -An -v -tx1 | tr -d ' \n')" ]
}

@test "a stream in frames of seven bytes is taken whole" {
	play bytewise
	run "$PROBE" --endpoints "$URL" snapshot "$DIR/out"
	[ "$status" -eq 0 ]
	[ "$(head -c 65536 "$DIR/out" | sha256sum | cut -c 1-64)" = \
	  "$(tail -c 32 "$DIR/out" | od -An -v -tx1 | tr -d ' \n')" ]
}

@test "the digest is passed on as it came, for the caller to compare" {
	play wrong_digest
	run "$PROBE" --endpoints "$URL" snapshot "$DIR/out"
	[ "$status" -eq 0 ]
	[[ "$output" == *"digest=0000000000000000"* ]]
}

@test "a slow stream is not an idle one" {
	play drip
	run "$PROBE" --endpoints "$URL" --idle-ms 600 snapshot "$DIR/out"
	[ "$status" -eq 0 ]
}

@test "a slow sink is not an idle stream" {
	play good
	run "$PROBE" --endpoints "$URL" --idle-ms 300 snapshot - 100000
	[ "$status" -eq 0 ]
}

@test "a sink that fails ends the stream with its own error" {
	play good
	run "$PROBE" --endpoints "$URL" snapshot - 0 10000
	[ "$status" -eq 1 ]
	[ "$output" = "system: the sink is full" ]
}

@test "a reset stream fails" {
	play reset
	run "$PROBE" --endpoints "$URL" snapshot "$DIR/out"
	echo "$output"
	[ "$status" -eq 1 ]
	[[ "$output" == "remote: $URL: connection lost: "* ]]
}

@test "a connection that closes half way fails" {
	play close
	run "$PROBE" --endpoints "$URL" snapshot "$DIR/out"
	echo "$output"
	[ "$status" -eq 1 ]
	[[ "$output" == "remote: $URL: connection lost: "* ]]
}

@test "an error in the trailers fails after half the bytes" {
	snapshot_fails late_error 1 "remote: URL: etcdserver: server stopped"
}

@test "status 0 after half the bytes fails" {
	snapshot_fails early_end 1 "remote: URL: snapshot: the server ended it after 32768 of 65536 bytes"
}

@test "status 0 in the middle of a message fails" {
	snapshot_fails mid_message 1 "remote: URL: the answer ended in the middle of a message"
}

@test "a stream without the digest fails" {
	snapshot_fails no_digest 1 "remote: URL: snapshot: the server ended it without the digest of its bytes"
}

@test "a whole stream without a status fails" {
	snapshot_fails no_status 1 "remote: URL: the answer ended without a status"
}

@test "a lying remaining_bytes fails" {
	snapshot_fails lie 1 "remote: URL: snapshot: the server says that 12345 bytes remain, but 28672 of 65536 do"
}

@test "bytes after the digest fail" {
	snapshot_fails too_much 1 "remote: URL: snapshot: the server sends more than the 65536 bytes it announced"
}

@test "endless empty messages are given up" {
	snapshot_fails empty 1 "remote: URL: snapshot: the server sends nothing but empty messages after 32768 of 65536 bytes"
}

@test "a stream that stalls is given up" {
	snapshot_fails stall 1 "remote: URL: no byte for 500 ms" --idle-ms 500
}

@test "a server that says nothing is given up" {
	play silent
	run "$PROBE" --endpoints "$URL" --call-ms 400 status
	[ "$status" -eq 1 ]
	[ "$output" = "remote: $URL: no complete answer within 400 ms" ]
}

@test "a signal ends a stalled stream" {
	play stall
	"$PROBE" --endpoints "$URL" snapshot - 2>"$DIR/err" &
	local probe=$!
	sleep 0.5
	kill -TERM "$probe"
	status=0
	wait "$probe" || status=$?
	[ "$status" -eq 1 ]
	[ "$(cat "$DIR/err")" = "stopped: stopped" ]
}

@test "a refusal without a body is told in etcd's words" {
	snapshot_fails refuse 4 "refused: URL: etcdserver: permission denied
hint: snapshots and hashes need a user with the role root"
}

@test "pages of other servers are named" {
	snapshot_fails web_page 1 "remote: URL: HTTP status 503 instead of a gRPC answer"
}

@test "a page with status 200 is no answer" {
	snapshot_fails not_grpc 1 "remote: URL: the answer is not gRPC"
}

@test "a huge message is refused before it is received" {
	snapshot_fails huge 1 "remote: URL: a message of 1073741824 bytes is longer than the 8388608 that are allowed"
}

@test "a compressed message is refused" {
	snapshot_fails compressed 1 "remote: URL: the answer is compressed, which was not asked for"
}

@test "a unary call takes exactly one message that can be decoded" {
	play two_answers
	run "$PROBE" --endpoints "$URL" status
	[ "$output" = "remote: $URL: more than one message in the answer" ]
	teardown; setup; play no_answer
	run "$PROBE" --endpoints "$URL" status
	[ "$output" = "remote: $URL: an answer without a message" ]
	teardown; setup; play garbage
	run "$PROBE" --endpoints "$URL" status
	[ "$output" = "remote: cannot decode the answer to Status" ]
}

@test "one dead endpoint costs one timeout, and the others answer" {
	play silent
	run "$PROBE" --endpoints "$URL,http://127.0.0.1:1,$URL" --call-ms 300 status-all
	echo "$output"
	[ "${lines[0]}" = "endpoint=0 error=$URL: no complete answer within 300 ms" ]
	[ "${lines[1]}" = "endpoint=1 error=http://127.0.0.1:1: cannot connect: Connection refused" ]
	[ "${lines[2]}" = "endpoint=2 error=$URL: no complete answer within 300 ms" ]
}
