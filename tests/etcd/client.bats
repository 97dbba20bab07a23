#!/usr/bin/env bats
# Every call of lib/etcd against real servers; see servers.bash for ETCD_DIRS.

# shellcheck disable=SC2034
load servers.bash

setup() {
	PROBE=${PROBE:-$BATS_TEST_DIRNAME/../../build/tests/etcd/probe}
	DIR=$(mktemp -d /tmp/client-XXXXXX)
	ETCD_PID=
	PORTS=
}

teardown() {
	stop_etcd
	rm -rf "$DIR"
}

# probe ARGUMENT...: run it against URL with OPTIONS
probe() {
	run "$PROBE" --endpoints "$URL" "${OPTIONS[@]}" "$@"
	echo "probe $*: $status: ${output:0:400}"
}

# The digest of the file at $1 is the one in its last 32 bytes.
digest_fits() {
	[ "$(head -c -32 "$1" | sha256sum | cut -c 1-64)" = \
	  "$(tail -c 32 "$1" | od -An -v -tx1 | tr -d ' \n')" ]
}

all_calls() {
	probe status
	[ "$status" -eq 0 ]
	[[ "$output" == "endpoint=0 version="*" revision=1 "*" leader=1 "* ]]
	probe put key one
	[ "$output" = "revision=2" ]
	probe put key two
	[ "$output" = "revision=3" ]
	probe range key 2
	[ "$output" = "key=one
revision=2 count=1" ]
	probe fill 300 100
	[ "$output" = "revision=6" ]
	probe count fill/
	[ "$output" = "count=300" ]
	probe range fill/ 0 7
	[ "${#lines[@]}" -eq 301 ]
	[[ "${lines[299]}" == "fill/00000299="* ]]
	[ "${lines[300]}" = "revision=6 count=300" ]
	probe hash 4
	[ "$status" -eq 0 ]
	[[ "$output" == "hash="*" compact=-1 revision=6" ]]
	probe hash 7
	[ "$status" -eq 1 ]
	[[ "$output" == "remote: $URL: etcdserver: mvcc: required revision is a future revision" ]]
	probe compact 3
	[ "$status" -eq 0 ]
	probe range key 2
	[ "$status" -eq 4 ]
	[ "$output" = "refused: $URL: etcdserver: mvcc: required revision has been compacted" ]
	probe delete key
	[ "$output" = "deleted=1" ]
	probe defragment
	[ "$status" -eq 0 ]
	probe alarms
	[ "$output" = "alarms=0" ]
	probe snapshot "$DIR/snap"
	[ "$status" -eq 0 ]
	digest_fits "$DIR/snap"
	probe members
	[[ "$output" == "id="*" name=m peer=http://"*" client=$URL learner=0" ]]
}

membership() {
	probe add-learner http://127.0.0.1:1
	[ "$status" -eq 0 ]
	local id=${output#id=}
	probe members
	[[ "${lines[*]}" == *"id=$id name= peer=http://127.0.0.1:1 client= learner=1"* ]]
	probe add-learner http://127.0.0.1:1
	[ "$status" -eq 4 ]
	[[ "$output" == *" already exist"* ]]
	probe promote "$id"
	[ "$status" -eq 4 ]
	[[ "$output" == *"behind"* ]]
	probe update "$id" http://127.0.0.1:2
	[ "$status" -eq 0 ]
	probe members
	[[ "${lines[*]}" == *"peer=http://127.0.0.1:2 "* ]]
	probe remove "$id"
	[ "$status" -eq 0 ]
	probe remove "$id"
	[ "$status" -eq 6 ]
	[ "$output" = "missing: $URL: etcdserver: member not found" ]
}

@test "all calls, without TLS" {
	OPTIONS=()
	for bin in $(etcd_dirs); do
		renew
		start_etcd "$bin" http
		all_calls
		membership
	done
}

@test "all calls, with TLS and client certificates; and what is refused" {
	make_ca ca
	make_ca other
	make_cert ca server IP:127.0.0.1
	make_cert ca client DNS:client
	make_cert other stranger DNS:stranger
	make_cert ca late DNS:late "3 days ago"
	for bin in $(etcd_dirs); do
		renew
		start_etcd "$bin" https --cert-file "$DIR/server.pem" \
			--key-file "$DIR/server.key" --client-cert-auth \
			--trusted-ca-file "$DIR/ca.pem"
		OPTIONS=(--cacert "$DIR/ca.pem" --cert "$DIR/client.pem"
			--key "$DIR/client.key")
		all_calls
		OPTIONS=(--cacert "$DIR/other.pem" --cert "$DIR/client.pem"
			--key "$DIR/client.key")
		probe status
		[ "$status" -eq 1 ]
		[ "$output" = "remote: $URL: TLS: the server's certificate is not signed by the trusted CA" ]
		OPTIONS=(--cacert "$DIR/ca.pem")
		probe status
		[ "$status" -eq 1 ]
		[[ "$output" == "remote: $URL: "*"the server asks for a client certificate" ]]
		OPTIONS=(--cacert "$DIR/ca.pem" --cert "$DIR/stranger.pem"
			--key "$DIR/stranger.key")
		probe status
		[ "$status" -eq 1 ]
		[[ "$output" == "remote: $URL: "*"the server refused our client certificate"* ]]
		OPTIONS=(--cacert "$DIR/ca.pem" --cert "$DIR/late.pem"
			--key "$DIR/late.key")
		probe status
		[ "$status" -eq 1 ]
		[[ "$output" == "remote: $URL: "*"the server refused our client certificate"* ]]
		OPTIONS=(--cacert "$DIR/ca.pem" --cert "$DIR/client.pem"
			--key "$DIR/server.key")
		probe status
		[ "$status" -eq 2 ]
		[[ "$output" == "usage: $URL: TLS: "* ]]
		OPTIONS=()
		run "$PROBE" --endpoints "http${URL#https}" status
		[ "$status" -eq 1 ]
		[[ "$output" == "remote: http${URL#https}: "* ]]
	done
}

@test "a server's certificate that has expired, or is for another host" {
	make_ca ca
	make_cert ca late IP:127.0.0.1 "3 days ago"
	make_cert ca elsewhere DNS:elsewhere.example
	for bin in $(etcd_dirs); do
		renew
		start_etcd "$bin" https --cert-file "$DIR/late.pem" \
			--key-file "$DIR/late.key"
		OPTIONS=(--cacert "$DIR/ca.pem")
		probe status
		[ "$status" -eq 1 ]
		[ "$output" = "remote: $URL: TLS: the server's certificate has expired" ]
		renew
		start_etcd "$bin" https --cert-file "$DIR/elsewhere.pem" \
			--key-file "$DIR/elsewhere.key"
		probe status
		[ "$status" -eq 1 ]
		[ "$output" = "remote: $URL: TLS: the server's certificate is for another host name" ]
	done
}

@test "authentication: who may, who may not, and a token that was forgotten" {
	echo secret >"$DIR/password"
	echo wrong >"$DIR/wrong"
	for bin in $(etcd_dirs); do
		renew
		start_etcd "$bin" http
		local ctl=(env ETCDCTL_API=3 "$bin/etcdctl" --endpoints "$URL")
		"${ctl[@]}" user add root:secret
		"${ctl[@]}" user add joe:secret
		OPTIONS=(--user root --password-file "$DIR/password")
		# Not enabled yet: the credentials are dropped.
		probe put key value
		[ "$status" -eq 0 ]
		"${ctl[@]}" auth enable
		probe put key value
		[ "$status" -eq 0 ]
		probe snapshot "$DIR/snap"
		[ "$status" -eq 0 ]
		digest_fits "$DIR/snap"
		probe hash-all
		[[ "$output" == "endpoint=0 hash="* ]]
		probe status
		[ "$status" -eq 0 ]
		OPTIONS=(--user root --password-file "$DIR/wrong")
		probe snapshot -
		[ "$status" -eq 2 ]
		[ "$output" = "usage: $URL: etcdserver: authentication failed, invalid user ID or password" ]
		OPTIONS=(--user joe --password-file "$DIR/password")
		probe snapshot -
		[ "$status" -eq 4 ]
		[[ "$output" == "refused: $URL: "*"permission denied"* ]]
		[[ "$output" == *"hint: snapshots and hashes need a user with the role root" ]]
		OPTIONS=()
		probe snapshot -
		[ "$status" -eq 2 ]
		[[ "$output" == "usage: $URL: "*"user name is empty"* ]]
		[[ "$output" == *"hint: authentication is enabled: give a user and a password" ]]
		# The server forgets its tokens when it starts anew.
		mkfifo "$DIR/go"
		"$PROBE" --endpoints "$URL" --user root \
			--password-file "$DIR/password" \
			twice hash <"$DIR/go" >"$DIR/out" 2>&1 3>&- &
		local probe=$!
		exec 9>"$DIR/go"
		for _ in $(seq 100); do
			[ -s "$DIR/out" ] && break
			sleep 0.05
		done
		stop_etcd
		rm "$DIR/etcd.log"
		start_etcd "$bin" http
		echo go >&9
		exec 9>&-
		wait "$probe"
		cat "$DIR/out"
		[ "$(grep -c '^hash=' "$DIR/out")" -eq 2 ]
		rm "$DIR/go"
	done
}

@test "a server killed in the middle of a snapshot" {
	for bin in $(etcd_dirs); do
		renew
		start_etcd "$bin" http
		OPTIONS=()
		probe fill 3000 30000
		[ "$status" -eq 0 ]
		"$PROBE" --endpoints "$URL" snapshot "$DIR/snap" 500 \
			>"$DIR/out" 2>&1 3>&- &
		local probe=$!
		for _ in $(seq 100); do
			[ -s "$DIR/snap" ] && break
			sleep 0.02
		done
		stop_etcd
		local code=0
		wait "$probe" || code=$?
		cat "$DIR/out"
		[ "$code" -eq 1 ]
		[[ "$(cat "$DIR/out")" == "remote: $URL: connection lost: "* ]]
		probe status
		[ "$status" -eq 1 ]
		[ "$output" = "remote: $URL: cannot connect: Connection refused" ]
	done
}

@test "a database without space: the alarm, and its end" {
	OPTIONS=()
	for bin in $(etcd_dirs); do
		renew
		start_etcd "$bin" http --quota-backend-bytes 2000000
		probe fill 4000 10000
		[ "$status" -eq 4 ]
		[ "$output" = "refused: $URL: etcdserver: mvcc: database space exceeded
hint: compact, defragment, then disarm the NOSPACE alarm" ]
		probe status
		[[ "$output" == *"no_space=1" ]]
		probe alarms disarm
		[ "${lines[0]}" = "alarms=1" ]
		[[ "${lines[1]}" == "member="*" type=1" ]]
		probe status
		[[ "$output" == *"no_space=0" ]]
	done
}

@test "a page too big for memory is asked for in smaller ones" {
	OPTIONS=()
	start_etcd "$(etcd_dirs | tail -1)" http
	probe fill 40 900000
	[ "$status" -eq 0 ]
	run "$PROBE" --endpoints "$URL" range fill/
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 41 ]
	[[ "${lines[40]}" == *" count=40" ]]
}

@test "the endpoint that answers is found" {
	OPTIONS=()
	start_etcd "$(etcd_dirs | tail -1)" http
	run "$PROBE" --endpoints "http://127.0.0.1:1,$URL" put a b
	[ "$output" = "revision=2" ]
	run "$PROBE" --endpoints "http://127.0.0.1:1,$URL" status-all
	[ "${lines[0]}" = "endpoint=0 error=http://127.0.0.1:1: cannot connect: Connection refused" ]
	[[ "${lines[1]}" == "endpoint=1 version="* ]]
}
