#!/usr/bin/env bats
# Which member a snapshot is taken from, and how it is proven against the live
# cluster: three members with TLS, of every version.
# Set by run, lib.sh and snap.bash; each test is a shell of its own.
# shellcheck disable=SC2154,SC1091,SC2016,SC2030,SC2031,SC2034

setup() {
	bats_require_minimum_version 1.5.0
	source "$BATS_TEST_DIRNAME/lib.sh"
	source "$BATS_TEST_DIRNAME/snap.bash"
	etcd_setup
	snap_setup
}

teardown() { etcd_teardown; }

member_id() { # NAME: in hex, as the manifest has it
	printf '%x\n' "$(etcd_ctl_at "$1" endpoint status -w json |
		tr -d '\n' | grep -o '"member_id":[0-9]*' | head -n 1 |
		cut -d : -f 2)"
}

leader() {
	local m

	for m in m1 m2 m3; do
		[ "$(leader_of $m)" != "$(member_id $m)" ] || echo $m
	done
}

leader_of() { # NAME
	printf '%x\n' "$(etcd_ctl_at "$1" endpoint status -w json |
		grep -o '"leader":[0-9]*' | head -n 1 | cut -d : -f 2)"
}

start_three() { # VERSION [OPTION...]
	etcd_cluster_start "$1" "$etcd_dir/c-$1" 3 --tls --unsafe-no-fsync \
		"${@:2}"
	snap_to m1 m2 m3
	"$probe" "${to[@]}" fill 200 200
}

kill_three() { for m in m1 m2 m3; do etcd_kill $m; done; }

results() { # FILE: "m1 equal" and so on, a line each
	manifest "$1" '.members[] | "\(.name) \(.result)"' | sort
}

# Another byte in a value of the database FILE, which no server has open; a page
# keeps no sum of its own, so that etcd does not notice.
change_value() { # FILE TEXT
	python3 - "$1" "$2" <<-'END'
	import sys
	data = bytearray(open(sys.argv[1], "rb").read())
	at = n = 0
	while True:
	    at = data.find(sys.argv[2].encode(), at)
	    if at < 0:
	        break
	    data[at] ^= 1
	    at, n = at + 1, n + 1
	assert n > 0, "the value is not there"
	open(sys.argv[1], "wb").write(data)
	END
}

@test "a follower is read, not the leader, and all members are compared" {
	for v in $(etcd_versions); do
		start_three "$v"
		lead=$(leader)
		[ -n "$lead" ]
		for i in 1 2 3; do
			save --json --name "n$i"
			[ "$status" -eq 0 ]
			[ "$(jq -r .verdict <<<"$output")" = verified ]
			[ "$(jq -r .etcd.memberName <<<"$output")" != "$lead" ]
			[ "$(jq '[.members[] | select(.result == "equal")] |
				length' <<<"$output")" -eq 3 ]
		done
		# When only the leader can be asked it is taken.
		snap_to "$lead"
		save --json --name leader
		[ "$(jq -r .etcd.memberName <<<"$output")" = "$lead" ]
		[ "$(jq -r .verdict <<<"$output")" = verified ]
		kill_three
		rm -rf "$folder"; mkdir "$folder"
	done
}

@test "a member that is down is named, and the snapshot is unproven" {
	for v in $(etcd_versions); do
		start_three "$v"
		etcd_kill m2
		etcd_wait m1 m3
		save --name down
		[ "$status" -eq 0 ]
		[[ "${lines[1]}" == "unproven: "* ]]
		[[ "$stderr" == *"warning: member m2 could not be compared: $(etcd_url m2): cannot connect: Connection refused"* ]]
		[ "$(results "$folder/down.tar.zst")" = "m1 equal
m2 not_compared
m3 equal" ]
		[ "$(manifest "$folder/down.tar.zst" .verdict)" = unproven ]
		[[ "$(manifest "$folder/down.tar.zst" '.members[1].reason,
			.members[0].reason, .members[2].reason')" == \
			*"Connection refused"* ]]
		run "$snapshotd" verify --dir "$folder" down
		[ "$status" -eq 0 ]
		# Without a quorum there is no leader, and no snapshot.
		etcd_kill m3
		until_true no_leader m1
		save --name lost
		[ "$status" -ne 0 ]
		[[ "$stderr" == *"$(etcd_url m1) has no leader"* ]]
		[ ! -e "$folder/lost.tar.zst" ]
		no_parts "$folder"
		kill_three
		rm "$folder"/*
	done
}

no_leader() { [ "$(leader_of "$1")" = 0 ]; }

@test "a member that holds different data: kept, marked, named, exit code 3" {
	for v in $(etcd_versions); do
		start_three "$v"
		etcd_ctl_at m1 put canary THE-VALUE-THAT-CHANGES
		lead=$(leader)
		# The one that is read must be another than the one that lies.
		liar=m1; [ "$lead" != m1 ] || liar=m2
		etcd_stop $liar
		change_value "$(etcd_home $liar)/data/member/snap/db" \
			THE-VALUE-THAT-CHANGES
		etcd_restart $liar
		etcd_wait m1 m2 m3
		snap_to m1 m2 m3
		good=; for m in m1 m2 m3; do
			[ $m = $liar ] || good=${good:-$m}
		done
		snap_to "$good"
		save --name differs
		[ "$status" -eq 3 ]
		[[ "${lines[1]}" == "diverged: "* ]]
		[[ "$stderr" == *"warning: member $liar holds different data: hash "*" where the snapshot has "*" at revision "* ]]
		[[ "$stderr" == *"lifeboat-snapshotd: members hold different data; the snapshot is kept and marked diverged" ]]
		[ "$(results "$folder/differs.tar.zst" |
			grep different)" = "$liar different" ]
		[ "$(results "$folder/differs.tar.zst" |
			grep -c equal)" -eq 2 ]
		[ "$(manifest "$folder/differs.tar.zst" .verdict)" = diverged ]
		run "$snapshotd" list --dir "$folder"
		[[ "$output" == *"differs.tar.zst"*" diverged "* ]]
		# Also when the very member that differs is read: then the two
		# others are those that differ from the snapshot.
		snap_to $liar
		save --name liar
		[ "$status" -eq 3 ]
		[ "$(results "$folder/liar.tar.zst" | grep -c different)" -eq 2 ]
		kill_three
		rm "$folder"/*
	done
}

@test "writes that go on meanwhile do not disturb the proof" {
	for v in $(etcd_versions); do
		start_three "$v"
		"$probe" "${to[@]}" fill 4000 5000
		touch "$BATS_TEST_TMPDIR/go"
		(while [ -e "$BATS_TEST_TMPDIR/go" ]; do
			"$probe" "${to[@]}" fill 300 100 >/dev/null || break
		done) 3>&- &
		for i in 1 2 3; do
			save --name "busy-$i"
			[ "$status" -eq 0 ]
			[[ "${lines[1]}" == "verified: "* ]]
		done
		rm "$BATS_TEST_TMPDIR/go"
		wait
		a=$(manifest "$folder/busy-1.tar.zst" .database.revision)
		b=$(manifest "$folder/busy-3.tar.zst" .database.revision)
		[ "$a" -lt "$b" ]
		kill_three
		rm "$folder"/*
	done
}

add_learner() { # VERSION DIR: start m4 as a learner of m1's cluster
	local ports url cluster

	mapfile -t ports < <(etcd_ports 2)
	url=https://127.0.0.1
	# Refused until the members have been connected for some seconds.
	until_true etcd_ctl_at m1 member add m4 --learner \
		--peer-urls "$url:${ports[1]}" 2>/dev/null
	cluster=$(tr '\0' '\n' <"$(etcd_home m1)/args" |
		sed -n '/^--initial-cluster$/{n;p}'),m4=$url:${ports[1]}
	etcd_prepare m4 "$1" "$2/m4" https "${ports[0]}" "${ports[1]}" \
		"$cluster" --initial-cluster-state existing
	etcd_launch m4 "$1" "$2/m4" "$url:${ports[0]}"
}

learner_answers() {
	[ "$(etcd_ctl_at m4 endpoint status -w json 2>/dev/null |
		grep -c '"isLearner":true')" -eq 1 ]
}

@test "a learner is not read, and not counted" {
	for v in $(etcd_versions); do
		start_three "$v"
		add_learner "$v" "$etcd_dir/c-$v"
		until_true learner_answers
		snap_to m4
		save
		[ "$status" -eq 4 ]
		[ "$stderr" = "lifeboat-snapshotd: no member to take a snapshot from: $(etcd_url m4) is a learner, which may lag behind" ]
		snap_to m4 m1
		save --name l
		[ "$status" -eq 0 ]
		[ "$(manifest "$folder/l.tar.zst" .etcd.memberName)" = m1 ]
		[ "$(manifest "$folder/l.tar.zst" '.members | length')" -eq 3 ]
		[ "$(manifest "$folder/l.tar.zst" .verdict)" = verified ]
		[[ "$stderr" == *"warning: $(etcd_url m4) is a learner, which may lag behind"* ]]
		kill_three
		etcd_kill m4
		rm "$folder"/*
	done
}

@test "a CORRUPT alarm refuses the snapshot" {
	for v in $(etcd_versions); do
		start_three "$v" -- --experimental-corrupt-check-time=1s
		etcd_ctl_at m1 put canary THE-VALUE-THAT-CHANGES
		save --name before
		[ "$status" -eq 0 ]
		before=$(sums "$folder")
		lead=$(leader)
		liar=m1; [ "$lead" != m1 ] || liar=m2
		etcd_stop $liar
		change_value "$(etcd_home $liar)/data/member/snap/db" \
			THE-VALUE-THAT-CHANGES
		etcd_restart $liar
		until_true alarm CORRUPT "$lead"
		save
		[ "$status" -eq 4 ]
		[[ "$stderr" == "lifeboat-snapshotd: the cluster has a CORRUPT alarm ("*" says so)
hint: members hold different data; find out which is right before taking snapshots" ]]
		[ "$before" = "$(sums "$folder")" ]
		no_parts "$folder"
		kill_three
		rm "$folder"/*
	done
}

alarm() { # KIND NAME
	etcd_ctl_at "$2" alarm list 2>/dev/null | grep -q "alarm:$1"
}

@test "a NOSPACE alarm is a warning" {
	for v in $(etcd_versions); do
		etcd_start s "$v" "$etcd_dir/n-$v" --unsafe-no-fsync \
			-- --quota-backend-bytes 2000000
		snap_to s
		run "$probe" "${to[@]}" fill 4000 10000
		[ "$status" -ne 0 ]
		save --name full
		[ "$status" -eq 0 ]
		[[ "${lines[1]}" == "verified: "* ]]
		[ "$stderr" = "lifeboat-snapshotd: warning: the cluster has a NOSPACE alarm and refuses writes" ]
		[ "$(manifest "$folder/full.tar.zst" '.warnings[0]')" = \
		  "the cluster has a NOSPACE alarm and refuses writes" ]
		etcd_kill s
		rm "$folder"/*
	done
}

# Put a copy of the stopped server's data folder back.
turn_back() { # NAME
	etcd_stop "$1"
	rm -rf "$(etcd_home "$1")/data"
	cp -a "$BATS_TEST_TMPDIR/old" "$(etcd_home "$1")/data"
	etcd_restart "$1"
	etcd_wait "$1"
}

@test "a revision below that of the newest snapshot, and another cluster" {
	for v in $(etcd_versions); do
		etcd_start s "$v" "$etcd_dir/r-$v" --unsafe-no-fsync
		snap_to s
		"$probe" "${to[@]}" fill 10 10
		etcd_stop s
		rm -rf "$BATS_TEST_TMPDIR/old"
		cp -a "$(etcd_home s)/data" "$BATS_TEST_TMPDIR/old"
		etcd_restart s
		etcd_wait s
		for i in 1 2 3; do etcd_ctl_at s put k "$i"; done
		save --name newer
		[ "$status" -eq 0 ]
		turn_back s
		before=$(sums "$folder")
		save --name older
		[ "$status" -eq 4 ]
		[ "$stderr" = "lifeboat-snapshotd: $(etcd_url s) is at revision 2, below 5 of the newest snapshot here
hint: etcd lost data or was restored; pass --allow-lower-revision to accept it" ]
		[ "$before" = "$(sums "$folder")" ]
		no_parts "$folder"
		save --name older --allow-lower-revision
		[ "$status" -eq 0 ]
		[ "$(manifest "$folder/older.tar.zst" .database.revision)" -eq 2 ]
		# From now on this is the newest.
		save --name again
		[ "$status" -eq 0 ]
		etcd_start other "$v" "$etcd_dir/o-$v" --unsafe-no-fsync \
			-- --initial-cluster-token another
		etcd_ctl_at other put k v
		snap_to other
		before=$(sums "$folder")
		save --name stranger
		[ "$status" -eq 4 ]
		[[ "$stderr" == "lifeboat-snapshotd: $(etcd_url other) belongs to cluster "*", the snapshots here to cluster "*"
hint: after a restore the cluster has a new id: pass --new-cluster once, or use another folder" ]]
		[ "$before" = "$(sums "$folder")" ]
		snap_to s other
		save --name both
		[ "$status" -eq 4 ]
		[[ "$stderr" == "lifeboat-snapshotd: $(etcd_url s) belongs to cluster "*" and $(etcd_url other) to cluster "* ]]
		snap_to other
		save --name stranger --new-cluster
		[ "$status" -eq 0 ]
		save --name stranger-again
		[ "$status" -eq 0 ]
		etcd_kill s
		etcd_kill other
		rm "$folder"/*
	done
}
