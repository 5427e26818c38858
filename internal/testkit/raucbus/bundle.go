package raucbus

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"time"
)

// Bundle describes a bundle to be made. Zero values give a good one.
type Bundle struct {
	Version    string // "1.0" if empty
	Compatible string // that of the service if empty
	Image      []byte // what goes into the slot; 1 MiB of zeros if nil
	Untrusted  bool   // signed by somebody whom the service does not trust
	Flipped    bool   // a byte of the content was changed after it was signed
}

// Make makes a bundle and returns its path.
func (b *Bus) Make(want Bundle) string {
	b.t.Helper()
	dir, err := os.MkdirTemp(b.dir, "bundle")
	if err != nil {
		b.t.Fatal(err)
	}
	if want.Version == "" {
		want.Version = "1.0"
	}
	if want.Compatible == "" {
		want.Compatible = Compatible
	}
	if want.Image == nil {
		want.Image = make([]byte, 1<<20)
	}
	content, signer, path := dir+"/content", "", dir+"/bundle.raucb"
	if want.Untrusted {
		signer = "other-"
	}
	if err := os.Mkdir(content, 0o700); err != nil {
		b.t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"rootfs.img": want.Image,
		"manifest.raucm": fmt.Appendf(nil, "[update]\ncompatible=%s\nversion=%s\nbuild=7\n[bundle]\nformat=plain\n[image.rootfs]\nfilename=rootfs.img\n",
			want.Compatible, want.Version),
	} {
		if err := os.WriteFile(content+"/"+name, data, 0o600); err != nil {
			b.t.Fatal(err)
		}
	}
	b.run("rauc", "--cert", b.path(signer+"signer.pem"), "--key", b.path(signer+"signer.key"), "bundle", content, path)
	if want.Flipped {
		b.flip(path)
	}
	return path
}

// flip changes one byte in the squashfs of a bundle.
func (b *Bus) flip(path string) {
	b.t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		b.t.Fatal(err)
	}
	data[200] ^= 1
	if err := os.WriteFile(path, data, 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// makeKeys makes an authority, ca.pem, and a signer with its key.
func (b *Bus) makeKeys(prefix string) {
	b.t.Helper()
	ca := &x509.Certificate{
		Subject: pkix.Name{CommonName: prefix + "test authority"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	caKey := b.newKey()
	der := b.certify(ca, ca, caKey, caKey)
	b.write(prefix+"ca.pem", encode("CERTIFICATE", der), 0o600)

	signer := &x509.Certificate{Subject: pkix.Name{CommonName: prefix + "test signer"}, KeyUsage: x509.KeyUsageDigitalSignature}
	key := b.newKey()
	b.write(prefix+"signer.pem", encode("CERTIFICATE", b.certify(signer, ca, key, caKey)), 0o600)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		b.t.Fatal(err)
	}
	b.write(prefix+"signer.key", encode("PRIVATE KEY", secret), 0o600)
}

func (b *Bus) newKey() *ecdsa.PrivateKey {
	b.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.t.Fatal(err)
	}
	return key
}

func (b *Bus) certify(cert, by *x509.Certificate, key, byKey *ecdsa.PrivateKey) []byte {
	b.t.Helper()
	cert.SerialNumber = big.NewInt(time.Now().UnixNano())
	cert.NotBefore, cert.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	der, err := x509.CreateCertificate(rand.Reader, cert, by, &key.PublicKey, byKey)
	if err != nil {
		b.t.Fatal(err)
	}
	return der
}

func encode(kind string, der []byte) string {
	var out bytes.Buffer
	_ = pem.Encode(&out, &pem.Block{Type: kind, Bytes: der}) // a buffer takes all
	return out.String()
}
