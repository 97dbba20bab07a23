# shellcheck shell=bash disable=SC2154,SC2034
# What the tests of lifeboat-snapshotd share; source it after lib.sh.
#
# $snapshotd is the program, $folder a fresh folder for snapshots of this test,
# $probe the client that fills servers.

snap_setup() {
	snapshotd=${SNAPSHOTD:-$etcd_root/build/lifeboat-snapshotd}
	probe=${PROBE:-$etcd_root/build/tests/etcd/probe}
	folder=$BATS_TEST_TMPDIR/snapshots
	mkdir -p "$folder"
}

# The options that lead to servers NAME... of one cluster -> $to.
snap_to() { # NAME...
	local pki

	to=(--endpoints "$(etcd_urls "$@")")
	pki=$(dirname "$(etcd_home "$1")")/pki
	case ${to[1]} in
	https:*) to+=(--cacert "$pki/ca.crt" --cert "$pki/client.crt"
		--key "$pki/client.key") ;;
	esac
}

# Run `save` on $folder with "${to[@]}" and more: $status, $output, $stderr.
save() { # ARG...
	run --separate-stderr "$snapshotd" save --dir "$folder" "${to[@]}" "$@"
	echo "save $*: $status"
	echo "$output"
	echo "$stderr"
}

# The file that the last save told of.
saved() { printf '%s\n' "${lines[0]}"; }

manifest() { # FILE JQ-FILTER
	tar --zstd -xOf "$1" manifest.json | jq -r "$2"
}

# No unfinished file is in FOLDER, and nothing but what is listed.
no_parts() { # FOLDER
	local left

	left=$(find "$1" -name '*.part' -o -name '.*.tmp')
	[ -z "$left" ] || { echo "left behind: $left"; return 1; }
}

# The snapshots of FOLDER with their digests, to see that they stay as they are.
sums() { # FOLDER
	(cd "$1" && find . -type f ! -name '.*.lock' -exec sha256sum {} + |
		sort -k 2)
}

# Wait until COMMAND succeeds, for up to half a minute.
until_true() { # COMMAND...
	local i

	for ((i = 0; i < 600; i++)); do
		if "$@"; then return 0; fi
		sleep 0.05
	done
	echo "never true: $*" >&2
	return 1
}

# Note PID as NAME, so that etcd_teardown ends it, whatever happens.
snap_note() { # NAME PID
	printf '%s\n' "$2" "$(proc_start "$2")" >"$etcd_dir/servers/$1"
}

# Play SCENARIO of peer.py as a member with the snapshot FILE -> $to.
snap_peer() { # NAME SCENARIO FILE
	local port=$BATS_TEST_TMPDIR/port-$1

	: >"$port"
	python3 "$BATS_TEST_DIRNAME/peer/peer.py" "$2" "$3" \
		>"$port" 2>&1 </dev/null 3>&- &
	snap_note "$1" $!
	disown $!
	until_true test -s "$port"
	to=(--endpoints "http://127.0.0.1:$(cat "$port")")
}

# A daemon in the background, its log in $log: snap_run NAME ARG...
snap_run() { # NAME ARG...
	local name=$1

	shift
	log=$BATS_TEST_TMPDIR/$name.log
	"$snapshotd" run --dir "$folder" "${to[@]}" "$@" \
		>"$log" 2>&1 </dev/null 3>&- &
	daemon=$!
	snap_note "$name" $daemon
}

logged() { grep -q -e "$1" "$log"; }

# Wait for the daemon's end -> $status.
snap_wait() {
	status=0
	wait "$daemon" || status=$?
	cat "$log"
}
