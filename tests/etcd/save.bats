#!/usr/bin/env bats
# lifeboat-snapshotd save, list and verify against real servers, with etcd's
# own tools and stock tar, zstd and unzip as the judges.
# Set by run, lib.sh and snap.bash; each test is a shell of its own.
# shellcheck disable=SC2154,SC1091,SC2016,SC2030,SC2031,SC2034

setup_file() {
	bats_require_minimum_version 1.5.0
	source "$BATS_TEST_DIRNAME/lib.sh"
	etcd_setup
	export etcd_dir
	snap_probe=${PROBE:-$etcd_root/build/tests/etcd/probe}
	for v in $(etcd_versions); do
		etcd_start "one-$v" "$v" "$etcd_dir/$v" --unsafe-no-fsync
		fill_up "one-$v"
	done
}

setup() {
	source "$BATS_TEST_DIRNAME/lib.sh"
	source "$BATS_TEST_DIRNAME/snap.bash"
	snap_setup
}

teardown_file() {
	source "$BATS_TEST_DIRNAME/lib.sh"
	etcd_teardown
}

# Values of all sizes, tombstones, a compaction, leases, users.
fill_up() { # NAME
	local url lease i

	url=$(etcd_url "$1")
	"$snap_probe" --endpoints "$url" fill 1500 700
	"$snap_probe" --endpoints "$url" fill 3 1500000
	etcd_ctl_at "$1" del --prefix fill/0000002
	"$snap_probe" --endpoints "$url" compact 6
	"$snap_probe" --endpoints "$url" fill 40 3000
	for i in 1 2 3 4 5 6; do        # what does not compress
		etcd_ctl_at "$1" put "random-$i" \
			"$(head -c 90000 /dev/urandom | base64 -w 0)"
	done
	lease=$(etcd_ctl_at "$1" lease grant 3600 | cut -d ' ' -f 2)
	etcd_ctl_at "$1" put --lease "$lease" leased value
	etcd_ctl_at "$1" role add reader
	etcd_ctl_at "$1" user add --no-password nobody
}

# What etcd's own tool says of the database FILE, as JSON.
etcd_says() { # VERSION FILE
	local bin

	bin=$(etcd_bin "$1")
	if [ -x "$bin/etcdutl" ]; then
		"$bin/etcdutl" snapshot status "$2" -w json
	else
		ETCDCTL_API=3 "$bin/etcdctl" snapshot status "$2" -w json
	fi
}

each_version() { # FUNCTION
	local v

	for v in $(etcd_versions); do
		echo "# etcd $v"
		rm -rf "${folder:?}"
		mkdir "$folder"
		snap_to "one-$v"
		"$1" "$v"
	done
}

same_as_etcd() { # VERSION
	local db=$BATS_TEST_TMPDIR/db theirs file hash

	save
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	file=$(saved)
	[[ "$file" =~ ^"$folder"/20[0-9]{6}T[0-9]{6}Z-.*-r[0-9]{12}\.tar\.zst$ ]]
	[[ "${lines[1]}" == "verified: revision "*" keys, hash "*" from "* ]]
	zstd -qt "$file"
	[ "$(tar --zstd -tf "$file" | tr '\n' ' ')" = "db manifest.json " ]
	tar --zstd -xOf "$file" db >"$db"
	theirs=$(etcd_says "$1" "$db")
	[ "$((16#$(manifest "$file" .database.statusHash)))" = \
	  "$(jq .hash <<<"$theirs")" ]
	[ "$(manifest "$file" .database.revision)" = \
	  "$(jq .revision <<<"$theirs")" ]
	[ "$(manifest "$file" .database.totalKeys)" = \
	  "$(jq .totalKey <<<"$theirs")" ]
	[ "$(manifest "$file" .database.imageSize)" = \
	  "$(jq .totalSize <<<"$theirs")" ]
	hash=$(etcd_ctl_at "one-$1" endpoint hashkv -w json | jq '.[0].HashKV')
	[ "$(manifest "$file" .hashKv.hash)" = "$(jq .hash <<<"$hash")" ]
	[ "$(manifest "$file" .hashKv.compactRevision)" = \
	  "$(jq .compact_revision <<<"$hash")" ]
	[ "$(manifest "$file" .verdict)" = verified ]
	[ "$(manifest "$file" .etcd.serverVersion)" = "$1" ]
	[ "$(manifest "$file" '.members[0].result')" = equal ]
	[ "$(manifest "$file" '.parts[0].sha256')" = \
	  "$(sha256sum <"$db" | cut -d ' ' -f 1)" ]
	[ "$(stat -c %a "$file")" = 600 ]
	no_parts "$folder"
}

@test "what save says of a database is what etcd's own tools say" {
	each_version same_as_etcd
}

rke_zip() { # VERSION
	local name=2026-01-02T03:04:05Z_etcd db=$BATS_TEST_TMPDIR/db

	save --format rke-zip --name "$name"
	[ "$status" -eq 0 ]
	[ "$(saved)" = "$folder/$name.zip" ]
	[ "$(unzip -Z1 "$folder/$name.zip")" = "/backup/$name" ]
	unzip -tq "$folder/$name.zip"
	unzip -p "$folder/$name.zip" >"$db"
	etcd_says "$1" "$db" | jq -e .revision
	echo '{"state": "secret"}' >"$BATS_TEST_TMPDIR/state"
	save --format rke-zip --name with \
		--cluster-state "$BATS_TEST_TMPDIR/state"
	[ "$status" -eq 0 ]
	[ "$(unzip -Z1 "$folder/with.zip" | sort)" = "/backup/with
/etc/kubernetes/with.rkestate" ]
	[ "$(unzip -p "$folder/with.zip" /etc/kubernetes/with.rkestate)" = \
	  '{"state": "secret"}' ]
	[ "$(stat -c %a "$folder/with.zip")" = 600 ]
	run "$snapshotd" verify --dir "$folder" with
	[ "$status" -eq 0 ]
	save --format rke-zip --name with
	[ "$status" -eq 4 ]
	[ "$stderr" = "lifeboat-snapshotd: '$folder/with.zip' exists" ]
}

@test "an RKE zip holds just what RKE's restore looks for" {
	each_version rke_zip
}

@test "the cluster's files go into an archive, and come out as they were" {
	snap_to "one-$(etcd_versions | tail -n 1)"
	printf 'nodes: []\n' >"$BATS_TEST_TMPDIR/cluster.yml"
	printf '{"key": "PRIVATE"}' >"$BATS_TEST_TMPDIR/state"
	save --name with-files --cluster-config "$BATS_TEST_TMPDIR/cluster.yml" \
		--cluster-state "$BATS_TEST_TMPDIR/state"
	[ "$status" -eq 0 ]
	tar --zstd -xf "$(saved)" -C "$BATS_TEST_TMPDIR" --one-top-level=out
	cd "$BATS_TEST_TMPDIR/out"
	manifest "$folder/with-files.tar.zst" \
		'.parts[] | "\(.sha256)  \(.name)"' | sha256sum -c
	[ "$(manifest "$folder/with-files.tar.zst" '.parts | length')" -eq 3 ]
	[ "$(find . -type f | wc -l)" -eq 4 ]
	[ -z "$(find . -type f ! -perm 600)" ]
	[[ "$(manifest "$folder/with-files.tar.zst" .)" != *PRIVATE* ]]
	save --cluster-state "$BATS_TEST_TMPDIR/no-such-file"
	[ "$status" -eq 6 ] || [ "$status" -eq 1 ]
	[[ "$stderr" == *"no-such-file"* ]]
	no_parts "$folder"
}

@test "--json prints the manifest that the archive holds" {
	snap_to "one-$(etcd_versions | tail -n 1)"
	save --json --name j --compression best
	[ "$status" -eq 0 ]
	diff <(jq -S . <<<"$output") <(manifest "$folder/j.tar.zst" . | jq -S .)
}

@test "names that a user gives are checked, and never replaced" {
	snap_to "one-$(etcd_versions | tail -n 1)"
	save --name mine.tar.zst
	[ "$status" -eq 0 ]
	[ "$(saved)" = "$folder/mine.tar.zst" ]
	before=$(sums "$folder")
	save --name mine
	[ "$status" -eq 4 ]
	[ "$stderr" = "lifeboat-snapshotd: '$folder/mine.tar.zst' exists" ]
	for name in "" ../x .hidden a/b $'a\nb' -x "$(printf '%0250d' 1)"; do
		save "--name=$name"
		[ "$status" -eq 2 ]
	done
	[ "$before" = "$(sums "$folder")" ]
	no_parts "$folder"
}

with_auth() { # VERSION
	local secret=$BATS_TEST_TMPDIR/secret-$1

	etcd_start "auth-$1" "$1" "$etcd_dir/auth-$1" --unsafe-no-fsync
	snap_to "auth-$1"
	etcd_ctl_at "auth-$1" put a b
	etcd_ctl_at "auth-$1" user add root:opensesame
	etcd_ctl_at "auth-$1" user add joe:opensesame
	etcd_ctl_at "auth-$1" user grant-role root root
	etcd_ctl_at "auth-$1" auth enable
	(umask 077; echo opensesame >"$secret")
	save --user root --password-file "$secret"
	[ "$status" -eq 0 ]
	[[ "${lines[1]}" == "verified: "* ]]
	run ! grep -q opensesame "$(saved)"
	before=$(sums "$folder")
	save
	[ "$status" -eq 2 ]
	[[ "$stderr" == *"hint: authentication is enabled: give a user and a password" ]]
	save --user joe --password-file "$secret"
	[ "$status" -eq 4 ]
	[[ "$stderr" == *"permission denied"*"hint: snapshots and hashes need a user with the role root" ]]
	(umask 077; echo wrongword >"$secret.not")
	save --user root --password-file "$secret.not"
	[ "$status" -eq 2 ]
	[[ "$stderr" == *"authentication failed, invalid user ID or password" ]]
	[[ "$stderr" != *wrongword* ]]
	chmod 644 "$secret"
	save --user root --password-file "$secret"
	[ "$status" -eq 2 ] || [ "$status" -eq 4 ]
	[[ "$stderr" == *"'$secret'"* ]]
	save --password-file "$secret"
	[ "$status" -eq 2 ]
	[ "$stderr" = "lifeboat-snapshotd: --password-file needs --user" ]
	[ "$before" = "$(sums "$folder")" ]
	no_parts "$folder"
	etcd_stop "auth-$1"
}

@test "a user and a password, right and wrong" {
	each_version with_auth
}

# ---- list

kind_of() { # NAME
	jq -r --arg n "$1" '.[] | select(.file == $n) | .kind' <<<"$listed"
}

@test "list says of every file what it is" {
	v=$(etcd_versions | tail -n 1)
	snap_to "one-$v"
	save --name good
	save --name rke --format rke-zip
	cd "$folder"
	tar --zstd -xOf good.tar.zst db >raw.db
	head -c -32 raw.db >bare.db
	tar --zstd -xf good.tar.zst -C "$BATS_TEST_TMPDIR"
	tar --zstd -cf repacked.tar.zst -C "$BATS_TEST_TMPDIR" db manifest.json
	head -c 5000 good.tar.zst >cut.tar.zst
	head -c 5000 rke.zip >cut.zip
	echo hello >notes.txt
	echo hello >wrong.tar.zst
	: >empty.tar.zst
	echo x | zip -q other.zip -
	mkfifo fifo.tar.zst
	ln -s good.tar.zst link.tar.zst
	mkdir folder.tar.zst
	head -c 3000 good.tar.zst >.lifeboat-4711.part
	echo other >other.part
	cp good.tar.zst $'new\nline.tar.zst'
	cp good.tar.zst '"quotes" and '\''blanks'\''.tar.zst'
	cp good.tar.zst 'Über-ночь-夜.tar.zst'
	cp good.tar.zst ./-dash.tar.zst
	cp good.tar.zst $'\e[31mred.tar.zst'
	cp good.tar.zst $'bad\xff.tar.zst'
	"$snapshotd" pin --dir . good
	run --separate-stderr "$snapshotd" list --dir . --json
	[ "$status" -eq 0 ]
	listed=$output
	[ "$(kind_of good.tar.zst)" = archive ]
	[ "$(kind_of rke.zip)" = rke ]
	[ "$(kind_of raw.db)" = database ]
	[ "$(kind_of bare.db)" = bare-database ]
	[ "$(kind_of repacked.tar.zst)" = no-index ]
	[ "$(kind_of cut.tar.zst)" = no-index ]
	[ "$(kind_of cut.zip)" = damaged ]
	[ "$(kind_of notes.txt)" = foreign ]
	[ "$(kind_of wrong.tar.zst)" = damaged ]
	[ "$(kind_of empty.tar.zst)" = damaged ]
	[ "$(kind_of other.zip)" = foreign ]
	[ "$(kind_of fifo.tar.zst)" = foreign ]
	[ "$(kind_of link.tar.zst)" = foreign ]
	[ "$(kind_of folder.tar.zst)" = foreign ]
	[ "$(kind_of .lifeboat-4711.part)" = leftover ]
	[ "$(kind_of other.part)" = foreign ]
	[ "$(kind_of $'new\nline.tar.zst')" = archive ]
	[ "$(kind_of '"quotes" and '\''blanks'\''.tar.zst')" = archive ]
	[ "$(kind_of 'Über-ночь-夜.tar.zst')" = archive ]
	[ "$(kind_of -dash.tar.zst)" = archive ]
	[ "$(kind_of $'\e[31mred.tar.zst')" = archive ]
	[ "$(jq '[.[] | select(.file | contains("\ufffd"))] | length' \
		<<<"$listed")" -eq 1 ]
	[ "$(jq length <<<"$listed")" -eq 22 ]
	jq -e '.[] | select(.file == "good.tar.zst") |
		.pinned and .verdict == "verified" and .revision > 1 and
		.note == "" and (.clusterId | length) == 16' <<<"$listed"
	# The table: a line a file, and nothing that a terminal acts on.
	run --separate-stderr "$snapshotd" list --dir .
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 23 ]
	[[ "$output" != *$'\e'* ]]
	[[ "$output" == *'new\x0aline.tar.zst'* ]]
	[[ "$output" == *'\x1b[31mred.tar.zst'* ]]
	[[ "$output" == *'bad\xff.tar.zst'* ]]
	[[ "$output" == *'Über-ночь-夜.tar.zst'* ]]
	run --separate-stderr "$snapshotd" prune --dry-run --keep 1 --dir .
	[ "$status" -eq 0 ]
	[[ "$output" != *$'\e'* ]]
	[[ "$output" == *'new\x0aline.tar.zst'* ]]
	# And each can be checked by its name.
	run "$snapshotd" verify --dir . $'new\nline' 'Über-ночь-夜' \
		$'bad\xff' $'\e[31mred' -- -dash.tar.zst
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" != *$'\e'* ]]
	[ "$(grep -c 'a Lifeboat archive, sound' <<<"$output")" -eq 5 ]
}

@test "list tells of an empty folder, and of none" {
	run --separate-stderr "$snapshotd" list --dir "$folder"
	[ "$status" -eq 0 ]
	[ "$output" = "no snapshots in '$folder'" ]
	run --separate-stderr "$snapshotd" list --dir "$folder" --json
	[ "$(jq length <<<"$output")" -eq 0 ]
	run --separate-stderr "$snapshotd" list --dir "$folder/none"
	[ "$status" -eq 6 ]
	[ "$stderr" = "lifeboat-snapshotd: cannot open folder '$folder/none': No such file or directory
hint: make it, or name another with --dir" ]
}

@test "list reads a few kilobytes of each of a thousand archives of 1 GB" {
	snap_to "one-$(etcd_versions | tail -n 1)"
	save --name real
	cd "$folder"
	# A hole of 1 GB between the database's first and last frames: such an
	# archive is not sound, but its end tells all that list needs.
	cp real.tar.zst big
	size=$(stat -c %s big)
	tail -c 60000 big >end
	truncate -s $((size - 60000)) big
	truncate -s $((1024 * 1024 * 1024 - 60000)) big
	cat end >>big
	rm end
	python3 - "$size" <<-'END'
	import struct, sys
	with open("big", "r+b") as f:   # where the manifest is now; see tail.h
	    f.seek(-48, 2)
	    offset = struct.unpack("<Q", f.read(8))[0]
	    f.seek(-48, 2)
	    f.write(struct.pack("<Q", offset + (1 << 30) - int(sys.argv[1])))
	END
	for i in $(seq 1000); do ln big "copy-$i.tar.zst"; done
	rm big
	strace -f -qq -e trace=read,pread64,readv,preadv,mmap -o ../trace \
		"$snapshotd" list --dir . --json >../listed
	[ "$(jq '[.[] | select(.kind == "archive" and
		.verdict == "verified")] | length' ../listed)" -eq 1001 ]
	[ "$(jq '[.[] | select(.bytes == 1073741824)] | length' \
		../listed)" -eq 1000 ]
	bytes=$(awk '/p?read(64|v)?\(/ && $NF > 0 { n += $NF }
		END { print n }' ../trace)
	echo "$bytes bytes read"
	[ "$bytes" -gt 1000000 ]
	[ "$bytes" -lt 64000000 ]
	run "$snapshotd" verify --dir . copy-1
	[ "$status" -eq 3 ]
}

# ---- verify

# Some bits of a container mean nothing for what it holds, such as the size of
# the window that a decoder should keep, or a time.
same_content() { # FILE FILE
	case $1 in
	*.zip) cmp <(unzip -p "$1") <(unzip -p "$2") ;;
	*) cmp <(zstd -dcq "$1") <(zstd -dcq "$2") ;;
	esac
}

@test "verify finds a flipped bit wherever it is" {
	snap_to "one-$(etcd_versions | tail -n 1)"
	save --name a --compression normal
	save --name z --format rke-zip
	cd "$folder"
	run "$snapshotd" verify --dir .
	[ "$status" -eq 0 ]
	for f in a.tar.zst z.zip; do
		size=$(stat -c %s $f)
		for at in 0 1 5 100 $((size / 5)) $((size / 2)) \
			$((size * 4 / 5)) $((size - 3000)) $((size - 700)) \
			$((size - 1)); do
			cp $f bad-$f
			python3 - bad-$f "$at" <<-'END'
			import sys
			with open(sys.argv[1], "r+b") as f:
			    f.seek(int(sys.argv[2]))
			    byte = f.read(1)[0]
			    f.seek(int(sys.argv[2]))
			    f.write(bytes([byte ^ 0x10]))
			END
			run "$snapshotd" verify --dir . bad-$f
			echo "$f at $at: $status"
			[ "$status" -eq 3 ] || same_content $f bad-$f
			# What listing goes by is checked as well.
			run "$snapshotd" list --dir . --json
			was=$(jq -r ".[] | select(.file == \"bad-$f\") |
				.kind" <<<"$output")
			[ "$was" != damaged ] || run -3 "$snapshotd" verify \
				--dir . bad-$f
		done
	done
	rm bad-*
	tar --zstd -xOf a.tar.zst db >raw.db
	run "$snapshotd" verify --dir . raw.db
	[ "$status" -eq 0 ]
	[[ "$output" == "raw.db: "*", sound"* ]]
	printf X | dd of=raw.db bs=1 seek=70000 conv=notrunc status=none
	run "$snapshotd" verify --dir . raw.db
	[ "$status" -eq 3 ]
	run "$snapshotd" verify --dir . none
	[ "$status" -eq 6 ]
	[ "$output" = "lifeboat-snapshotd: verify 'none': no snapshot 'none'" ]
	# All of the folder: one damaged file is told and decides the code.
	run "$snapshotd" verify --dir .
	[ "$status" -eq 3 ]
	[[ "$output" == *"raw.db: "*"DAMAGED"* ]]
	[[ "$output" == *"a.tar.zst: a Lifeboat archive, sound"* ]]
	run --separate-stderr "$snapshotd" verify --dir . --json
	[ "$status" -eq 3 ]
	[ "$(jq -c 'map(.ok) | sort' <<<"$output")" = "[false,true,true]" ]
}

# ---- three members

three_members() { # VERSION
	etcd_cluster_start "$1" "$etcd_dir/tls-$1" 3 --tls --unsafe-no-fsync
	snap_to m1 m2 m3
	etcd_ctl_at m1 put a b
	save
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[[ "${lines[1]}" == "verified: "* ]]
	[ "$(manifest "$(saved)" \
		'[.members[] | select(.result == "equal") | .name] | sort |
		join(" ")')" = "m1 m2 m3" ]
	for m in m1 m2 m3; do etcd_kill $m; done
}

@test "three members with TLS, each version: all are compared" {
	for v in $(etcd_versions); do three_members "$v"; rm "$folder"/*; done
}
