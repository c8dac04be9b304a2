package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/grafana/loki/v3/pkg/compression"
	"github.com/grafana/loki/v3/pkg/storage/stores/shipper/indexshipper/tsdb"
	"github.com/grafana/loki/v3/pkg/storage/stores/shipper/indexshipper/tsdb/index"
)

// What `build` reads, once for each file, until there is no more:
//
//	a line of JSON, a tableLine
//	as many lines of JSON as it says series, each a streamLine; several tenants are told apart by __loki_tenant__
//	as many records as it says chunks, in the order of their series, 32 bytes each, little-endian:
//	    uint32 series, from 0   uint32 checksum   int64 from   int64 through   uint32 KB   uint32 entries
//
// It prints the path of each file it wrote.
type tableLine struct {
	Folder   string `json:"folder"`
	Uploader string `json:"uploader"` // the ingester; none for a compacted file
	Written  int64  `json:"written"`  // Unix nanoseconds, for the file's name
	Version  int    `json:"version"`
	Gzip     bool   `json:"gzip"`
	Series   int    `json:"series"`
	Chunks   int    `json:"chunks"`
}

type streamLine struct {
	Fingerprint uint64            `json:"fingerprint"`
	Labels      map[string]string `json:"labels"`
}

const (
	recordSize = 32
	bufferSize = 1 << 20
)

func buildAll(in io.Reader, out io.Writer) error {
	buffered := bufio.NewReaderSize(in, bufferSize)
	for {
		var table tableLine
		if err := readLine(buffered, &table); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		path, err := buildOne(table, buffered)
		if err != nil {
			return fmt.Errorf("an index for %s: %w", table.Folder, err)
		}
		if _, err := fmt.Fprintln(out, path); err != nil {
			return err
		}
	}
}

func buildOne(table tableLine, in *bufio.Reader) (string, error) {
	streams := make([]streamLine, table.Series)
	for i := range streams {
		if err := readLine(in, &streams[i]); err != nil {
			return "", fmt.Errorf("series %d: %w", i, err)
		}
	}
	chunks, err := readChunks(in, table)
	if err != nil {
		return "", err
	}
	builder := tsdb.NewBuilder(table.Version)
	for i, stream := range streams {
		builder.AddSeries(labels.FromMap(stream.Labels), model.Fingerprint(stream.Fingerprint), chunks[i])
	}
	id, data, err := builder.BuildInMemory(context.Background(), table.identifier)
	if err != nil {
		return "", err
	}
	return write(data, filepath.Join(table.Folder, id.Name()), table.Gzip)
}

func (t tableLine) identifier(from, through model.Time, checksum uint32) tsdb.Identifier {
	written := time.Unix(0, t.Written)
	if t.Uploader != "" {
		return tsdb.MultitenantTSDBIdentifier{NodeName: t.Uploader, Ts: written}
	}
	return tsdb.SingleTenantTSDBIdentifier{TS: written, From: from, Through: through, Checksum: checksum}
}

// readChunks gives the chunks of each series.
func readChunks(in io.Reader, table tableLine) ([][]index.ChunkMeta, error) {
	all := make([]index.ChunkMeta, table.Chunks)
	series := make([][]index.ChunkMeta, table.Series)
	record := make([]byte, recordSize)
	last, start := 0, 0
	for i := range all {
		if _, err := io.ReadFull(in, record); err != nil {
			return nil, fmt.Errorf("chunk %d: %w", i, err)
		}
		number := int(binary.LittleEndian.Uint32(record))
		if number < last || number >= table.Series {
			return nil, fmt.Errorf("chunk %d is of series %d, after one of series %d of %d", i, number, last, table.Series)
		}
		if number > last {
			last, start = number, i
		}
		all[i] = index.ChunkMeta{
			Checksum: binary.LittleEndian.Uint32(record[4:]),
			MinTime:  int64(binary.LittleEndian.Uint64(record[8:])),
			MaxTime:  int64(binary.LittleEndian.Uint64(record[16:])),
			KB:       binary.LittleEndian.Uint32(record[24:]),
			Entries:  binary.LittleEndian.Uint32(record[28:]),
		}
		series[number] = all[start : i+1]
	}
	return series, nil
}

func readLine(in *bufio.Reader, value any) error {
	line, err := in.ReadBytes('\n')
	if err != nil {
		if len(line) > 0 {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	return json.Unmarshal(line, value)
}

func write(data []byte, path string, packed bool) (string, error) {
	if packed {
		path += ".gz"
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	file, err := os.Create(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	var out io.WriteCloser = file
	if packed {
		// As Loki packs what it uploads (pkg/compactor/index_set.go).
		pool := compression.GetWriterPool(compression.GZIP)
		out = pool.GetWriter(file)
		defer pool.PutWriter(out)
	}
	if _, err := out.Write(data); err != nil {
		return "", err
	}
	return path, out.Close()
}
