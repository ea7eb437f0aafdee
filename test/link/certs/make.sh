#!/bin/sh
# Makes the certificates of the link's tests with openssl 3; run in this folder. The private keys here are for
# tests alone: they are public, and nothing but these tests trusts their authorities.
set -eu
authority() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500 \
    -subj "/CN=onrecord test $1" -keyout "$1.key" -out "$1.pem"
}
leaf() {
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.csr"
  printf 'subjectAltName=%s\n' "$3" > "$1.ext"
  openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -days 36500 -extfile "$1.ext" -out "$1.pem"
  rm "$1.csr" "$1.ext"
}
authority ca
authority stranger-ca
leaf control ca 'IP:127.0.0.1,DNS:localhost'
leaf elsewhere ca 'DNS:elsewhere.example'
leaf proxy ca 'DNS:edge-1'
leaf stranger stranger-ca 'IP:127.0.0.1,DNS:localhost'
rm ca.key stranger-ca.key ./*.srl
