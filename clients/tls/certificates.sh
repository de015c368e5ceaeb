# Certificates for the checks of TLS, made anew in the current folder: an authority, a
# server, and clients that are good or bad each in its own way. Sourced, never run.

# authority NAME makes one that signs others.
authority() {
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.pem" -days 2 -subj "/CN=$1" \
		-addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
}

# issue NAME AUTHORITY USE [OPTIONS] makes NAME.pem and NAME.key.
issue() {
	local name=$1 by=$2 use=$3
	shift 3
	openssl req -newkey rsa:2048 -nodes -keyout "$name.key" -out "$name.csr" -subj "/CN=$name" 2>/dev/null
	printf 'basicConstraints=CA:false\nextendedKeyUsage=%s\nsubjectAltName=DNS:%s,IP:127.0.0.1\n' "$use" "$name" >"$name.ext"
	openssl x509 -req -in "$name.csr" -CA "$by.pem" -CAkey "$by.key" -CAcreateserial -out "$name.pem" \
		-extfile "$name.ext" "$@" 2>/dev/null
}

# expire NAME AUTHORITY makes a client whose time is over.
expire() {
	issue "$1" "$2" clientAuth -days 2
	mkdir -p expired
	: >expired/index.txt
	echo 01 >expired/serial
	cat >expired/ca.cnf <<-CONF
		[ca]
		default_ca = own
		[own]
		dir = expired
		database = expired/index.txt
		serial = expired/serial
		new_certs_dir = expired
		default_md = sha256
		policy = any
		[any]
		commonName = supplied
	CONF
	openssl ca -batch -config expired/ca.cnf -in "$1.csr" -cert "$2.pem" -keyfile "$2.key" -out "$1.pem" -notext \
		-startdate 20200101000000Z -enddate 20210101000000Z -extfile "$1.ext" 2>/dev/null
}

# revoke NAME AUTHORITY writes AUTHORITY.crl with that one.
revoke() {
	mkdir -p revoked
	: >revoked/index.txt
	echo 01 >revoked/crlnumber
	cat >revoked/ca.cnf <<-CONF
		[ca]
		default_ca = own
		[own]
		database = revoked/index.txt
		crlnumber = revoked/crlnumber
		default_md = sha256
		default_crl_days = 2
	CONF
	openssl ca -config revoked/ca.cnf -cert "$2.pem" -keyfile "$2.key" -revoke "$1.pem" 2>/dev/null
	openssl ca -config revoked/ca.cnf -cert "$2.pem" -keyfile "$2.key" -gencrl -out "$2.crl" 2>/dev/null
}

all_certificates() {
	authority ca
	authority stranger
	issue localhost ca serverAuth -days 2
	issue app ca clientAuth -days 2
	issue foreign stranger clientAuth -days 2
	issue wrong ca serverAuth -days 2
	issue gone ca clientAuth -days 2
	expire expired ca
	revoke gone ca
}
