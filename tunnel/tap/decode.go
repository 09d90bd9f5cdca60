package tap

import (
	"io"
	"sync"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"

	"streamgauge/tunnel/intake"
)

// Bounds of decoding beside the stream. Beyond them units are no longer
// counted; the stream itself is not touched.
const (
	maxBacklog    = 1 << 20 // encoded bytes waiting for the decoder
	freeOutput    = 1 << 20 // decoded bytes allowed whatever the ratio
	maxExpansion  = 200     // decoded bytes for one encoded byte beyond that
	decodeSize    = 4 << 10 // bytes decoded at once
	zstdMaxWindow = 8 << 20 // RFC 8878 §3.1.1.1.2 recommends supporting this much
)

// encodedUnits counts the units inside a content-encoded body. A goroutine of
// its own pulls the pieces through a decoder, so that neither a slow decoder
// nor a hostile body can hold the stream; it ends when it has counted what came
// before close.
//
// A decoder asks for the next piece only when it has handed out all that the
// pieces before it hold. So units found before that question belong to the
// piece that was given last: they became readable with it.
type encodedUnits struct {
	plain *plainUnits
	done  chan struct{}

	mu      sync.Mutex
	changed *sync.Cond // pieces, closed or failed changed
	pieces  []piece
	backlog int  // bytes in pieces
	closed  bool // no more pieces will come
	failed  bool // the decoder has given up

	// The rest belongs to the decoding goroutine.
	current piece
	in, out int64
}

type piece struct {
	ordinal int64
	at      time.Duration
	data    []byte
}

func newEncodedUnits(coding string, plain *plainUnits) *encodedUnits {
	u := &encodedUnits{plain: plain, done: make(chan struct{})}
	u.changed = sync.NewCond(&u.mu)
	open := decoders[coding]
	if open == nil {
		u.failed = true
		close(u.done)
		return u
	}
	go u.run(open)
	return u
}

// feed hands a copy of p to the decoder. It never waits.
func (u *encodedUnits) feed(ordinal int64, at time.Duration, p []byte) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.failed {
		return
	}
	if u.backlog+len(p) > maxBacklog {
		u.failed, u.pieces = true, nil
		u.changed.Signal()
		return
	}
	u.pieces = append(u.pieces, piece{ordinal, at, append([]byte(nil), p...)})
	u.backlog += len(p)
	u.changed.Signal()
}

// close says that no more will come; done is closed when all is counted.
func (u *encodedUnits) close() {
	u.mu.Lock()
	u.closed = true
	u.changed.Signal()
	u.mu.Unlock()
}

func (u *encodedUnits) run(open func(io.Reader) (io.Reader, error)) {
	defer close(u.done)
	defer u.fail()
	decoder, err := open(u)
	if err != nil {
		return
	}
	if c, ok := decoder.(io.Closer); ok {
		defer c.Close()
	}
	buffer := intake.Get(decodeSize)
	defer intake.Put(buffer)
	for {
		n, err := decoder.Read(*buffer)
		u.out += int64(n)
		if n > 0 {
			u.plain.feed(u.current.ordinal, u.current.at, (*buffer)[:n])
		}
		if err == io.EOF {
			u.plain.end()
		}
		if err != nil || (u.out > freeOutput && u.out > u.in*maxExpansion) {
			return
		}
	}
}

// fail drops what is waiting and refuses what comes.
func (u *encodedUnits) fail() {
	u.mu.Lock()
	u.failed, u.pieces, u.backlog = true, nil, 0
	u.mu.Unlock()
}

// Read gives the decoder the next encoded bytes, waiting for them.
func (u *encodedUnits) Read(p []byte) (int, error) {
	if len(u.current.data) == 0 && !u.nextPiece() {
		return 0, io.EOF
	}
	n := copy(p, u.current.data)
	u.current.data = u.current.data[n:]
	u.in += int64(n)
	return n, nil
}

// ReadByte keeps decoders from reading ahead through a buffer of their own,
// which would blur which piece a unit came with.
func (u *encodedUnits) ReadByte() (byte, error) {
	if len(u.current.data) == 0 && !u.nextPiece() {
		return 0, io.EOF
	}
	c := u.current.data[0]
	u.current.data = u.current.data[1:]
	u.in++
	return c, nil
}

func (u *encodedUnits) nextPiece() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	for len(u.pieces) == 0 && !u.closed && !u.failed {
		u.changed.Wait()
	}
	if len(u.pieces) == 0 {
		return false
	}
	u.current = u.pieces[0]
	u.pieces = u.pieces[1:]
	u.backlog -= len(u.current.data)
	return true
}

// decoders by content-coding (RFC 9110 §8.4.1, RFC 7932, RFC 8878).
var decoders = map[string]func(io.Reader) (io.Reader, error){
	"gzip":    openGzip,
	"x-gzip":  openGzip,
	"deflate": openDeflate,
	"br":      func(r io.Reader) (io.Reader, error) { return brotli.NewReader(r), nil },
	"zstd":    openZstd,
}

func openGzip(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }

func openZstd(r io.Reader) (io.Reader, error) {
	d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(zstdMaxWindow))
	if err != nil {
		return nil, err
	}
	return d.IOReadCloser(), nil
}

// openDeflate takes "deflate" as RFC 9110 §8.4.1.2 defines it, in the zlib
// format, and also as some servers send it, bare: the zlib header is told by
// its method and checksum (RFC 1950 §2.2).
func openDeflate(r io.Reader) (io.Reader, error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	again := &replay{head: head[:], rest: r.(pieceReader)}
	if head[0]&0x0f == 8 && (uint16(head[0])<<8|uint16(head[1]))%31 == 0 {
		return zlib.NewReader(again)
	}
	return flate.NewReader(again), nil
}

// pieceReader is what decoders read from without a buffer of their own.
type pieceReader interface {
	io.Reader
	io.ByteReader
}

// replay reads head, then rest.
type replay struct {
	head []byte
	rest pieceReader
}

func (r *replay) Read(p []byte) (int, error) {
	if len(r.head) > 0 {
		n := copy(p, r.head)
		r.head = r.head[n:]
		return n, nil
	}
	return r.rest.Read(p)
}

func (r *replay) ReadByte() (byte, error) {
	if len(r.head) > 0 {
		c := r.head[0]
		r.head = r.head[1:]
		return c, nil
	}
	return r.rest.ReadByte()
}
