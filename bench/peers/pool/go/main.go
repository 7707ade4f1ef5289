// Checkouts of puddle, the pool of pgx, on one thread: pool_peers SECONDS
//
//	pool_checkout  Acquire on a warm pool, and Release
//	pool_waiters   1,000 goroutines wait for 16 connections, each keeps its own for one turn of the scheduler
package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/puddle/v2"
)

const size = 16

func cpu() float64 {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		panic(err)
	}
	return float64(r.Utime.Sec+r.Stime.Sec) + float64(r.Utime.Usec+r.Stime.Usec)*1e-6
}

func report(name string, n int64, begin time.Time, before float64) {
	seconds, used := time.Since(begin).Seconds(), cpu()-before
	fmt.Printf("{\"peer\":\"puddle\",\"case\":%q,\"ops_s\":%.0f,\"client_cpu_us_op\":%.4f,\"ns_op\":%.1f}\n",
		name, float64(n)/seconds, used/float64(n)*1e6, seconds/float64(n)*1e9)
}

func main() {
	runtime.GOMAXPROCS(1)
	seconds := 1.0
	if len(os.Args) > 1 {
		if given, err := strconv.ParseFloat(os.Args[1], 64); err == nil {
			seconds = given
		}
	}
	duration := time.Duration(seconds * 1e9)
	ctx := context.Background()
	pool, err := puddle.NewPool(&puddle.Config[int]{
		Constructor: func(context.Context) (int, error) { return 1, nil },
		Destructor:  func(int) {},
		MaxSize:     size,
	})
	if err != nil {
		panic(err)
	}

	begin, before, n := time.Now(), cpu(), int64(0)
	for time.Since(begin) < duration {
		for i := 0; i < 1000; i++ {
			resource, err := pool.Acquire(ctx)
			if err != nil {
				panic(err)
			}
			resource.Release()
			n++
		}
	}
	report("pool_checkout", n, begin, before)

	var done int64 // one thread: no two goroutines run at once
	for i := 0; i < 1000; i++ {
		go func() {
			for {
				resource, err := pool.Acquire(ctx)
				if err != nil {
					panic(err)
				}
				runtime.Gosched()
				done++
				resource.Release()
			}
		}()
	}
	for done < 10_000 {
		runtime.Gosched()
	}
	start := done
	begin, before = time.Now(), cpu()
	for time.Since(begin) < duration {
		runtime.Gosched()
	}
	report("pool_waiters", done-start, begin, before)
}
