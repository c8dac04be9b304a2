package main

import (
	"context"
	"encoding/json"
	"io"
	"math"
	"os"
	"syscall"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/grafana/loki/v3/pkg/logproto"
	"github.com/grafana/loki/v3/pkg/storage/stores/shipper/indexshipper/storage"
	"github.com/grafana/loki/v3/pkg/storage/stores/shipper/indexshipper/tsdb"
	"github.com/grafana/loki/v3/pkg/storage/stores/shipper/indexshipper/tsdb/index"
)

// Seconds of each run, and what was read in the last: the sum, modulo 2^64, of every chunk's numbers.
type timings struct {
	Chunks    int       `json:"chunks"`
	Sum       uint64    `json:"sum"`
	Unpack    []float64 `json:"unpack"`     // gunzip, as the index shipper does; none of a plain file
	Open      []float64 `json:"open"`       // contents, symbols, postings offsets, fingerprint offsets
	ForSeries []float64 `json:"for_series"` // every series with its labels, its chunks in a buffer used again
	ChunkRefs []float64 `json:"chunk_refs"` // every chunk into one slice, without labels
	PeakRSS   int64     `json:"peak_rss"`   // bytes
}

func bench(path string, runs int, out io.Writer) error {
	blob, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var measured timings
	for i := -1; i < runs; i++ {
		if err := measured.runOnce(blob, storage.IsCompressedFile(path)); err != nil {
			return err
		}
		if i == -1 { // to warm up
			measured = timings{}
		}
	}
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return err
	}
	measured.PeakRSS = usage.Maxrss << 10
	return json.NewEncoder(out).Encode(measured)
}

func (t *timings) runOnce(blob []byte, packed bool) (err error) {
	data := blob
	if packed {
		started := time.Now()
		if data, err = unpack(blob); err != nil {
			return err
		}
		t.Unpack = append(t.Unpack, time.Since(started).Seconds())
	}

	started := time.Now()
	reader, err := index.NewReader(index.RealByteSlice(data))
	if err != nil {
		return err
	}
	t.Open = append(t.Open, time.Since(started).Seconds())
	opened := tsdb.NewTSDBIndex(reader)

	started = time.Now()
	if err := t.forSeries(opened); err != nil {
		return err
	}
	t.ForSeries = append(t.ForSeries, time.Since(started).Seconds())

	started = time.Now()
	var refs []logproto.ChunkRefWithSizingInfo
	refs, err = opened.GetChunkRefs(
		context.Background(), "", math.MinInt64, math.MaxInt64, refs, nil, everySeries)
	t.ChunkRefs = append(t.ChunkRefs, time.Since(started).Seconds())
	t.Chunks = len(refs)
	return err
}

func (t *timings) forSeries(opened *tsdb.TSDBIndex) error {
	var sum uint64
	each := func(_ labels.Labels, fp model.Fingerprint, chunks []index.ChunkMeta) bool {
		for i := range chunks {
			c := &chunks[i]
			sum += uint64(fp) + uint64(c.MinTime) + uint64(c.MaxTime) + uint64(c.KB) + uint64(c.Entries) + uint64(c.Checksum)
		}
		return false
	}
	err := opened.ForSeries(context.Background(), "", nil, math.MinInt64, math.MaxInt64, each, everySeries)
	t.Sum = sum
	return err
}
