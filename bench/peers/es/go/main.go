// go-elasticsearch's BulkIndexer: es_peers bulk PORT SECONDS, es_peers rejected PORT (100,000 documents, of which the
// null server refuses one in ten), es_peers killed PORT,PORT,PORT (the same to three nodes, of which one dies; requests of
// 130 kB, about 1,000 documents), or es_peers real PORT (100,000 documents into a real node, into an index that is not
// there yet).
// Documents are text already; requests of 5 MB, two in flight.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/elastic/go-elasticsearch/v8"
	"github.com/elastic/go-elasticsearch/v8/esutil"
)

func cpu() float64 {
	var r syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return float64(r.Utime.Sec+r.Stime.Sec) + float64(r.Utime.Usec+r.Stime.Usec)*1e-6
}

func report(name string, n uint64, begin time.Time, before float64) {
	seconds, used := time.Since(begin).Seconds(), cpu()-before
	fmt.Printf("{\"peer\":\"go-elasticsearch\",\"case\":%q,\"ops_s\":%.0f,\"client_cpu_us_op\":%.4f}\n",
		name, float64(n)/seconds, used/float64(n)*1e6)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

type counts struct{ Items, Ids uint64 }

// What the null server counted since the last time.
func askStored(address string) (stored counts) {
	answer, err := http.Get(address + "/_stored")
	must(err)
	must(json.NewDecoder(answer.Body).Decode(&stored))
	must(answer.Body.Close())
	return
}

func main() {
	ctx := context.Background()
	var addresses []string
	for _, port := range strings.Split(os.Args[2], ",") {
		addresses = append(addresses, "http://127.0.0.1:"+port)
	}
	client, err := elasticsearch.NewClient(elasticsearch.Config{Addresses: addresses})
	must(err)
	faults, flush := os.Args[1] == "rejected" || os.Args[1] == "killed", 5000000
	if os.Args[1] == "killed" {
		flush = 130000
	}
	index, most, seconds := "b", ^uint64(0), 0.0
	if os.Args[1] == "real" || faults {
		most, seconds = 100000, 600
		if os.Args[1] == "real" {
			index = "bench-go"
		}
	} else {
		seconds, err = strconv.ParseFloat(os.Args[3], 64)
		must(err)
	}
	indexer, err := esutil.NewBulkIndexer(esutil.BulkIndexerConfig{Client: client, Index: index, NumWorkers: 2, FlushBytes: flush})
	must(err)
	document := `{"name":"name-1","value":1,"score":0.5,"tags":["a","b","c"],"text":"` + strings.Repeat("x", 64) + `"}`
	var failed atomic.Uint64
	if faults {
		askStored(addresses[0])
	}
	begin, before, n := time.Now(), cpu(), uint64(0)
	for n < most && (n%1000 != 0 || time.Since(begin).Seconds() < seconds) {
		must(indexer.Add(ctx, esutil.BulkIndexerItem{
			Action: "index", DocumentID: strconv.FormatUint(n, 10), Body: strings.NewReader(document),
			OnFailure: func(context.Context, esutil.BulkIndexerItem, esutil.BulkIndexerResponseItem, error) { failed.Add(1) },
		}))
		n++
	}
	must(indexer.Close(ctx))
	if faults {
		used, took := cpu()-before, time.Since(begin).Seconds()
		stored := askStored(addresses[0])
		fmt.Printf("{\"peer\":\"go-elasticsearch\",\"case\":\"es_%s\",\"ops_s\":%.0f,\"client_cpu_us_op\":%.4f,\"failed\":%d,\"lost\":%d,\"twice\":%d}\n",
			os.Args[1], float64(n)/took, used/float64(n)*1e6, failed.Load(), n-stored.Ids, stored.Items-stored.Ids)
		return
	}
	if failed.Load() > 0 {
		panic("failed items")
	}
	if os.Args[1] == "real" {
		report("es_real_bulk", n, begin, before)
		// Not by the client: on an OpenSearch it refuses all but bulk requests.
		removal, err := http.NewRequest(http.MethodDelete, "http://127.0.0.1:"+os.Args[2]+"/"+index, nil)
		must(err)
		answer, err := http.DefaultClient.Do(removal)
		must(err)
		must(answer.Body.Close())
	} else {
		report("es_bulk", n, begin, before)
	}
}
