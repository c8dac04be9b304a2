package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/grafana/loki/v3/pkg/chunkenc"
	"github.com/grafana/loki/v3/pkg/compression"
	"github.com/grafana/loki/v3/pkg/logproto"
	"github.com/grafana/loki/v3/pkg/storage/chunk"
	"github.com/grafana/loki/v3/pkg/util"
)

// What `chunks` reads: a line of JSON for each chunk, which is written below Folder under its name on Azure.
type chunkLine struct {
	Folder      string            `json:"folder"`
	Tenant      string            `json:"tenant"`
	Fingerprint uint64            `json:"fingerprint"`
	Labels      map[string]string `json:"labels"`
	Format      byte              `json:"format"`
	Encoding    string            `json:"encoding"`
	BlockSize   int               `json:"block_size"`
	TargetSize  int               `json:"target_size"`
	Entries     []entryLine       `json:"entries"`
}

type entryLine struct {
	Time     int64             `json:"time"` // Unix nanoseconds
	Line     string            `json:"line"`
	Metadata map[string]string `json:"metadata"`
}

// What `chunks` prints: the name, and what an ingester writes into the index.
type storedLine struct {
	Name    string `json:"name"`
	KB      uint32 `json:"kb"`
	Entries int    `json:"entries"`
}

func writeChunks(in io.Reader, out io.Writer) error {
	buffered := bufio.NewReaderSize(in, bufferSize)
	for {
		var line chunkLine
		if err := readLine(buffered, &line); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		stored, err := writeChunk(line)
		if err != nil {
			return fmt.Errorf("a chunk for %s: %w", line.Folder, err)
		}
		if err := json.NewEncoder(out).Encode(stored); err != nil {
			return err
		}
	}
}

func writeChunk(line chunkLine) (storedLine, error) {
	codec, err := compression.ParseCodec(line.Encoding)
	if err != nil {
		return storedLine{}, err
	}
	data := chunkenc.NewMemChunk(line.Format, codec, chunkenc.ChunkHeadFormatFor(line.Format), line.BlockSize, line.TargetSize)
	for _, entry := range line.Entries {
		var metadata []logproto.LabelAdapter
		for name, value := range entry.Metadata {
			metadata = append(metadata, logproto.LabelAdapter{Name: name, Value: value})
		}
		_, err := data.Append(&logproto.Entry{
			Timestamp: time.Unix(0, entry.Time), Line: entry.Line, StructuredMetadata: metadata,
		})
		if err != nil {
			return storedLine{}, err
		}
	}
	if err := data.Close(); err != nil {
		return storedLine{}, err
	}
	from, through := util.RoundToMilliseconds(data.Bounds())
	stored := chunk.NewChunk(line.Tenant, model.Fingerprint(line.Fingerprint), labels.FromMap(line.Labels),
		chunkenc.NewFacade(data, line.BlockSize, line.TargetSize), from, through)
	blob, err := stored.Encoded()
	if err != nil {
		return storedLine{}, err
	}
	name := fmt.Sprintf("%s/%x/%x-%x-%x", line.Tenant, line.Fingerprint, int64(from), int64(through), stored.Checksum)
	path := filepath.Join(line.Folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return storedLine{}, err
	}
	// As in the index (pkg/storage/stores/shipper/indexshipper/tsdb/store.go).
	kb := uint32(math.Round(float64(stored.Data.UncompressedSize()) / (1 << 10)))
	return storedLine{name, kb, stored.Data.Entries()}, os.WriteFile(path, blob, 0o644)
}

// Seconds of each run over all chunks.
type chunkTimings struct {
	Chunks  int       `json:"chunks"`
	Bytes   int64     `json:"bytes"`
	Entries int       `json:"entries"`
	Decode  []float64 `json:"decode"` // as a query decodes a fetched chunk: checksums, metadata, blocks; no line
	PeakRSS int64     `json:"peak_rss"`
}

// benchChunks times how Loki decodes the chunks below a folder, which are read into memory first.
func benchChunks(folder string, runs int, out io.Writer) error {
	names, blobs, err := readChunkFiles(folder)
	if err != nil {
		return err
	}
	var measured chunkTimings
	for i := -1; i < runs; i++ {
		started := time.Now()
		entries, size := 0, int64(0)
		context := chunk.NewDecodeContext()
		for n, blob := range blobs {
			tenant, _, _ := strings.Cut(names[n], "/")
			decoded, err := chunk.ParseExternalKey(tenant, strings.ReplaceAll(names[n], "-", ":"))
			if err != nil {
				return err
			}
			if err := decoded.Decode(context, blob); err != nil {
				return fmt.Errorf("%s: %w", names[n], err)
			}
			entries += decoded.Data.Entries()
			size += int64(len(blob))
		}
		if i >= 0 { // after one to warm up
			measured.Decode = append(measured.Decode, time.Since(started).Seconds())
		}
		measured.Chunks, measured.Bytes, measured.Entries = len(blobs), size, entries
	}
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return err
	}
	measured.PeakRSS = usage.Maxrss << 10
	return json.NewEncoder(out).Encode(measured)
}

func readChunkFiles(folder string) (names []string, blobs [][]byte, err error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*", "*", "*"))
	if err != nil {
		return nil, nil, err
	}
	for _, path := range paths {
		blob, err := os.ReadFile(path)
		if err != nil {
			return nil, nil, err
		}
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return nil, nil, err
		}
		names, blobs = append(names, name), append(blobs, blob)
	}
	return names, blobs, nil
}
