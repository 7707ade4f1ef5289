//! object_store's S3, on a runtime with one thread, against a server that does nothing else (peers/net/null_server.cpp):
//!   s3_peers get|put PORT TASKS SECONDS      objects of 1 KiB, signed
//!   s3_peers puts PORT                       100 PUTs of 1 KiB, from the first connect on
//!   s3_peers stream PORT TASKS               one listing of 1,000 keys, then a GET of each
//!   s3_peers list PORT SECONDS               10 pages of 1,000 keys
//!   s3_peers download|upload PORT MEBIBYTES  in parts of 8 MiB, 16 in flight
//!   s3_peers faults PORT                     10,000 GETs, 64 tasks
//! With BENCH_S3_BUCKET, BENCH_S3_KEY and BENCH_S3_SECRET get, put, upload and download go to a real store.
use futures_util::{future::join_all, stream, stream::StreamExt, TryStreamExt};
use object_store::{aws::AmazonS3, aws::AmazonS3Builder, path::Path, ClientOptions, ObjectStore, WriteMultipart};
use std::cell::Cell;
use std::time::{Duration, Instant};

fn cpu() -> f64 {
    let mut r: libc::rusage = unsafe { std::mem::zeroed() };
    unsafe { libc::getrusage(libc::RUSAGE_SELF, &mut r) };
    (r.ru_utime.tv_sec + r.ru_stime.tv_sec) as f64 + (r.ru_utime.tv_usec + r.ru_stime.tv_usec) as f64 * 1e-6
}

struct Watch(Instant, f64);
impl Watch {
    fn new() -> Self {
        Watch(Instant::now(), cpu())
    }
    fn report(&self, case: &str, n: f64, bytes: u64, more: &str) {
        let (seconds, used) = (self.0.elapsed().as_secs_f64(), cpu() - self.1);
        println!(
            "{{\"peer\":\"object_store\",\"case\":\"s3_{case}\",\"ops_s\":{:.0},\"client_cpu_us_op\":{:.4},\"total_ms\":{:.1},\"MB_s\":{:.0},\"cpu_s_GB\":{:.3}{more}}}",
            n / seconds, used / n * 1e6, seconds * 1e3, bytes as f64 / seconds / 1e6, if bytes > 0 { used / (bytes as f64 / 1e9) } else { 0.0 }
        );
    }
}

fn setting(name: &str, otherwise: &str) -> String {
    std::env::var(name).unwrap_or(otherwise.into())
}

fn store(port: &str) -> AmazonS3 {
    AmazonS3Builder::new()
        .with_endpoint(format!("http://127.0.0.1:{port}"))
        .with_allow_http(true)
        .with_bucket_name(setting("BENCH_S3_BUCKET", "b"))
        .with_region("us-east-1")
        .with_access_key_id(setting("BENCH_S3_KEY", "key"))
        .with_secret_access_key(setting("BENCH_S3_SECRET", "secret"))
        .with_client_options(ClientOptions::new().with_allow_http(true))
        .build()
        .unwrap()
}

async fn timed(s: &AmazonS3, get: bool, tasks: usize, seconds: f64) -> u64 {
    let body = vec![b'x'; 1024];
    let stop = Instant::now() + Duration::from_secs_f64(seconds);
    let counts = join_all((0..tasks).map(|i| {
        let body = body.clone();
        async move {
            let (mut n, path) = (0u64, Path::from(format!("k{i}")));
            while Instant::now() < stop {
                if get {
                    s.get(&path).await.unwrap().bytes().await.unwrap();
                } else {
                    s.put(&path, body.clone().into()).await.unwrap();
                }
                n += 1;
            }
            n
        }
    }))
    .await;
    counts.iter().sum()
}

async fn run(a: Vec<String>) {
    let (mode, s) = (a[1].as_str(), store(&a[2]));
    let number = |i: usize| a[i].parse::<f64>().unwrap();
    if std::env::var("BENCH_S3_BUCKET").is_ok() {
        if mode == "get" {
            for i in 0..number(3) as usize {
                s.put(&Path::from(format!("k{i}")), vec![b'x'; 1024].into()).await.unwrap();
            }
        }
        if mode == "download" {
            let upload = s.put_multipart(&Path::from("large")).await.unwrap();
            let mut writer = WriteMultipart::new_with_chunk_size(upload, 8 << 20);
            writer.write(&vec![b'x'; (number(3) as usize) << 20]);
            writer.finish().await.unwrap();
        }
    }
    match mode {
        "get" | "put" => {
            timed(&s, mode == "get", number(3) as usize, 0.3).await;
            let w = Watch::new();
            let n = timed(&s, mode == "get", number(3) as usize, number(4)).await;
            w.report(mode, n as f64, 0, "");
        }
        "puts" => {
            let body = vec![b'x'; 1024];
            let w = Watch::new();
            join_all((0..100).map(|i| {
                let (s, body) = (&s, body.clone());
                async move { s.put(&Path::from(format!("k{i}")), body.into()).await.unwrap() }
            }))
            .await;
            w.report(mode, 100.0, 0, "");
        }
        "stream" => {
            let w = Watch::new();
            // One page and no more: the other pages of the listing are not asked for.
            let keys: Vec<_> = s.list(None).take(1000).map(|x| x.unwrap().location).collect().await;
            let n = Cell::new(0u64);
            stream::iter(keys)
                .for_each_concurrent(number(3) as usize, |key| {
                    let (s, n) = (&s, &n);
                    async move {
                        s.get(&key).await.unwrap().bytes().await.unwrap();
                        n.set(n.get() + 1);
                    }
                })
                .await;
            w.report(mode, n.get() as f64, 0, "");
        }
        "list" => {
            let w = Watch::new();
            let mut n = 0u64;
            while w.0.elapsed().as_secs_f64() < number(3) {
                n += s.list(None).try_fold(0u64, |a, _| async move { Ok(a + 1) }).await.unwrap();
            }
            w.report(mode, n as f64 / 10000.0, 0, "");
        }
        "download" => {
            let size = (number(3) as u64) << 20;
            let parts: Vec<_> = (0..size.div_ceil(8 << 20)).map(|i| (i * (8 << 20))..((i + 1) * (8 << 20)).min(size)).collect();
            let w = Watch::new();
            let got = stream::iter(parts)
                .map(|r| {
                    let s = &s;
                    async move { s.get_range(&Path::from("large"), r).await.unwrap().len() as u64 }
                })
                .buffered(16)
                .fold(0, |a, b| async move { a + b })
                .await;
            w.report(mode, got as f64, got, "");
        }
        "upload" => {
            let size = (number(3) as usize) << 20;
            let body = vec![b'x'; size];
            let w = Watch::new();
            let upload = s.put_multipart(&Path::from("large")).await.unwrap();
            let mut writer = WriteMultipart::new_with_chunk_size(upload, 8 << 20);
            for piece in body.chunks(8 << 20) {
                writer.wait_for_capacity(16).await.unwrap();
                writer.write(piece);
            }
            writer.finish().await.unwrap();
            w.report(mode, size as f64, size as u64, "");
        }
        "faults" => {
            let w = Watch::new();
            let (next, failed) = (Cell::new(0u64), Cell::new(0u64));
            join_all((0..64).map(|_| {
                let (s, next, failed) = (&s, &next, &failed);
                async move {
                    while next.get() < 10000 {
                        let i = next.get();
                        next.set(i + 1);
                        let path = Path::from(format!("k{i}"));
                        let done = match s.get(&path).await {
                            Ok(x) => x.bytes().await.map(|b| b.len() == 1024).unwrap_or(false),
                            Err(_) => false,
                        };
                        failed.set(failed.get() + !done as u64);
                    }
                }
            }))
            .await;
            w.report(mode, 10000.0, 0, &format!(",\"failed\":{}", failed.get()));
        }
        _ => panic!("no such case"),
    }
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(run(std::env::args().collect()));
}
