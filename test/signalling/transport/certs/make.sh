#!/bin/sh
# Makes the certificates of the TLS tests with openssl 3; run in this folder. The private keys here are for tests
# alone: they are public, and nothing but these tests trusts their authorities.
set -eu
key='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
authority() {
  openssl req -x509 $key -days 36500 -subj "/CN=onrecord test $1" -keyout "$1.key" -out "$1.pem"
}
# leaf NAME AUTHORITY SUBJECT SAN [FROM UNTIL]
leaf() {
  openssl req -new $key -subj "$3" -keyout "$1.key" -out leaf.csr
  if [ -n "$4" ]; then printf '[leaf]\nsubjectAltName=%s\n' "$4" > leaf.ext; else printf '[leaf]\nbasicConstraints=CA:FALSE\n' > leaf.ext; fi
  : > index.txt
  openssl ca -batch -config ca.cnf -cert "$2.pem" -keyfile "$2.key" -in leaf.csr -extfile leaf.ext -extensions leaf \
    -startdate "${5:-20260101000000Z}" -enddate "${6:-21250101000000Z}" -notext -out "$1.pem"
  rm leaf.csr leaf.ext
}
cat > ca.cnf <<'CNF'
[ca]
default_ca = here
[here]
database = index.txt
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = optional
CNF
authority ca
authority stranger-ca
leaf node ca '/CN=node' 'IP:127.0.0.1,IP:::1,DNS:node.example,URI:sip:node.example'
leaf renewed ca '/CN=renewed' 'IP:127.0.0.1,DNS:node.example'
leaf expired ca '/CN=expired' 'IP:127.0.0.1,DNS:node.example' 20200101000000Z 20210101000000Z
leaf carrier ca '/CN=carrier' 'URI:sip:carrier.example'
leaf elsewhere ca '/CN=elsewhere' 'DNS:elsewhere.example'
leaf stranger stranger-ca '/CN=stranger' 'IP:127.0.0.1,URI:sip:carrier.example'
leaf uri-and-dns ca '/CN=both' 'URI:sip:sip.example,DNS:dns.example'
leaf uri-of-user ca '/CN=user' 'URI:sip:alice@user.example,DNS:dns.example'
leaf uri-of-sips ca '/CN=sips' 'URI:sips:sips.example,DNS:dns.example'
leaf uri-of-web ca '/CN=web' 'URI:https://web.example'
leaf wildcard ca '/CN=wildcard' 'DNS:*.wild.example,DNS:*'
leaf name-alone ca '/CN=Name.example' ''
leaf name-beside ca '/CN=beside.example' 'DNS:dns.example'
leaf with-comma ca '/CN=comma' '@names
[names]
URI=sip:alice@comma.example, URI:sip:forged.example, DNS:forged.example'
rm ca.key stranger-ca.key ca.cnf index.txt* ./[0-9A-F]*.pem
# Of these only the names are looked at.
for form in uri-and-dns uri-of-user uri-of-sips uri-of-web wildcard name-alone name-beside with-comma; do rm "$form.key"; done
