// Loki's own code, made to write, read and time TSDB index files and chunks: what logops' readers are compared with.
//
//	loki-index version
//	loki-index build < TABLES      write index files; build.go has the format
//	loki-index dump FILE...        print every chunk of index files as Loki reads them
//	loki-index bench [-runs N] FILE
//	                               time how Loki reads one
//	loki-index chunks < CHUNKS     write chunks; chunks.go has the format
//	loki-index bench-chunks [-runs N] FOLDER
//	                               time how Loki decodes the chunks in a folder
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	gzip "github.com/klauspost/pgzip"

	"github.com/grafana/loki/v3/pkg/storage/stores/shipper/indexshipper/storage"
	"github.com/grafana/loki/v3/pkg/util/build"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "loki-index:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) == 0 {
		return errors.New("one of version, build, dump, bench, chunks, bench-chunks is wanted")
	}
	switch command, rest := arguments[0], arguments[1:]; command {
	case "version":
		fmt.Println("loki-index", build.Version)
		return nil
	case "build":
		return buildAll(os.Stdin, os.Stdout)
	case "dump":
		return dumpAll(rest, os.Stdout)
	case "chunks":
		return writeChunks(os.Stdin, os.Stdout)
	case "bench", "bench-chunks":
		flags := flag.NewFlagSet(command, flag.ContinueOnError)
		runs := flags.Int("runs", 5, "how often each is timed, after one that is not")
		if err := flags.Parse(rest); err != nil {
			return err
		}
		if command == "bench" {
			return bench(flags.Arg(0), *runs, os.Stdout)
		}
		return benchChunks(flags.Arg(0), *runs, os.Stdout)
	default:
		return fmt.Errorf("no command is called %q", command)
	}
}

// content is what a blob holds, unpacked as Loki's index shipper unpacks what it downloads.
func content(path string) ([]byte, error) {
	blob, err := os.ReadFile(path)
	if err != nil || !storage.IsCompressedFile(path) {
		return blob, err
	}
	return unpack(blob)
}

func unpack(blob []byte) ([]byte, error) {
	reader, err := gzip.NewReader(bytes.NewReader(blob))
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	var unpacked bytes.Buffer
	_, err = io.Copy(&unpacked, reader)
	return unpacked.Bytes(), err
}
