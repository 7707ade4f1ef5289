// pgx on the tables of setup.sql.
// usage: pg_peers_go CASE SECONDS [RATE]     connection from PG* environment variables
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"sort"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"
)

func cpu() float64 {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return float64(r.Utime.Sec+r.Stime.Sec) + float64(r.Utime.Usec+r.Stime.Usec)*1e-6
}

func report(c string, n int64, t0 time.Time, c0 float64, more string) {
	el, cp := time.Since(t0).Seconds(), cpu()-c0
	fmt.Printf("{\"peer\":\"pgx\",\"case\":%q,\"ops_s\":%.0f,\"client_cpu_us_op\":%.3f%s}\n", c, float64(n)/el, cp/float64(n)*1e6, more)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

const sel = "SELECT id, name, score, ts FROM bench_narrow WHERE id = $1"

type row struct {
	id    int32
	name  string
	score float64
	ts    time.Time
}

func pool(size int32, change func(*pgxpool.Config)) *pgxpool.Pool {
	cfg, err := pgxpool.ParseConfig("")
	must(err)
	cfg.MaxConns, cfg.MinConns = size, size
	if change != nil {
		change(cfg)
	}
	p, err := pgxpool.NewWithConfig(context.Background(), cfg)
	must(err)
	return p
}

// Arrivals at a fixed rate, by a thread that sleeps exactly; a request's time begins when it should have begun.
func openLoop(ctx context.Context, seconds, rate float64) {
	p := pool(16, nil)
	times := make([]float64, int(seconds*rate))
	var wg sync.WaitGroup
	begin, c0 := time.Now(), cpu()
	for i := range times {
		due := begin.Add(time.Duration(float64(i) / rate * 1e9))
		if wait := time.Until(due); wait > 0 {
			t := syscall.NsecToTimespec(wait.Nanoseconds())
			_ = syscall.Nanosleep(&t, nil)
		}
		wg.Add(1)
		go func() {
			defer wg.Done()
			var r row
			must(p.QueryRow(ctx, sel, rand.Int31n(100000)+1).Scan(&r.id, &r.name, &r.score, &r.ts))
			times[i] = float64(time.Since(due).Nanoseconds()) / 1e3
		}()
	}
	wg.Wait()
	el := float64(len(times))
	sort.Float64s(times)
	q := func(share float64) float64 { return times[int(el*share)] }
	report("open_loop", int64(el), begin, c0, fmt.Sprintf(",\"p50_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f", q(.5), q(.99), q(.999)))
}

// 1,000 queries of 50 ms with deadlines of 5 ms over a pool of 8; before and after it reads at full speed.
func storm(ctx context.Context, cancelRequests bool) {
	p := pool(8, func(cfg *pgxpool.Config) {
		cfg.ConnConfig.RuntimeParams["application_name"] = "bench_storm"
		if cancelRequests {
			cfg.ConnConfig.BuildContextWatcherHandler = func(c *pgconn.PgConn) ctxwatch.Handler {
				return &pgconn.CancelRequestContextWatcherHandler{Conn: c, CancelRequestDelay: 0, DeadlineDelay: time.Second}
			}
		}
	})
	watcher, err := pgx.Connect(ctx, "")
	must(err)
	var stray, done atomic.Int64
	reads := func() float64 {
		var n atomic.Int64
		var wg sync.WaitGroup
		t0 := time.Now()
		for i := 0; i < 8; i++ {
			wg.Add(1)
			go func() {
				defer wg.Done()
				var r row
				for time.Since(t0) < 700*time.Millisecond {
					err := p.QueryRow(ctx, sel, rand.Int31n(100000)+1).Scan(&r.id, &r.name, &r.score, &r.ts)
					var e *pgconn.PgError
					if errors.As(err, &e) && e.Code == "57014" {
						stray.Add(1)
					} else if err != nil {
						must(err)
					}
					n.Add(1)
				}
			}()
		}
		wg.Wait()
		return float64(n.Load()) / time.Since(t0).Seconds()
	}
	reads()
	before := reads()
	stop, stopped := make(chan bool), make(chan int64)
	go func() {
		most := int64(0)
		for {
			select {
			case <-stop:
				stopped <- most
				return
			case <-time.After(5 * time.Millisecond):
				var n int64
				must(watcher.QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'bench_storm'").Scan(&n))
				most = max(most, n)
			}
		}
	}()
	t0, c0 := time.Now(), cpu()
	var wg sync.WaitGroup
	for i := 0; i < 64; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for done.Add(1) <= 1000 {
				limited, cancel := context.WithTimeout(ctx, 5*time.Millisecond)
				_, _ = p.Exec(limited, "SELECT pg_sleep(0.05)")
				cancel()
			}
		}()
	}
	wg.Wait()
	el, cp := time.Since(t0), cpu()-c0
	after := reads()
	close(stop)
	most := <-stopped
	fmt.Printf("{\"peer\":\"pgx\",\"case\":\"cancel_storm\",\"ops_s\":%.0f,\"client_cpu_us_op\":%.3f,\"most_backends\":%d,\"stray_57014\":%d,\"after_to_before\":%.3f}\n",
		1000/el.Seconds(), cp/1000*1e6, most, stray.Load(), after/before)
}

func main() {
	c, ctx := os.Args[1], context.Background()
	secs, _ := strconv.ParseFloat(os.Args[2], 64)
	dur := time.Duration(secs * 1e9)
	one := func() *pgx.Conn { k, err := pgx.Connect(ctx, ""); must(err); return k }
	var r row
	switch c {
	case "seq":
		k := one()
		t0, c0, n := time.Now(), cpu(), int64(0)
		for time.Since(t0) < dur {
			must(k.QueryRow(ctx, sel, rand.Int31n(100000)+1).Scan(&r.id, &r.name, &r.score, &r.ts))
			n++
		}
		report("select_seq", n, t0, c0, "")
	case "seq_documents":
		k := one()
		t0, c0, n := time.Now(), cpu(), int64(0)
		for time.Since(t0) < dur {
			var id string
			var fields, metadata []byte
			var version int64
			must(k.QueryRow(ctx, "SELECT id, fields, metadata, version FROM bench_documents WHERE id = $1", fmt.Sprintf("%032x", rand.Int31n(100000))).Scan(&id, &fields, &metadata, &version))
			var f, m map[string]any
			must(json.Unmarshal(fields, &f))
			must(json.Unmarshal(metadata, &m))
			n++
		}
		report("read_documents", n, t0, c0, "")
	case "batch":
		k := one()
		t0, c0, n := time.Now(), cpu(), int64(0)
		for time.Since(t0) < dur {
			b := &pgx.Batch{}
			for i := 0; i < 64; i++ {
				b.Queue(sel, rand.Int31n(100000)+1)
			}
			br := k.SendBatch(ctx, b)
			for i := 0; i < 64; i++ {
				must(br.QueryRow().Scan(&r.id, &r.name, &r.score, &r.ts))
				n++
			}
			must(br.Close())
		}
		report("select_pipe64_sync_batch", n, t0, c0, "")
	case "pool64":
		p := pool(16, nil)
		var n atomic.Int64
		var wg sync.WaitGroup
		t0, c0 := time.Now(), cpu()
		for i := 0; i < 64; i++ {
			wg.Add(1)
			go func() {
				defer wg.Done()
				var r row
				for time.Since(t0) < dur {
					must(p.QueryRow(ctx, sel, rand.Int31n(100000)+1).Scan(&r.id, &r.name, &r.score, &r.ts))
					n.Add(1)
				}
			}()
		}
		wg.Wait()
		report("select_16conns_64tasks", n.Load(), t0, c0, "")
	case "copyin":
		k := one()
		_, err := k.Exec(ctx, "TRUNCATE bench_sink")
		must(err)
		base := time.Unix(1700000000, 0)
		t0, c0 := time.Now(), cpu()
		i := 0
		_, err = k.CopyFrom(ctx, pgx.Identifier{"bench_sink"}, []string{"id", "name", "score", "ts"}, pgx.CopyFromFunc(func() ([]any, error) {
			if i == 100000 {
				return nil, nil
			}
			i++
			return []any{int32(i), fmt.Sprintf("name-%011d", i), float64(i) * .5, base.Add(time.Duration(i) * time.Second)}, nil
		}))
		must(err)
		report("copy_in", 100000, t0, c0, "")
	case "stream":
		k := one()
		t0, c0, n := time.Now(), cpu(), int64(0)
		for time.Since(t0) < dur {
			rs, err := k.Query(ctx, "SELECT id, name, score, ts FROM bench_narrow")
			must(err)
			for rs.Next() {
				must(rs.Scan(&r.id, &r.name, &r.score, &r.ts))
				n++
			}
			must(rs.Err())
		}
		report("stream_100k", n, t0, c0, "")
	case "rate":
		rate, _ := strconv.ParseFloat(os.Args[3], 64)
		openLoop(ctx, secs, rate)
	case "storm":
		storm(ctx, false)
	case "storm_cancel":
		storm(ctx, true)
	default:
		panic("no such case")
	}
}
