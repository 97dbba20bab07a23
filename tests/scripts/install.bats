#!/usr/bin/env bats
# What `make install` puts where, and whether it works from there.

setup_file() {
	export dest=$BATS_FILE_TMPDIR/dest
	make -s install DESTDIR="$dest" PREFIX=/usr >&2
}

keys() { # FILE: the YAML keys, with their maps before them
	awk '/^[ \t]*(#|$)/ { next }
		{ sub(/#.*/, ""); n = match($0, /[^ ]/) - 1; k = $0
		  sub(/:.*/, "", k); gsub(/ /, "", k)
		  if (n == 0) { top = k; print k } else print top "." k }' "$1"
}

@test "programs, man pages, completion, unit, rules and example are there" {
	for f in bin/lifeboat-snapshotd share/man/man8/lifeboat-snapshotd.8 \
		share/bash-completion/completions/lifeboat-snapshotd \
		lib/systemd/system/lifeboat-snapshotd.service \
		share/lifeboat/lifeboat.rules.yml \
		share/lifeboat/snapshotd.yml.example; do
		[ -s "$dest/usr/$f" ] || { echo "missing: $f"; return 1; }
	done
	grep -q '^ExecStart=/usr/bin/lifeboat-snapshotd run' \
		"$dest/usr/lib/systemd/system/lifeboat-snapshotd.service"
	run grep -rq "@BINDIR@" "$dest"
	[ "$status" -eq 1 ]
}

@test "the man page renders without a warning and tells every option" {
	page=$dest/usr/share/man/man8/lifeboat-snapshotd.8
	run man --warnings -E UTF-8 -l "$page"
	[ "$status" -eq 0 ]
	[[ $output != *warning* ]]
	for o in $("$dest/usr/bin/lifeboat-snapshotd" run --help |
		grep -o -- '--[a-z-]*' | sort -u); do
		[ "$o" = -- ] || [[ $output == *"$o"* ]] ||
			{ echo "not told: $o"; return 1; }
	done
}

@test "the completion loads and completes" {
	file=$dest/usr/share/bash-completion/completions/lifeboat-snapshotd
	run bash -c ". '$file'; COMP_WORDS=(lifeboat-snapshotd ver) COMP_CWORD=1
		_lifeboat_snapshotd lifeboat-snapshotd ver lifeboat-snapshotd
		echo \"\${COMPREPLY[@]}\""
	[ "$output" = verify ]
}

@test "the example has every key, and is read" {
	"$dest/usr/bin/lifeboat-snapshotd" run --print-config \
		--config "$dest/usr/share/lifeboat/snapshotd.yml.example" \
		> "$BATS_TEST_TMPDIR/config"
	keys "$BATS_TEST_TMPDIR/config" | sort > "$BATS_TEST_TMPDIR/a"
	keys "$dest/usr/share/lifeboat/snapshotd.yml.example" | sort \
		> "$BATS_TEST_TMPDIR/b"
	run comm -23 "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/b"
	[ -z "$output" ] || { echo "not in the example: $output"; return 1; }
}

@test "uninstall leaves no file" {
	other=$BATS_TEST_TMPDIR/other
	make -s install DESTDIR="$other" PREFIX=/usr >&2
	make -s uninstall DESTDIR="$other" PREFIX=/usr >&2
	[ -z "$(find "$other" -type f)" ]
}
