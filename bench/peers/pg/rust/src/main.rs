//! tokio-postgres on the tables of setup.sql, on one thread.
//! usage: pg_peers CASE SECONDS [RATE]     connection from PG* environment variables
use futures_util::{future::join_all, pin_mut, TryStreamExt};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tokio_postgres::{types::Type, Client, NoTls, Statement};

fn cpu() -> f64 {
    let mut r: libc::rusage = unsafe { std::mem::zeroed() };
    unsafe { libc::getrusage(libc::RUSAGE_SELF, &mut r) };
    (r.ru_utime.tv_sec + r.ru_stime.tv_sec) as f64 + (r.ru_utime.tv_usec + r.ru_stime.tv_usec) as f64 * 1e-6
}
fn report(case: &str, n: u64, el: f64, cp: f64) {
    println!("{{\"peer\":\"tokio-postgres\",\"case\":\"{case}\",\"ops_s\":{:.0},\"client_cpu_us_op\":{:.3}}}", n as f64 / el, cp / n as f64 * 1e6);
}
fn pick() -> i32 {
    static R: AtomicU32 = AtomicU32::new(12345);
    let v = R.load(Ordering::Relaxed).wrapping_mul(1664525).wrapping_add(1013904223);
    R.store(v, Ordering::Relaxed);
    (v >> 8) as i32 % 100000 + 1
}
async fn client() -> Client {
    let e = |k: &str| std::env::var(k).unwrap_or_default();
    let mut c = tokio_postgres::Config::new();
    c.host(&e("PGHOST")).port(e("PGPORT").parse().unwrap()).user(&e("PGUSER")).dbname(&e("PGDATABASE"));
    let (cl, co) = c.connect(NoTls).await.unwrap();
    tokio::spawn(co);
    cl
}
async fn sixteen() -> Vec<(Client, Statement)> {
    let mut all = Vec::new();
    for _ in 0..16 {
        let c = client().await;
        let s = c.prepare(SEL).await.unwrap();
        all.push((c, s));
    }
    all
}
async fn read_one(c: &Client, s: &Statement) {
    let r = c.query_one(s, &[&pick()]).await.unwrap();
    let (id, name, score): (i32, &str, f64) = (r.get(0), r.get(1), r.get(2));
    let ts: std::time::SystemTime = r.get(3);
    std::hint::black_box((id, name.len(), score, ts));
}
const SEL: &str = "SELECT id, name, score, ts FROM bench_narrow WHERE id = $1";

/// Arrivals at a fixed rate, by a thread that sleeps exactly (the runtime's timers count milliseconds); a request's time begins when it
/// should have begun.
async fn open_loop(secs: f64, rate: f64) {
    let connections = sixteen().await;
    let (send, mut arrivals) = tokio::sync::mpsc::unbounded_channel::<Instant>();
    std::thread::spawn(move || {
        let begin = Instant::now();
        for i in 0..(secs * rate) as u64 {
            let due = begin + Duration::from_secs_f64(i as f64 / rate);
            if let Some(wait) = due.checked_duration_since(Instant::now()) { std::thread::sleep(wait); }
            if send.send(due).is_err() { return; }
        }
    });
    let (t0, c0) = (Instant::now(), cpu());
    let tasks = tokio::task::LocalSet::new();
    let times = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
    let connections = std::rc::Rc::new(connections);
    let all = times.clone();
    tasks.run_until(async move {
        let mut running = Vec::new();
        let mut i = 0;
        while let Some(due) = arrivals.recv().await {
            let (all, connections) = (all.clone(), connections.clone());
            i += 1;
            running.push(tokio::task::spawn_local(async move {
                let (c, s) = &connections[i % 16];
                read_one(c, s).await;
                all.borrow_mut().push(due.elapsed().as_secs_f64() * 1e6);
            }));
        }
        for task in running { task.await.unwrap(); }
    }).await;
    let (el, cp) = (t0.elapsed().as_secs_f64(), cpu() - c0);
    let mut v = times.borrow().clone();
    v.sort_by(f64::total_cmp);
    let q = |p: f64| v[((v.len() as f64 * p) as usize).min(v.len() - 1)];
    println!("{{\"peer\":\"tokio-postgres\",\"case\":\"open_loop\",\"ops_s\":{:.0},\"client_cpu_us_op\":{:.3},\"p50_us\":{:.1},\"p99_us\":{:.1},\"p999_us\":{:.1}}}",
        v.len() as f64 / el, cp / v.len() as f64 * 1e6, q(0.5), q(0.99), q(0.999));
}

async fn run(case: String, secs: f64, rate: f64) {
    match case.as_str() {
        "seq" => {
            let c = client().await;
            let s = c.prepare(SEL).await.unwrap();
            let (t0, c0, mut n) = (Instant::now(), cpu(), 0);
            while t0.elapsed().as_secs_f64() < secs { read_one(&c, &s).await; n += 1; }
            report("select_seq", n, t0.elapsed().as_secs_f64(), cpu() - c0);
        }
        "pipe" | "pool64" => {
            // Tasks that share a connection are pipelined by the driver, with a Sync each.
            let cs = if case == "pipe" { let c = client().await; let s = c.prepare(SEL).await.unwrap(); vec![(c, s)] } else { sixteen().await };
            let (t0, c0) = (Instant::now(), cpu());
            let v = join_all((0..64).map(|i| { let (c, s) = &cs[i % cs.len()]; async move { let mut n = 0u64; while t0.elapsed().as_secs_f64() < secs { read_one(c, s).await; n += 1; } n } })).await;
            report(&format!("select_{}conns_64tasks", cs.len()), v.iter().sum(), t0.elapsed().as_secs_f64(), cpu() - c0);
        }
        "rate" => open_loop(secs, rate).await,
        "insert_documents" => {
            let c = client().await;
            c.batch_execute("TRUNCATE bench_made").await.unwrap();
            let s = c.prepare_typed("INSERT INTO bench_made(id, fields, metadata) VALUES($1, $2::text::jsonb, '{}')", &[Type::TEXT, Type::TEXT]).await.unwrap();
            let (t0, c0) = (Instant::now(), cpu());
            c.batch_execute("BEGIN").await.unwrap();
            join_all((0..10000).map(|i: u32| { let (c, s) = (&c, &s); async move {
                let id = format!("{i:032x}");
                let fields = format!("{{\"name\":\"name-{i}\",\"value\":{i},\"score\":{:.1},\"tags\":[\"a\",\"b\",\"c\"],\"text\":\"{:064}\",\"active\":{}}}", i as f64 * 0.5, 0, i % 2 == 0);
                c.execute(s, &[&id, &fields]).await.unwrap() } })).await;
            c.batch_execute("COMMIT").await.unwrap();
            report("insert_documents", 10000, t0.elapsed().as_secs_f64(), cpu() - c0);
        }
        "copyin" => {
            let c = client().await;
            c.batch_execute("TRUNCATE bench_sink").await.unwrap();
            let (t0, c0) = (Instant::now(), cpu());
            let sink = c.copy_in("COPY bench_sink FROM STDIN (FORMAT binary)").await.unwrap();
            let w = tokio_postgres::binary_copy::BinaryCopyInWriter::new(sink, &[Type::INT4, Type::TEXT, Type::FLOAT8, Type::TIMESTAMPTZ]);
            pin_mut!(w);
            let base = std::time::UNIX_EPOCH + Duration::from_secs(1700000000);
            for i in 0..100000i32 { let nm = format!("name-{i:011}"); w.as_mut().write(&[&i, &nm, &(i as f64 * 0.5), &(base + Duration::from_secs(i as u64))]).await.unwrap(); }
            w.finish().await.unwrap();
            report("copy_in", 100000, t0.elapsed().as_secs_f64(), cpu() - c0);
        }
        "stream" => {
            let c = client().await;
            let (t0, c0, mut n) = (Instant::now(), cpu(), 0u64);
            while t0.elapsed().as_secs_f64() < secs {
                let it = c.query_raw("SELECT id, name, score, ts FROM bench_narrow", std::iter::empty::<i32>()).await.unwrap();
                pin_mut!(it);
                let mut sum = 0i64;
                while let Some(r) = it.try_next().await.unwrap() {
                    let (a, b, d): (i32, &str, f64) = (r.get(0), r.get(1), r.get(2));
                    let ts: std::time::SystemTime = r.get(3);
                    std::hint::black_box(ts);
                    sum += a as i64 + b.len() as i64 + d as i64;
                    n += 1;
                }
                std::hint::black_box(sum);
            }
            report("stream_100k", n, t0.elapsed().as_secs_f64(), cpu() - c0);
        }
        _ => panic!("no such case"),
    }
}
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    rt.block_on(run(a[1].clone(), a[2].parse().unwrap(), a.get(3).map_or(0.0, |r| r.parse().unwrap())));
}
