# servers.bash - real etcd servers for the tests, on free ports of 127.0.0.1.
# ETCD_DIRS names the folders that hold etcd and etcdctl, separated by colons;
# without it the one in PATH is used.
# shellcheck shell=bash disable=SC2034

etcd_dirs() {
	if [ -n "${ETCD_DIRS:-}" ]; then
		tr : '\n' <<<"$ETCD_DIRS"
	else
		dirname "$(command -v etcd)"
	fi
}

# N free ports, each on a line
free_ports() {
	python3 - "$1" <<-'END'
	import socket, sys
	held = [socket.create_server(("127.0.0.1", 0))
	        for _ in range(int(sys.argv[1]))]
	for s in held:
	    print(s.getsockname()[1])
	END
}

# start_etcd DIR SCHEME [OPTION...]: sets ETCD_PID and URL; data in $DIR/data
start_etcd() {
	local bin=$1 scheme=$2
	shift 2
	[ -n "${PORTS:-}" ] || PORTS=$(free_ports 2)
	local client peer
	client=$scheme://127.0.0.1:$(sed -n 1p <<<"$PORTS")
	peer=http://127.0.0.1:$(sed -n 2p <<<"$PORTS")
	"$bin/etcd" --name m --data-dir "$DIR/data" --logger zap \
		--listen-client-urls "$client" \
		--advertise-client-urls "$client" \
		--listen-peer-urls "$peer" \
		--initial-advertise-peer-urls "$peer" \
		--initial-cluster "m=$peer" "$@" >>"$DIR/etcd.log" 2>&1 3>&- &
	ETCD_PID=$!
	URL=$client
	for _ in $(seq 200); do
		grep -q 'serving client traffic' "$DIR/etcd.log" &&
			return 0
		sleep 0.05
	done
	tail -5 "$DIR/etcd.log"
	return 1
}

stop_etcd() {
	if [ -n "${ETCD_PID:-}" ]; then
		kill -KILL "$ETCD_PID" 2>/dev/null || true
		wait "$ETCD_PID" 2>/dev/null || true
	fi
	ETCD_PID=
}

# A fresh folder and fresh ports for the next server.
renew() {
	stop_etcd
	rm -rf "${DIR:?}"/data "${DIR:?}"/etcd.log
	PORTS=
}

# make_ca NAME; make_cert CA NAME SAN [faketime]: PEM files in $DIR
make_ca() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-days 2 -subj "/CN=$1" -keyout "$DIR/$1.key" \
		-out "$DIR/$1.pem" 2>/dev/null
}

make_cert() {
	local ca=$1 name=$2 san=$3
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-subj "/CN=$name" -keyout "$DIR/$name.key" \
		-out "$DIR/$name.csr" 2>/dev/null
	printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth,clientAuth\n' \
		"$san" >"$DIR/$name.ext"
	${4:+faketime "$4"} openssl x509 -req -in "$DIR/$name.csr" -days 1 \
		-CA "$DIR/$ca.pem" -CAkey "$DIR/$ca.key" -CAcreateserial \
		-extfile "$DIR/$name.ext" -out "$DIR/$name.pem" 2>/dev/null
}
