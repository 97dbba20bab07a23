#!/usr/bin/env bats
# scripts/layers finds each way to break the order, and nothing in good code.

setup() {
	bats_require_minimum_version 1.5.0
	layers=$BATS_TEST_DIRNAME/../../scripts/layers
	cd "$BATS_TEST_TMPDIR" || return 1
	unset BUILD
	add lib/base/err.h '#define BASE_ERR 1'
	add lib/base/err.c '#include "base/err.h"' '#include <stdio.h>' \
		'#include <sys/stat.h>' 'int err_set(void);' \
		'int err_set(void) { return 0; }' 'static int helper;' \
		'int *err_x(void);' 'int *err_x(void) { return &helper; }'
	add lib/store/store.h '#include "base/err.h"'
	add lib/snapshot/save.c '#include "store/store.h"' \
		'#include <zstd.h>' 'int save_it; '
	add restore/main.c '#include "base/err.h"' '#include "plan.h"' \
		'int main(void) { return 0; }'
	add restore/plan.h ''
	add tests/unit/any_test.c '#include <zstd.h>' 'int whatever;'
}

add() { # FILE LINE...
	local f=$1

	shift
	mkdir -p "$(dirname "$f")"
	printf '%s\n' "$@" >"$f"
}

# Compile every file as make would; the headers named may not exist here.
objects() {
	local c

	find lib restore -name '*.c' | while read -r c; do
		mkdir -p "build/$(dirname "$c")"
		sed '/^#include/d' "$c" | cc -x c -c -o "build/${c%.c}.o" -
	done
}

# The one thing found is `$1`.
finds() {
	objects
	run -1 "$layers" .
	[ "$output" = "$1" ] || { echo "$output"; false; }
}

@test "good code passes" {
	objects
	run -0 "$layers" .
	[ -z "$output" ]
}

@test "an include that runs upward" {
	add lib/base/err.c '' '#include "snapshot/save.h"'
	finds 'lib/base/err.c:2: base includes the higher snapshot: "snapshot/save.h"'
}

@test "an include of a neighbour; snapshot may use store, store not snapshot" {
	add lib/store/store.h '#include "snapshot/save.h"'
	finds 'lib/store/store.h:1: store includes its neighbour snapshot: "snapshot/save.h"'
	add lib/store/store.h ''
	add lib/etcd/kv.c '#include "bolt/page.h"'
	finds 'lib/etcd/kv.c:1: etcd includes its neighbour bolt: "bolt/page.h"'
}

@test "a program in a program, in lib, and a path that climbs" {
	add restore/plan.h '#include "snapshotd/schedule.h"'
	finds 'restore/plan.h:1: restore includes snapshotd: "snapshotd/schedule.h"'
	add restore/plan.h '#include "../snapshotd/schedule.h"'
	finds 'restore/plan.h:1: "../snapshotd/schedule.h" climbs: name it from lib/ or beside this file'
	add restore/plan.h ''
	add lib/store/store.h '#include "restore/plan.h"'
	finds 'lib/store/store.h:1: store includes restore: "restore/plan.h"'
}

@test "a library named twice, or in a header" {
	add lib/snapshot/load.c '' '#  include <zstd.h>'
	finds 'lib/snapshot/save.c:2: <zstd.h> is also named in lib/snapshot/load.c:2'
	rm lib/snapshot/load.c
	add restore/plan.h '#include <openssl/evp.h>'
	finds 'restore/plan.h:1: <openssl/evp.h> of a library is named in a header'
}

@test "a header and a folder that are in no layer" {
	add lib/store/store.h '#include "stroe/x.h"'
	finds 'lib/store/store.h:1: "stroe/x.h" is in no layer'
	add lib/store/store.h ''
	add lib/misc/misc.h ''
	finds 'lib/misc/misc.h:1: folder lib/misc has no row: add it to scripts/layers'
}

@test "generated code is not looked at" {
	add lib/etcd/rpc.pb-c.h '#include <protobuf-c/protobuf-c.h>'
	objects
	run -0 "$layers" .
}

@test "functions and data exported under a foreign name" {
	add lib/base/err.c '' 'int errors;' '' 'int err_ok(void) { return 0; }'
	finds "lib/base/err.c:2: exports 'errors', which is not err_*"
	add lib/base/err.c '' 'int set(void)' '{ return 0; }'
	finds "lib/base/err.c:2: exports 'set', which is not err_*"
	add lib/base/err.c 'int main(void) { return 0; }'
	objects
	run -0 "$layers" .
}

@test "a source without its object, and an empty tree" {
	objects
	rm build/lib/base/err.o
	run -1 "$layers" .
	[ "$output" = "lib/base/err.c:1: no object 'build/lib/base/err.o': run make first" ]
	mkdir empty
	run -2 "$layers" empty
	[ "$output" = "scripts/layers: no sources here" ]
}
