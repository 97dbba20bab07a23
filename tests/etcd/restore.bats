#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031
# lifeboat-restore data-dir: real servers start from what it makes, and serve
# what the snapshot held.

setup() {
	# shellcheck source=tests/etcd/lib.sh
	source "$BATS_TEST_DIRNAME/lib.sh"
	etcd_setup
	restore=$etcd_root/${BUILD:-build}/lifeboat-restore
}

teardown() { etcd_teardown; }

# ---- snapshots to restore from

# A server of VERSION with a history; its snapshot, keys and revision go to
# $etcd_dir/VERSION.{db,kvs,rev}.
make_source() { # VERSION
	local v=$1 i lease

	[ ! -e "$etcd_dir/$v.db" ] || return 0
	etcd_start "src$v" "$v" "$etcd_dir/source" --unsafe-no-fsync
	for i in $(seq 40); do
		etcd_ctl_at "src$v" put "k$((i % 13))" "value $i" >/dev/null
	done
	etcd_ctl_at "src$v" put big "$(head -c 50000 /dev/zero | tr '\0' x)" \
		>/dev/null
	etcd_ctl_at "src$v" del k3 >/dev/null
	etcd_ctl_at "src$v" compaction 20 >/dev/null
	lease=$(etcd_ctl_at "src$v" lease grant 3600 | awk '{ print $2 }')
	etcd_ctl_at "src$v" put --lease "$lease" leased x >/dev/null
	etcd_ctl_at "src$v" put last one >/dev/null
	keys_of "src$v" >"$etcd_dir/$v.kvs"
	[ "$(jq length "$etcd_dir/$v.kvs")" -ge 14 ]
	revision_of "src$v" >"$etcd_dir/$v.rev"
	etcd_ctl_at "src$v" snapshot save "$etcd_dir/$v.db" >/dev/null
	etcd_stop "src$v"
}

keys_of() { # NAME: every key with value, revisions, version and lease
	etcd_ctl_at "$1" get "" --from-key -w json | jq -S '.kvs'
}

revision_of() { # NAME
	etcd_ctl_at "$1" get nothing -w json | jq .header.revision
}

hash_of() { # NAME: HashKV of that member at its current revision
	etcd_ctl_at "$1" endpoint hashkv -w json |
		jq -r '.[0].HashKV | "\(.hash) \(.compact_revision)"'
}

# ---- members that start from it

# Restore FILE for COUNT members m1.. of server VERSION below DIR with further
# OPTIONs, and start them.  The reports go to DIR/m1.json, ...
restore_and_start() { # FILE VERSION DIR COUNT [OPTION...]
	local file=$1 v=$2 dir=$3 count=$4 ports i names=() cluster='' peer

	shift 4
	mapfile -t ports < <(etcd_ports $((2 * count)))
	for ((i = 0; i < count; i++)); do
		cluster+=${cluster:+,}m$((i + 1))=http://127.0.0.1:${ports[2 * i + 1]}
	done
	echo "$cluster" >"$dir.cluster"
	for ((i = 0; i < count; i++)); do
		names+=("m$((i + 1))")
		peer=http://127.0.0.1:${ports[2 * i + 1]}
		etcd_prepare "m$((i + 1))" "$v" "$dir/m$((i + 1))" http \
			"${ports[2 * i]}" "${ports[2 * i + 1]}" "$cluster"
		"$restore" data-dir "$file" --data-dir "$dir/m$((i + 1))/data" \
			--name "m$((i + 1))" --initial-cluster "$cluster" \
			--initial-cluster-token fresh \
			--initial-advertise-peer-urls "$peer" \
			--json "$@" >"$dir/m$((i + 1)).json" || return 1
	done
	for ((i = 0; i < count; i++)); do
		etcd_launch "m$((i + 1))" "$v" "$dir/m$((i + 1))" \
			"http://127.0.0.1:${ports[2 * i]}"
	done
	if ! etcd_wait "${names[@]}"; then
		tail -n 5 "$dir"/m*/log >&2
		return 1
	fi
}

stop_members() { # COUNT
	local i

	for ((i = 1; i <= $1; i++)); do etcd_stop "m$i"; done
}

# All members of DIR serve what SOURCE held, at its revision, with the hash
# that the restore foretold.
check_members() { # SOURCE DIR COUNT
	local i want

	for ((i = 1; i <= $3; i++)); do
		keys_of "m$i" >"$2/kvs"
		diff "$etcd_dir/$1.kvs" "$2/kvs"
		[ "$(revision_of "m$i")" = "$(cat "$etcd_dir/$1.rev")" ]
		want=$(jq -r '"\(.hash_kv) \(.compact_revision)"' "$2/m$i.json")
		echo "m$i: hash $(hash_of "m$i"), foretold $want"
		[ "$(hash_of "m$i")" = "$want" ]
	done
}

# The ids, in the log's first records, are those of etcd's own restore.
check_ids() { # FILE VERSION DIR
	local cluster peer dir=$3/theirs

	cluster=$(cat "$3.cluster")
	peer=${cluster#*=}
	etcd_ctl "$2" snapshot restore "$1" --data-dir "$dir" --name m1 \
		--initial-cluster "$cluster" --initial-cluster-token fresh \
		--initial-advertise-peer-urls "${peer%%,*}" >/dev/null 2>&1
	cmp -n 56 "$dir"/member/wal/0000000000000000-0000000000000000.wal \
		"$3"/m1/data/member/wal/0000000000000000-0000000000000000.wal
	rm -rf "$dir"
}

check_work() { # SOURCE DIR COUNT: writes, restart, defragmentation
	local rev i

	rev=$(cat "$etcd_dir/$1.rev")
	etcd_ctl_at m1 put after restore >/dev/null
	[ "$(revision_of m1)" -eq $((rev + 1)) ]
	[ "$(etcd_ctl_at "m$3" get after --print-value-only)" = restore ]
	for ((i = 1; i <= $3; i++)); do
		etcd_restart "m$i"
		etcd_wait "m$i"
		etcd_ctl_at "m$i" defrag >/dev/null
	done
	etcd_ctl_at m1 put again x >/dev/null
	[ "$(revision_of m1)" -eq $((rev + 2)) ]
	! grep -E '"level":"(fatal|panic)"' "$2"/m*/log
}

each_pair() { # COUNT [OPTION...]
	local from to dir

	for from in $(etcd_versions); do
		make_source "$from"
		for to in $(etcd_versions); do
			dir=$etcd_dir/$from-$to
			mkdir "$dir"
			echo "snapshot of $from, server $to, $1 member(s)"
			restore_and_start "$etcd_dir/$from.db" "$to" "$dir" "$@"
			check_members "$from" "$dir" "$1"
			check_ids "$etcd_dir/$from.db" "$to" "$dir"
			check_work "$from" "$dir" "$1"
			stop_members "$1"
			rm -rf "$dir"
		done
	done
}

@test "one member of every version starts from every version's snapshot" {
	each_pair 1
}

@test "the same with the database written densely" {
	each_pair 1 --compact
}

@test "three members of every version start from every version's snapshot" {
	each_pair 3
}

@test "a snapshot of the restored cluster restores again" {
	local v dir=$etcd_dir/a

	for v in $(etcd_versions); do
		make_source "$v"
		mkdir "$dir" "$etcd_dir/b"
		restore_and_start "$etcd_dir/$v.db" "$v" "$dir" 1
		etcd_ctl_at m1 put more x >/dev/null
		etcd_ctl_at m1 snapshot save "$etcd_dir/again.db" >/dev/null
		keys_of m1 >"$etcd_dir/again.kvs"
		revision_of m1 >"$etcd_dir/again.rev"
		etcd_stop m1
		restore_and_start "$etcd_dir/again.db" "$v" "$etcd_dir/b" 1 \
			--compact
		check_members again "$etcd_dir/b" 1
		etcd_stop m1
		rm -rf "$dir" "$etcd_dir/b" "$etcd_dir"/again.*
	done
}

@test "after a jump ahead, watchers of old revisions are told" {
	local v dir rev option

	for v in $(etcd_versions); do
		make_source "$v"
		rev=$(cat "$etcd_dir/$v.rev")
		for option in "" --compact; do
			dir=$etcd_dir/bump
			mkdir "$dir"
			# shellcheck disable=SC2086  # may be no word at all
			restore_and_start "$etcd_dir/$v.db" "$v" "$dir" 3 \
				--bump-revision 1000000 --mark-compacted $option
			[ "$(jq .revision "$dir/m1.json")" -eq $((rev + 1000000)) ]
			[ "$(revision_of m2)" -eq $((rev + 1000000)) ]
			run timeout 20 bash -c "
				source '$etcd_root/tests/etcd/lib.sh'
				etcd_dir='$etcd_dir'
				etcd_ctl_at m1 watch --rev=$rev k1"
			echo "$output"
			[[ "$output" == *compacted* ]]
			run etcd_ctl_at m1 get k1 --rev="$rev"
			[[ "$output" == *compacted* ]]
			keys_of m3 >"$dir/kvs"
			diff "$etcd_dir/$v.kvs" "$dir/kvs"
			for i in 1 2 3; do
				echo "m$i: $(hash_of "m$i")"
				[ "$(hash_of "m$i")" = "$(jq -r \
					'"\(.hash_kv) \(.compact_revision)"' \
					"$dir/m$i.json")" ]
			done
			etcd_ctl_at m1 put new x >/dev/null
			[ "$(revision_of m1)" -eq $((rev + 1000001)) ]
			etcd_restart m1
			etcd_wait m1
			stop_members 3
			rm -rf "$dir"
		done
	done
}

@test "etcd's own tools find the database sound" {
	local v status copy=$etcd_dir/copy.db option tool

	for v in $(etcd_versions); do
		tool=$(etcd_bin "$v")/etcdutl
		[ -x "$tool" ] || tool=$(etcd_bin "$v")/etcdctl
		make_source "$v"
		for option in "" --compact "--bump-revision 5 --mark-compacted"; do
			# shellcheck disable=SC2086
			"$restore" data-dir "$etcd_dir/$v.db" $option \
				--data-dir "$etcd_dir/d"
			cp "$etcd_dir/d/member/snap/db" "$copy"
			status=$(ETCDCTL_API=3 "$tool" snapshot status "$copy" \
				-w json)
			echo "$v '$option': $status"
			case $option in
			--bump*) [ "$(jq .revision <<<"$status")" -eq \
				$(($(cat "$etcd_dir/$v.rev") + 5)) ] ;;
			*) [ "$(jq .revision <<<"$status")" -eq \
				"$(cat "$etcd_dir/$v.rev")" ] ;;
			esac
			[ "$(jq .totalSize <<<"$status")" -eq \
				"$(stat -c %s "$copy")" ]
			rm -rf "$etcd_dir/d" "$copy"
		done
	done
}

@test "with a log folder of its own" {
	local v ports url dir=$etcd_dir/apart

	for v in $(etcd_versions); do
		make_source "$v"
		mapfile -t ports < <(etcd_ports 2)
		url=http://127.0.0.1:${ports[1]}
		etcd_prepare m1 "$v" "$dir/m1" http "${ports[@]}" "m1=$url" \
			--wal-dir "$dir/wal"
		apart() {
			"$restore" data-dir "$etcd_dir/$v.db" --name m1 \
				--data-dir "$dir/m1/data" --wal-dir "$dir/wal" \
				--initial-cluster "m1=$url" \
				--initial-advertise-peer-urls "$url"
		}
		apart
		[ ! -e "$dir/m1/data/member/wal" ]
		[ "$(stat -c %a "$dir/wal")" = 700 ]
		[ "$(find "$dir" -name '*lifeboat*' | wc -l)" -eq 0 ]

		# As if killed before the last step: etcd does not start, and
		# the next run takes over.
		mv "$dir/m1/data/member/snap/db" \
			"$dir/m1/data/member/snap/db.lifeboat-part"
		stat -c '%d %i' "$dir"/wal/*.wal \
			>"$dir/m1/data/member/snap/wal.lifeboat-part"
		etcd_launch m1 "$v" "$dir/m1" "http://127.0.0.1:${ports[0]}"
		etcd_gone m1
		grep -q 'failed to recover v3 backend from snapshot' "$dir/m1/log"
		apart
		etcd_launch m1 "$v" "$dir/m1" "http://127.0.0.1:${ports[0]}"
		etcd_wait m1
		keys_of m1 >"$dir/kvs"
		diff "$etcd_dir/$v.kvs" "$dir/kvs"
		etcd_stop m1

		# A log that is not ours stays.
		rm -rf "$dir/m1/data"
		run apart
		[ "$status" -eq 4 ]
		[[ "$output" == *"/wal' is not empty"* ]]
		[ ! -e "$dir/m1/data" ]
		rm -rf "$dir"
	done
}

@test "killed at any moment, nothing stands under the final name" {
	local v i pid dir=$etcd_dir/killed done=0 none=0 options

	v=$(etcd_versions | tail -n 1)
	make_source "$v"
	mkdir "$dir"
	for i in $(seq 60); do
		options=()
		[ $((i % 2)) = 0 ] || options=(--compact)
		"$restore" data-dir "$etcd_dir/$v.db" --data-dir "$dir/d" \
			"${options[@]}" >/dev/null 2>&1 3>&- &
		pid=$!
		sleep "0.00$((RANDOM % 10))$((RANDOM % 10))"
		kill -KILL $pid 2>/dev/null || true
		wait $pid || true
		if [ -e "$dir/d" ]; then
			done=$((done + 1))
			[ -s "$dir/d/member/snap/db" ]
			[ "$(find "$dir/d" -name '*.wal' -o -name '*.snap' |
				wc -l)" -eq 2 ]
			rm -rf "$dir/d"
		else
			none=$((none + 1))
		fi
	done
	echo "$done whole, $none absent"
	[ "$none" -gt 0 ]
	"$restore" data-dir "$etcd_dir/$v.db" --data-dir "$dir/d"
	[ "$(ls -A "$dir")" = d ]
}

@test "alarms stay, or go on request" {
	local ports url dir=$etcd_dir/alarm v

	v=$(etcd_versions | tail -n 1)
	zcat "$etcd_root/tests/data/etcd/al.db.gz" >"$etcd_dir/al.db"
	mkdir "$dir" "$dir.2"
	run restore_and_start "$etcd_dir/al.db" "$v" "$dir" 1
	[[ "$output" == *"warning: a NOSPACE alarm is kept"* ]]
	[[ "$(etcd_ctl_at m1 alarm list)" == *NOSPACE* ]]
	etcd_stop m1
	restore_and_start "$etcd_dir/al.db" "$v" "$dir.2" 1 --clear-alarms
	[ -z "$(etcd_ctl_at m1 alarm list)" ]
	etcd_ctl_at m1 put k v
	etcd_stop m1
}

# ---- what is refused

refused() { # EXIT TEXT ARG...
	local exit=$1 text=$2

	shift 2
	run "$restore" data-dir "$@" --data-dir "$etcd_dir/no"
	echo "$output"
	[ "$status" -eq "$exit" ]
	[[ "$output" == *"$text"* ]]
	[ ! -e "$etcd_dir/no" ]
	[ -z "$(find "$etcd_dir" -name '.no*')" ]
}

@test "damage, missing digests and full targets are refused in words" {
	local f=$etcd_dir/f.db size

	zcat "$etcd_root/tests/data/etcd/tree-3.5.30.db.gz" >"$f"
	size=$(stat -c %s "$f")
	refused 6 "cannot open '$f.none'" "$f.none"
	refused 2 "--bump-revision and --mark-compacted go together" "$f" \
		--bump-revision 5
	refused 2 "member 'x' is not in the initial cluster" "$f" --name x
	refused 2 "--owner wants uid:gid, not '0'" "$f" --owner 0
	refused 2 "'3' is not a version like 3.5 or 3.5.16" "$f" \
		--server-version 3
	refused 4 "etcd 3.3 cannot start from what a restore makes" "$f" \
		--server-version 3.3

	zcat "$etcd_root/tests/data/etcd/snap-3.7.1.db.gz" >"$f.new"
	run "$restore" data-dir "$f.new" --server-version 3.5.30 \
		--data-dir "$etcd_dir/new"
	[ "$status" -eq 0 ]
	[[ "$output" == *"warning: the snapshot is of etcd 3.7, the server is older (3.5.30)"* ]]

	head -c $((size - 32)) "$f" >"$f.bare"
	refused 4 "has no digest at its end" "$f.bare"
	[[ "$output" == *"hint: a copy of member/snap/db has none"* ]]
	run "$restore" data-dir "$f.bare" --no-digest --data-dir "$etcd_dir/ok"
	[ "$status" -eq 0 ]
	[[ "$output" == *"warning: the database had no digest"* ]]

	head -c $((size - 4128)) "$f" >"$f.short"
	refused 3 "cut short" "$f.short" --no-digest
	cp "$f" "$f.flip"
	printf 'X' | dd of="$f.flip" bs=1 seek=$((size - 1)) conv=notrunc \
		status=none
	refused 3 "the database's digest is wrong" "$f.flip"
	refused 3 "the database's digest is wrong" "$f.flip" --compact
	head -c 5000 /dev/urandom >"$f.noise"
	refused 3 "not a snapshot" "$f.noise"

	mkdir "$etcd_dir/full"
	touch "$etcd_dir/full/x"
	run "$restore" data-dir "$f" --data-dir "$etcd_dir/full"
	[ "$status" -eq 4 ]
	[[ "$output" == *"/full' is not empty"* ]]
	[ "$(ls -A "$etcd_dir/full")" = x ]

	mkdir "$etcd_dir/empty"
	"$restore" data-dir "$f" --data-dir "$etcd_dir/empty"
	[ -e "$etcd_dir/empty/member/snap/db" ]
	[ "$(stat -c %a "$etcd_dir/empty" "$etcd_dir/empty/member" \
		"$etcd_dir/empty/member/snap/db" | tr '\n' ' ')" = "700 700 600 " ]
}

@test "every flipped page is found, and named" {
	local f=$etcd_dir/f.db size page

	zcat "$etcd_root/tests/data/etcd/tree-3.5.30.db.gz" >"$f"
	size=$(stat -c %s "$f")
	for ((page = 2; page < size / 4096; page++)); do
		head -c $((size - 32)) "$f" >"$f.bad"
		printf '\377' | dd of="$f.bad" bs=1 seek=$((page * 4096 + 10)) \
			conv=notrunc status=none
		# shellcheck disable=SC2094  # the whole is read before the end is written
		openssl dgst -sha256 -binary "$f.bad" >>"$f.bad"
		run "$restore" data-dir "$f.bad" --data-dir "$etcd_dir/d"
		echo "$page: $status $output"
		# A page that is free may hold anything.
		[ "$status" -eq 0 ] || { [ "$status" -eq 3 ] &&
			[[ "$output" == *"page $page"* ]]; }
		rm -rf "$etcd_dir/d"
	done
}
