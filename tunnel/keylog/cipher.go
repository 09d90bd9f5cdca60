package keylog

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"hash"

	"golang.org/x/crypto/chacha20poly1305"
	"golang.org/x/crypto/cryptobyte"
)

// suite is a cipher suite that can be opened.
type suite struct {
	tls13 bool
	key   int // bytes
	hash  func() hash.Hash
	aead  func(key []byte) (cipher.AEAD, error)
}

func aesGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// explicitNonce is how many bytes of the nonce travel with each record in the
// AES-GCM suites of TLS 1.2 (RFC 5288 §3).
const explicitNonce = 8

// suiteOf returns the suite of that IANA number; ok is false for those that are
// not opened: CBC, CCM, and those that encrypt nothing.
func suiteOf(number uint16) (s suite, ok bool) {
	aes128 := suite{key: 16, hash: sha256.New, aead: aesGCM}
	aes256 := suite{key: 32, hash: sha512.New384, aead: aesGCM}
	chacha := suite{key: 32, hash: sha256.New, aead: chacha20poly1305.New}
	switch number {
	case 0x1301, 0x009c, 0x009e, 0xc02b, 0xc02f: // AES_128_GCM_SHA256: 1.3, RSA, DHE, ECDHE with ECDSA and RSA
		s = aes128
	case 0x1302, 0x009d, 0x009f, 0xc02c, 0xc030: // AES_256_GCM_SHA384
		s = aes256
	case 0x1303, 0xcca8, 0xcca9, 0xccaa: // CHACHA20_POLY1305_SHA256
		s = chacha
	default:
		return suite{}, false
	}
	s.tls13 = number>>8 == 0x13
	return s, true
}

// unsealer opens the protected records of one direction, in their order.
type unsealer struct {
	suite  suite
	aead   cipher.AEAD
	iv     []byte
	seq    uint64
	secret []byte // TLS 1.3: for the next keys
	nonce  [12]byte
	into   []byte
}

// newUnsealer13 returns an unsealer for a traffic secret of TLS 1.3 (RFC 8446 §7.3),
// or nil if the secret does not fit the suite.
func newUnsealer13(s suite, secret []byte) *unsealer {
	if len(secret) != s.hash().Size() {
		return nil
	}
	u := &unsealer{suite: s, secret: secret, iv: s.expand(secret, "iv", 12)}
	var err error
	if u.aead, err = s.aead(s.expand(secret, "key", s.key)); err != nil {
		return nil
	}
	return u
}

// expand is HKDF-Expand-Label without a context (RFC 8446 §7.1).
func (s suite) expand(secret []byte, label string, length int) []byte {
	var info cryptobyte.Builder
	info.AddUint16(uint16(length))
	info.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte("tls13 " + label)) })
	info.AddUint8(0)
	out, err := hkdf.Expand(s.hash, secret, string(info.BytesOrPanic()), length)
	if err != nil {
		return nil // the length is far below the bound
	}
	return out
}

// updated returns the unsealer for the records behind a KeyUpdate (RFC 8446 §7.2).
func (u *unsealer) updated() *unsealer {
	return newUnsealer13(u.suite, u.suite.expand(u.secret, "traffic upd", u.suite.hash().Size()))
}

// newUnsealers12 returns the unsealers of both directions, by tunnel.Direction, for a
// master secret of TLS 1.2 (RFC 5246 §6.3).
func newUnsealers12(s suite, master []byte, client, server random) (both [2]*unsealer) {
	iv := 12
	if s.key != 32 || s.hash().Size() != sha256.Size { // AES-GCM
		iv = 12 - explicitNonce
	}
	seed := append([]byte("key expansion"), server[:]...)
	seed = append(seed, client[:]...)
	block := prf12(s.hash, master, seed, 2*s.key+2*iv)
	for i := range both {
		aead, err := s.aead(block[i*s.key : (i+1)*s.key])
		if err != nil {
			return [2]*unsealer{}
		}
		ivs := block[2*s.key:]
		both[i] = &unsealer{suite: s, aead: aead, iv: ivs[i*iv : (i+1)*iv]}
	}
	return both
}

// prf12 is the pseudorandom function of TLS 1.2 (RFC 5246 §5), label and seed
// joined.
func prf12(h func() hash.Hash, secret, seed []byte, length int) []byte {
	sum := func(parts ...[]byte) []byte {
		mac := hmac.New(h, secret)
		for _, p := range parts {
			mac.Write(p)
		}
		return mac.Sum(nil)
	}
	var out []byte
	for a := sum(seed); len(out) < length; a = sum(a) {
		out = append(out, sum(a, seed)...)
	}
	return out[:length]
}

// open returns the plaintext of a record, valid until the next call, and of TLS
// 1.3 the type of what is in it. After a record that does not open the unsealer
// is as before.
func (u *unsealer) open(header, body []byte) (kind byte, plain []byte, ok bool) {
	if u.suite.tls13 {
		return u.open13(header, body)
	}
	nonce := u.nonceFor()
	if len(u.iv) < len(u.nonce) {
		if len(body) < explicitNonce {
			return 0, nil, false
		}
		nonce = append(append(u.nonce[:0], u.iv...), body[:explicitNonce]...)
		body = body[explicitNonce:]
	}
	size := len(body) - u.aead.Overhead()
	if size < 0 {
		return 0, nil, false
	}
	var additional [13]byte // RFC 5246 §6.2.3.3
	binary.BigEndian.PutUint64(additional[:], u.seq)
	copy(additional[8:], header[:3])
	binary.BigEndian.PutUint16(additional[11:], uint16(size))
	plain, err := u.aead.Open(u.into[:0], nonce, body, additional[:])
	if err != nil {
		return 0, nil, false
	}
	u.seq++
	u.into = plain
	return header[0], plain, true
}

// open13 opens by RFC 8446 §5.2: the type stands behind the content, and zeros
// may follow.
func (u *unsealer) open13(header, body []byte) (kind byte, plain []byte, ok bool) {
	plain, err := u.aead.Open(u.into[:0], u.nonceFor(), body, header)
	if err != nil {
		return 0, nil, false
	}
	u.seq++
	u.into = plain
	end := len(plain) - 1
	for end >= 0 && plain[end] == 0 {
		end--
	}
	if end < 0 {
		return 0, nil, true // nothing but padding is a mistake of the peer's
	}
	return plain[end], plain[:end], true
}

// nonceFor is the initialisation vector with the record's number over its end
// (RFC 8446 §5.3, RFC 7905 §2).
func (u *unsealer) nonceFor() []byte {
	n := u.nonce[:copy(u.nonce[:], u.iv)]
	if len(n) < len(u.nonce) {
		return n
	}
	for i := range 8 {
		n[4+i] ^= byte(u.seq >> (56 - 8*i))
	}
	return n
}
