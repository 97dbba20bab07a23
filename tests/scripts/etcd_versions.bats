#!/usr/bin/env bats
# Which mirror scripts/etcd-versions takes, seen from what it fails to reach.

setup() {
	bats_require_minimum_version 1.5.0
	tool=$BATS_TEST_DIRNAME/../../scripts/etcd-versions
	export LIFEBOAT_CACHE=$BATS_TEST_TMPDIR/cache
	export APT_ETC=$BATS_TEST_TMPDIR/apt
	mkdir -p "$APT_ETC/sources.list.d"
}

# Mirrors are folders that do not exist: nothing leaves the machine.
takes() { # FOLDER
	run -1 "$tool"
	[[ $output == *"file:$1 bookworm"* || $output == *"file:$1/dists/"* ]]
	[[ $output == *"etcd-versions: cannot fetch etcd of bookworm"* ]]
	[[ $output == *"etcd-versions: cannot fetch etcd of trixie"* ]]
	[[ $output == *"etcd-versions: cannot fetch etcd of sid"* ]]
	run -0 ls -A "$LIFEBOAT_CACHE/etcd"
	[ -z "$output" ]
}

@test "deb822: disabled, foreign and security entries are passed over" {
	cat >"$APT_ETC/sources.list.d/a.sources" <<-END
	Types: deb
	URIs: file:/nowhere/off/debian
	Suites: bookworm
	Components: main
	Enabled: no

	# a remark
	Types: deb
	URIs: file:/nowhere/debian-security
	Suites: bookworm-security
	Components: main
	Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

	Types: deb
	URIs: file:/nowhere/docker/debian
	Suites: bookworm
	Components: stable

	Types: deb deb-src
	URIs: file:/nowhere/right/debian
	Suites: bookworm bookworm-updates
	Components: main
	# the end
	Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
	END
	takes /nowhere/right/debian
}

@test "one-line entries, with and without options" {
	cat >"$APT_ETC/sources.list" <<-END
	# deb file:/nowhere/off/debian bookworm main
	deb-src file:/nowhere/src/debian bookworm main
	deb [signed-by=/k/other.gpg] file:/nowhere/other/debian bookworm main
	deb [ arch=amd64 ] file:/nowhere/right/debian trixie contrib main # x
	END
	takes /nowhere/right/debian
}

@test "no mirror at all is told; nothing is listed" {
	run -1 "$tool"
	[ "${lines[0]}" = "etcd-versions: no Debian mirror in $APT_ETC: cannot fetch etcd of bookworm" ]
	run -0 "$tool" --list
	[ -z "$output" ]
	run -2 "$tool" --what
}
