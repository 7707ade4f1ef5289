//! Checkouts of deadpool and bb8, on a runtime with one thread: pool_peers deadpool|bb8 SECONDS
//!   pool_checkout  get().await on a warm pool, and drop
//!   pool_waiters   1,000 tasks wait for 16 connections, each keeps its own for one turn of the runtime
use std::cell::Cell;
use std::future::Future;
use std::rc::Rc;
use std::time::{Duration, Instant};

const SIZE: usize = 16;

fn cpu() -> f64 {
    let mut r: libc::rusage = unsafe { std::mem::zeroed() };
    unsafe { libc::getrusage(libc::RUSAGE_SELF, &mut r) };
    (r.ru_utime.tv_sec + r.ru_stime.tv_sec) as f64 + (r.ru_utime.tv_usec + r.ru_stime.tv_usec) as f64 * 1e-6
}

fn report(peer: &str, case: &str, n: u64, begin: Instant, cpu_before: f64) {
    let (seconds, used) = (begin.elapsed().as_secs_f64(), cpu() - cpu_before);
    println!(
        "{{\"peer\":\"{peer}\",\"case\":\"{case}\",\"ops_s\":{:.0},\"client_cpu_us_op\":{:.4},\"ns_op\":{:.1}}}",
        n as f64 / seconds,
        used / n as f64 * 1e6,
        seconds / n as f64 * 1e9
    );
}

struct Connection;
struct Connections;
#[derive(Debug)]
struct Never;
impl std::fmt::Display for Never {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("never")
    }
}
impl std::error::Error for Never {}

impl deadpool::managed::Manager for Connections {
    type Type = Connection;
    type Error = Never;
    async fn create(&self) -> Result<Connection, Never> {
        Ok(Connection)
    }
    async fn recycle(&self, _: &mut Connection, _: &deadpool::managed::Metrics) -> deadpool::managed::RecycleResult<Never> {
        Ok(())
    }
}

impl bb8::ManageConnection for Connections {
    type Connection = Connection;
    type Error = Never;
    async fn connect(&self) -> Result<Connection, Never> {
        Ok(Connection)
    }
    async fn is_valid(&self, _: &mut Connection) -> Result<(), Never> {
        Ok(())
    }
    fn has_broken(&self, _: &mut Connection) -> bool {
        false
    }
}

/// Both pools, as far as this program uses them: a checkout, kept over one turn of the runtime or not.
async fn measure<P, F, Lease>(peer: &'static str, pool: P, seconds: f64, get: fn(P) -> F)
where
    P: Clone + 'static,
    F: Future<Output = Lease> + 'static,
    Lease: 'static,
{
    let time = Duration::from_secs_f64(seconds);
    let (begin, before, mut n) = (Instant::now(), cpu(), 0);
    while begin.elapsed() < time {
        for _ in 0..1000 {
            std::hint::black_box(&get(pool.clone()).await);
            n += 1;
        }
    }
    report(peer, "pool_checkout", n, begin, before);

    let done = Rc::new(Cell::new(0u64));
    for _ in 0..1000 {
        let (pool, done) = (pool.clone(), done.clone());
        tokio::task::spawn_local(async move {
            loop {
                let lease = get(pool.clone()).await;
                tokio::task::yield_now().await;
                done.set(done.get() + 1);
                drop(lease);
            }
        });
    }
    while done.get() < 10_000 {
        tokio::task::yield_now().await;
    }
    let (start, begin, before) = (done.get(), Instant::now(), cpu());
    while begin.elapsed() < time {
        tokio::task::yield_now().await;
    }
    report(peer, "pool_waiters", done.get() - start, begin, before);
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let peer = arguments.next().unwrap_or_default();
    let seconds = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(1.0);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async move {
        match peer.as_str() {
            "deadpool" => {
                let pool = deadpool::managed::Pool::builder(Connections).max_size(SIZE).build().unwrap();
                measure("deadpool", pool, seconds, |pool: deadpool::managed::Pool<Connections>| async move { pool.get().await.unwrap() }).await
            }
            "bb8" => {
                let pool = bb8::Pool::builder().max_size(SIZE as u32).connection_timeout(Duration::from_secs(60)).build(Connections).await.unwrap();
                measure("bb8", pool, seconds, |pool: bb8::Pool<Connections>| async move { pool.get_owned().await.unwrap() }).await
            }
            _ => panic!("usage: pool_peers deadpool|bb8 SECONDS"),
        }
    });
}
