# shellcheck shell=bash
# Real etcd servers on 127.0.0.1 for tests and demos; source it from bash.
#
#   setup()    { load lib.sh; etcd_setup; }         # bats
#   teardown() { etcd_teardown; }
#
# A script calls etcd_setup alone: outside bats it sets the trap itself.
# Everything lives below $etcd_dir, a fresh temporary folder, and goes with
# etcd_teardown, also when a test failed.  Only processes started here are ever
# signalled: a process counts as ours when its number and its start time match.
#
# Servers are known by NAME.  DIR is a folder below $etcd_dir; a server keeps
# its things in DIR/NAME (data/, log, and what is needed to start it again).
# With --tls clients and peers must show certificates of DIR/pki, which is made
# when it is missing.  Names of our own carry no ETCD_ prefix in capitals, as
# etcd takes its options from the environment, too.
etcd_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
etcd_wait_s=60

# ---- folders and versions

etcd_setup() {
	etcd_dir=$(mktemp -d "${TMPDIR:-/tmp}/lifeboat-etcd.XXXXXX") || return 1
	mkdir "$etcd_dir/servers"
	if [ -z "${BATS_VERSION-}" ]; then
		trap etcd_teardown EXIT
		trap 'exit 130' INT TERM HUP
	fi
}

etcd_teardown() {
	local f

	[ -n "${etcd_dir-}" ] && [ -d "$etcd_dir/servers" ] || return 0
	for f in "$etcd_dir"/servers/*; do
		[ ! -e "$f" ] || etcd_signal "${f##*/}" KILL
	done
	for f in "$etcd_dir"/servers/*; do
		[ ! -e "$f" ] || etcd_gone "${f##*/}"
	done
	rm -rf "$etcd_dir"
}

# The versions at hand, oldest first.  $etcd_only (a list) narrows them.
etcd_versions() {
	local have v

	have=$("$etcd_root/scripts/etcd-versions" --list | cut -d' ' -f1)
	if [ -z "$have" ]; then
		echo "no etcd at hand: run scripts/etcd-versions" >&2
		return 1
	fi
	for v in $have; do
		case " ${etcd_only:-$have} " in *[[:space:]]"$v"[[:space:]]*)
			echo "$v" ;;
		esac
	done
}

# The folder with etcd, etcdctl and perhaps etcdutl of VERSION.
etcd_bin() { # VERSION
	"$etcd_root/scripts/etcd-versions" --list | awk -v v="$1" '
		$1 == v { sub(/^[^ ]* /, ""); print; found = 1 }
		END { exit !found }'
}

# ---- ports and keys

# COUNT free TCP ports, below the range that outgoing connections use.
etcd_ports() { # COUNT
	local -A taken=()
	local p n=0

	while read -r p; do
		taken[$((16#$p))]=1
	done < <(awk '$2 ~ /:/ { sub(/.*:/, "", $2); print $2 }' \
		/proc/net/tcp /proc/net/tcp6 2>/dev/null)
	while [ "$n" -lt "$1" ]; do
		p=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
		[ -z "${taken[$p]-}" ] || continue
		taken[$p]=1
		n=$((n + 1))
		echo "$p"
	done
}

pki_ca() { # DIR NAME
	openssl req -x509 -config "$1/openssl.cnf" -extensions ca_cert -nodes \
		-newkey ec -pkeyopt ec_paramgen_curve:P-256 -days 3650 \
		-subj "/CN=$2" -keyout "$1/$2.key" -out "$1/$2.crt" 2>/dev/null
}

pki_leaf() { # DIR CA EXTENSIONS NAME START END
	openssl req -new -config "$1/openssl.cnf" -nodes -newkey ec \
		-pkeyopt ec_paramgen_curve:P-256 -subj "/CN=$4" \
		-keyout "$1/$4.key" -out "$1/$4.csr" 2>/dev/null &&
		openssl ca -batch -config "$1/openssl.cnf" -notext \
			-cert "$1/$2.crt" -keyfile "$1/$2.key" \
			-extensions "$3" -startdate "$5" -enddate "$6" \
			-in "$1/$4.csr" -out "$1/$4.crt" 2>/dev/null
}

# Fill DIR with NAME.crt and NAME.key for: ca, server (127.0.0.1, localhost),
# client, expired (a client's, of ca, long past), and a stranger of another CA:
# other-ca, other-client, other-server.
make_pki() { # DIR
	local from=20200101000000Z to=20490101000000Z

	mkdir -p "$1/issued" || return 1
	: >"$1/index.txt"
	cat >"$1/openssl.cnf" <<-END
	[req]
	distinguished_name = dn
	[dn]
	[ca]
	default_ca = issuer
	[issuer]
	default_md = sha256
	new_certs_dir = $1/issued
	database = $1/index.txt
	rand_serial = yes
	unique_subject = no
	policy = any
	[any]
	commonName = supplied
	[ca_cert]
	basicConstraints = critical, CA:true
	keyUsage = critical, keyCertSign, cRLSign, digitalSignature
	subjectKeyIdentifier = hash
	[server]
	keyUsage = critical, digitalSignature
	extendedKeyUsage = serverAuth, clientAuth
	subjectAltName = IP:127.0.0.1, DNS:localhost
	[client]
	keyUsage = critical, digitalSignature
	extendedKeyUsage = clientAuth
	END
	(
		umask 077
		pki_ca "$1" ca && pki_ca "$1" other-ca &&
		pki_leaf "$1" ca server server $from $to &&
		pki_leaf "$1" ca client client $from $to &&
		pki_leaf "$1" ca client expired $from 20200201000000Z &&
		pki_leaf "$1" other-ca server other-server $from $to &&
		pki_leaf "$1" other-ca client other-client $from $to
	) || { echo "cannot make keys in '$1'" >&2; return 1; }
	rm -f "$1"/*.csr
}

# ---- processes, always by number and start time

# Field N of what was noted about server NAME: pid, start, home, version, url.
etcd_noted() { # NAME N
	[ -e "$etcd_dir/servers/$1" ] || return 1
	sed -n "${2}p" "$etcd_dir/servers/$1"
}

proc_start() { # PID: its start time; fails when it is gone or a zombie
	local stat

	{ stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
	# shellcheck disable=SC2086  # the fields after the command's name
	set -- ${stat##*) }
	[ "$1" != Z ] && [ "$1" != X ] && echo "${20}"
}

etcd_alive() { # NAME
	local pid start now

	pid=$(etcd_noted "$1" 1) && start=$(etcd_noted "$1" 2) &&
		now=$(proc_start "$pid") && [ "$now" = "$start" ]
}

etcd_signal() { # NAME SIGNAL
	! etcd_alive "$1" || kill -s "$2" "$(etcd_noted "$1" 1)" 2>/dev/null
}

etcd_gone() { # NAME: wait until its process has ended
	local i

	for ((i = 0; i < etcd_wait_s * 20; i++)); do
		etcd_alive "$1" || return 0
		sleep 0.05
	done
	echo "etcd '$1' does not end" >&2
	return 1
}

etcd_stop() { etcd_signal "$1" TERM; etcd_gone "$1"; }
etcd_kill() { etcd_signal "$1" KILL; etcd_gone "$1"; }
etcd_pause() { etcd_signal "$1" STOP; }
etcd_resume() { etcd_signal "$1" CONT; }

# ---- servers

etcd_url() { etcd_noted "$1" 5; }       # the client URL of server NAME
etcd_home() { etcd_noted "$1" 3; }      # its folder

# The client URLs of servers NAME..., separated by commas.
etcd_urls() { # NAME...
	local n all=

	for n in "$@"; do
		all=$all${all:+,}$(etcd_url "$n") || return 1
	done
	echo "$all"
}

etcd_launch() { # NAME VERSION HOME URL: run HOME/args
	local bin pid args

	bin=$(etcd_bin "$2") || { echo "no etcd $2 at hand" >&2; return 1; }
	mapfile -d '' -t args <"$3/args"
	# Bats waits for whoever holds its descriptor 3.
	"$bin/etcd" "${args[@]}" >>"$3/log" 2>&1 </dev/null 3>&- &
	pid=$!
	disown "$pid" 2>/dev/null
	printf '%s\n' "$pid" "$(proc_start "$pid")" "$3" "$2" "$4" \
		>"$etcd_dir/servers/$1"
}

# Write down how to run one server.  CLUSTER is etcd's --initial-cluster.
etcd_prepare() { # NAME VERSION HOME SCHEME CLIENT-PORT PEER-PORT CLUSTER ARG...
	local name=$1 home=$3 pki client=$4://127.0.0.1:$5 peer=$4://127.0.0.1:$6
	local cluster=$7 tls=()

	pki=$(dirname "$home")/pki
	if [ "$4" = https ]; then
		[ -e "$pki/client.crt" ] || make_pki "$pki" || return 1
		tls=(--cert-file "$pki/server.crt" --key-file "$pki/server.key"
			--trusted-ca-file "$pki/ca.crt" --client-cert-auth
			--peer-cert-file "$pki/server.crt"
			--peer-key-file "$pki/server.key"
			--peer-trusted-ca-file "$pki/ca.crt"
			--peer-client-cert-auth)
	fi
	shift 7
	mkdir -p "$home"
	printf '%s\0' --name "$name" --data-dir "$home/data" --logger zap \
		--listen-client-urls "$client" --advertise-client-urls "$client" \
		--listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" \
		--initial-cluster "$cluster" --initial-cluster-token harness \
		"${tls[@]}" "$@" >"$home/args"
}

# Options of the start functions -> $scheme and $more of the caller.
etcd_options() { # VERSION OPTION...
	local bin

	bin=$(etcd_bin "$1") || { echo "no etcd $1 at hand" >&2; return 1; }
	shift
	while [ $# -gt 0 ]; do
		case $1 in
		--tls) scheme=https ;;
		--unsafe-no-fsync)
			[[ $("$bin/etcd" --help 2>&1) != *"$1"* ]] ||
				more+=("$1") ;;
		--) shift; more+=("$@"); return 0 ;;
		*) echo "unknown option '$1'" >&2; return 1 ;;
		esac
		shift
	done
}

# Start one server and wait until it is healthy.  OPTIONs: --tls,
# --unsafe-no-fsync (left out where etcd lacks it), -- and etcd's own.
etcd_start() { # NAME VERSION DIR [OPTION...]
	etcd_start_all "$2" "$3" "$1" -- "${@:4}"
}

# The same for COUNT members m1, m2, ... of one cluster.
etcd_cluster_start() { # VERSION DIR COUNT [OPTION...]
	local i names=()

	for ((i = 1; i <= $3; i++)); do names+=("m$i"); done
	etcd_start_all "$1" "$2" "${names[@]}" -- "${@:4}"
}

etcd_start_all() { # VERSION DIR NAME... -- [OPTION...]
	local version=$1 dir=$2 names=() scheme=http more=() ports i try cluster n

	shift 2
	while [ "$1" != -- ]; do names+=("$1"); shift; done
	shift
	etcd_options "$version" "$@" || return 1
	# Another process may take a port between our look and etcd's bind.
	for try in 1 2 3; do
		mapfile -t ports < <(etcd_ports $((2 * ${#names[@]})))
		cluster=
		for i in "${!names[@]}"; do
			cluster+=${cluster:+,}${names[i]}=$scheme://127.0.0.1:${ports[2 * i + 1]}
		done
		for i in "${!names[@]}"; do
			n=${names[i]}
			rm -rf "${dir:?}/$n"
			etcd_prepare "$n" "$version" "$dir/$n" $scheme \
				"${ports[2 * i]}" "${ports[2 * i + 1]}" \
				"$cluster" "${more[@]}" &&
				etcd_launch "$n" "$version" "$dir/$n" \
				"$scheme://127.0.0.1:${ports[2 * i]}" || return 1
		done
		! etcd_wait "${names[@]}" || return 0
		for n in "${names[@]}"; do etcd_kill "$n"; done
		grep -q 'address already in use' "${names[@]/#/$dir/}" -r \
			--include log || break
	done
	for n in "${names[@]}"; do
		echo "etcd '$n' $version failed ($try tries):" >&2
		{ head -n 3; echo ...; tail -n 5; } <"$dir/$n/log" >&2
	done
	return 1
}

# Start a stopped or killed server again, with the same folder and ports.
etcd_restart() { # NAME
	etcd_stop "$1" && etcd_relaunch "$1"
}

# Start a server that has ended, with the same folder and ports.
etcd_relaunch() { # NAME
	local version home url

	version=$(etcd_noted "$1" 4) && home=$(etcd_home "$1") &&
		url=$(etcd_url "$1") &&
		etcd_launch "$1" "$version" "$home" "$url"
}

# Wait until each server answers a linearizable read.
etcd_wait() { # NAME...
	local n end=$((SECONDS + etcd_wait_s))

	for n in "$@"; do
		until etcd_ctl_at "$n" --command-timeout=2s \
			endpoint health >/dev/null 2>&1; do
			etcd_alive "$n" && [ $SECONDS -lt $end ] || return 1
			sleep 0.1
		done
	done
}

# etcdctl (API 3) of VERSION with nothing added.
etcd_ctl() { # VERSION ARG...
	local bin

	bin=$(etcd_bin "$1") || { echo "no etcd $1 at hand" >&2; return 1; }
	shift
	ETCDCTL_API=3 "$bin/etcdctl" "$@" </dev/null 3>&-
}

# etcdctl of the server's own version, with its address and a client's keys.
etcd_ctl_at() { # NAME ARG...
	local version url pki tls=()

	version=$(etcd_noted "$1" 4) && url=$(etcd_url "$1") || return 1
	pki=$(dirname "$(etcd_home "$1")")/pki
	case $url in
	https:*) tls=(--cacert "$pki/ca.crt" --cert "$pki/client.crt"
		--key "$pki/client.key") ;;
	esac
	shift
	etcd_ctl "$version" --endpoints "$url" "${tls[@]}" "$@"
}
