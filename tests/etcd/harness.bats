#!/usr/bin/env bats
# The harness itself: servers of every version start, answer and vanish.

setup() {
	bats_require_minimum_version 1.5.0
	# shellcheck source=tests/etcd/lib.sh
	source "$BATS_TEST_DIRNAME/lib.sh"
	etcd_setup
}

teardown() { etcd_teardown; }

# A key survives a round trip, and a snapshot can be taken.
try_out() { # NAME
	etcd_ctl_at "$1" put greeting "hello from $1"
	run -0 etcd_ctl_at "$1" get greeting --print-value-only
	[ "$output" = "hello from $1" ]
	etcd_ctl_at "$1" snapshot save "$etcd_dir/$1.db"
	[ -s "$etcd_dir/$1.db" ]
	rm "$etcd_dir/$1.db"
}

# No server of this test is left: every noted process is gone.
none_left() {
	local f pid

	for f in "$etcd_dir"/servers/*; do
		pid=$(sed -n 1p "$f")
		etcd_alive "${f##*/}" && return 1
		! grep -q -z -F "$etcd_dir" "/proc/$pid/cmdline" 2>/dev/null ||
			! proc_start "$pid" >/dev/null
	done
}

@test "versions are listed, and several are at hand" {
	run -0 etcd_versions
	[ "${#lines[@]}" -ge 2 ]
	for v in "${lines[@]}"; do
		"$(etcd_bin "$v")/etcd" --version | grep -F "etcd Version: $v"
	done
	run -1 etcd_bin 0.0.1
}

@test "one server with and without TLS, every version" {
	for v in $(etcd_versions); do
		etcd_start plain "$v" "$etcd_dir/$v" --unsafe-no-fsync
		etcd_start secret "$v" "$etcd_dir/$v" --tls
		try_out plain
		try_out secret
		etcd_stop plain
		etcd_stop secret
	done
	none_left
}

@test "three members with TLS, every version" {
	for v in $(etcd_versions); do
		etcd_cluster_start "$v" "$etcd_dir/$v" 3 --tls
		try_out m2
		run -0 etcd_ctl_at m1 member list
		[ "${#lines[@]}" -eq 3 ]
		for m in m1 m2 m3; do etcd_stop $m; done
	done
	none_left
}

@test "a killed member comes back, a paused one does not answer" {
	v=$(etcd_versions | tail -n 1)
	etcd_cluster_start "$v" "$etcd_dir/c" 3 --tls
	etcd_ctl_at m1 put k before
	etcd_kill m3
	run -1 etcd_alive m3
	etcd_wait m1 m2        # m3 may have led: elect another first
	etcd_ctl_at m1 put k after
	etcd_restart m3
	etcd_wait m3
	run -0 etcd_ctl_at m3 get k --print-value-only
	[ "$output" = after ]
	etcd_pause m3
	run ! etcd_ctl_at m3 --command-timeout=1s endpoint health
	etcd_resume m3
	etcd_wait m3
}

@test "strangers, expired keys and no keys are refused" {
	v=$(etcd_versions | tail -n 1)
	etcd_start s "$v" "$etcd_dir/d" --tls
	pki=$etcd_dir/d/pki
	try=(etcd_ctl "$v" --command-timeout=2s --endpoints "$(etcd_url s)")
	run -0 "${try[@]}" --cacert "$pki/ca.crt" --cert "$pki/client.crt" \
		--key "$pki/client.key" endpoint health
	for who in expired other-client; do
		run ! "${try[@]}" --cacert "$pki/ca.crt" \
			--cert "$pki/$who.crt" --key "$pki/$who.key" \
			endpoint health
	done
	run ! "${try[@]}" --cacert "$pki/ca.crt" endpoint health
	run ! "${try[@]}" --cacert "$pki/other-ca.crt" \
		--cert "$pki/client.crt" --key "$pki/client.key" endpoint health
}

@test "a server that cannot start is told, with its log" {
	v=$(etcd_versions | tail -n 1)
	run -1 etcd_start bad "$v" "$etcd_dir/e" -- --no-such-option
	[[ $output == *"etcd 'bad' $v failed"* ]]
	[[ $output == *"no-such-option"* ]]
	run -1 etcd_start bad "$v" "$etcd_dir/e" --nonsense
	[ "$output" = "unknown option '--nonsense'" ]
}

@test "teardown ends paused and running servers and removes the folder" {
	v=$(etcd_versions | tail -n 1)
	etcd_start a "$v" "$etcd_dir/f"
	etcd_start b "$v" "$etcd_dir/f"
	etcd_pause b
	a=$(etcd_noted a 1) b=$(etcd_noted b 1)
	etcd_teardown
	[ ! -e "$etcd_dir" ]
	run -1 proc_start "$a"
	run -1 proc_start "$b"
}
