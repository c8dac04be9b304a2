package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/grafana/loki/v3/pkg/storage/stores/shipper/indexshipper/tsdb"
	"github.com/grafana/loki/v3/pkg/storage/stores/shipper/indexshipper/tsdb/index"
)

// A line a file, before its series.
type fileLine struct {
	Path    string `json:"path"`
	Version int    `json:"version"`
	From    int64  `json:"from"`
	Through int64  `json:"through"`
}

// A line a series. A chunk is from, through, KB, entries, checksum.
type seriesLine struct {
	Fingerprint uint64            `json:"fingerprint"`
	Labels      map[string]string `json:"labels"`
	Chunks      [][5]int64        `json:"chunks"`
}

// Every series matches an empty matcher: it is how Loki's compactor asks for all.
var everySeries = labels.MustNewMatcher(labels.MatchEqual, "", "")

func dumpAll(paths []string, out io.Writer) error {
	buffered := bufio.NewWriter(out)
	defer buffered.Flush()
	for _, path := range paths {
		if err := dump(path, json.NewEncoder(buffered)); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

func dump(path string, out *json.Encoder) error {
	data, err := content(path)
	if err != nil {
		return err
	}
	reader, err := index.NewReader(index.RealByteSlice(data))
	if err != nil {
		return err
	}
	from, through := reader.Bounds()
	if err := out.Encode(fileLine{path, reader.Version(), from, through}); err != nil {
		return err
	}
	var failed error
	each := func(ls labels.Labels, fp model.Fingerprint, chunks []index.ChunkMeta) bool {
		line := seriesLine{uint64(fp), ls.Map(), make([][5]int64, len(chunks))}
		for i, c := range chunks {
			line.Chunks[i] = [5]int64{c.MinTime, c.MaxTime, int64(c.KB), int64(c.Entries), int64(c.Checksum)}
		}
		failed = out.Encode(line)
		return failed != nil
	}
	err = tsdb.NewTSDBIndex(reader).ForSeries(
		context.Background(), "", nil, math.MinInt64, math.MaxInt64, each, everySeries)
	if err != nil {
		return err
	}
	return failed
}
