"""Python peers on PostgreSQL: asyncpg (with and without uvloop) and psycopg 3.  Needs setup.sql loaded.
usage: pg_python.py PEER CASE SECONDS     PEER: asyncpg | asyncpg-uvloop | psycopg ; connection from PG* variables.
One JSON line: ops/s, client CPU us/op (process CPU time, all threads), p50/p99 us for the sequential cases."""
import asyncio, datetime, json, os, random, resource, sys, time

SEL = "SELECT id, name, score, ts FROM bench_narrow WHERE id = $1"
ALL = "SELECT id, name, score, ts FROM bench_narrow"
DOC = "SELECT id, fields, metadata, version FROM bench_documents"
UTC = datetime.timezone.utc
BASE = datetime.datetime.fromtimestamp(1700000000, UTC)


def cpu():
    r = resource.getrusage(resource.RUSAGE_SELF)
    return r.ru_utime + r.ru_stime


def rows(n):
    return [(i, "name-%011d" % i, i * 0.5, BASE + datetime.timedelta(seconds=i)) for i in range(n)]


def documents(n):
    for i in range(n):
        yield "%032x" % i, json.dumps({"name": "name-%d" % i, "value": i, "score": i * 0.5, "tags": ["a", "b", "c"], "text": "0" * 64, "active": i % 2 == 0}), "{}"


def report(peer, case, ops, el, cp, lat=()):
    lat = sorted(lat)
    q = lambda p: round(lat[min(len(lat) - 1, int(len(lat) * p))] * 1e6, 1) if lat else 0
    print(json.dumps(dict(peer=peer, case=case, ops_s=round(ops / el), client_cpu_us_op=round(cp / ops * 1e6, 3), p50_us=q(.5), p99_us=q(.99))))


async def timed_loop(fn, secs):
    lat, n = [], 0
    t0, c0 = time.perf_counter(), cpu()
    while (a := time.perf_counter()) - t0 < secs:
        n += await fn()
        lat.append(time.perf_counter() - a)
    return n, time.perf_counter() - t0, cpu() - c0, lat


async def tasks_loop(worker, k, secs):
    t0, c0 = time.perf_counter(), cpu()
    stop = t0 + secs
    ns = await asyncio.gather(*(worker(stop) for _ in range(k)))
    return sum(ns), time.perf_counter() - t0, cpu() - c0


async def run_asyncpg(peer, case, secs):
    import asyncpg
    rnd = random.Random(1)
    if case in ("pool64", "pool_checkout"):
        pool = await asyncpg.create_pool(min_size=16, max_size=16)
        if case == "pool_checkout":
            async def one():
                async with pool.acquire():
                    return 1
            n, el, cp, lat = await timed_loop(one, secs)
            report(peer, case, n, el, cp, lat)
        else:
            async def w(stop):
                n = 0
                while time.perf_counter() < stop:
                    await pool.fetchrow(SEL, rnd.randint(1, 100000)); n += 1
                return n
            report(peer, case, *await tasks_loop(w, 64, secs))
        await pool.close(); return
    if case == "connect":
        async def one():
            c = await asyncpg.connect(); await c.close(); return 1
        n, el, cp, lat = await timed_loop(one, secs); report(peer, case, n, el, cp, lat); return
    c = await asyncpg.connect()
    if case == "seq":
        async def one():
            await c.fetchrow(SEL, rnd.randint(1, 100000)); return 1
        n, el, cp, lat = await timed_loop(one, secs); report(peer, "select_seq", n, el, cp, lat)
    elif case == "seq_documents":
        async def one():
            r = await c.fetchrow(DOC + " WHERE id = $1", "%032x" % rnd.randint(0, 99999)); json.loads(r[1]); json.loads(r[2]); return 1
        n, el, cp, lat = await timed_loop(one, secs); report(peer, "read_documents", n, el, cp, lat)
    elif case == "insert_documents":
        await c.execute("TRUNCATE bench_made"); t0, c0 = time.perf_counter(), cpu()
        await c.executemany("INSERT INTO bench_made(id, fields, metadata) VALUES($1,$2,$3)", list(documents(10000)))
        report(peer, "insert_documents", 10000, time.perf_counter() - t0, cpu() - c0)
    elif case == "copy_documents":
        await c.execute("TRUNCATE bench_made"); t0, c0 = time.perf_counter(), cpu()
        await c.copy_records_to_table("bench_made", columns=["id", "fields", "metadata"], records=documents(100000))
        report(peer, "copy_documents", 100000, time.perf_counter() - t0, cpu() - c0)
    elif case == "cursor_documents":
        async def one():
            n = 0
            async with c.transaction():
                async for r in c.cursor(DOC, prefetch=1000): json.loads(r[1]); json.loads(r[2]); n += 1
            return n
        n, el, cp, _ = await timed_loop(one, secs); report(peer, "stream_documents", n, el, cp)
    elif case == "insert":
        data = rows(10000); await c.execute("TRUNCATE bench_sink"); t0, c0 = time.perf_counter(), cpu()
        await c.executemany("INSERT INTO bench_sink VALUES($1,$2,$3,$4)", data)
        report(peer, "insert_many", len(data), time.perf_counter() - t0, cpu() - c0)
    elif case == "copyin":
        data = rows(100000); await c.execute("TRUNCATE bench_sink"); t0, c0 = time.perf_counter(), cpu()
        await c.copy_records_to_table("bench_sink", records=data)
        report(peer, "copy_in", len(data), time.perf_counter() - t0, cpu() - c0)
    elif case == "fetchall":
        async def one(): return len(await c.fetch(ALL))
        n, el, cp, _ = await timed_loop(one, secs); report(peer, "fetch_all_100k", n, el, cp)
    elif case == "cursor":
        async def one():
            n = 0
            async with c.transaction():
                async for _ in c.cursor(ALL, prefetch=1000): n += 1
            return n
        n, el, cp, _ = await timed_loop(one, secs); report(peer, "stream_cursor_100k", n, el, cp)
    elif case == "copyout":
        async def one():
            n = 0
            async def out(b):
                nonlocal n; n += len(b)
            await c.copy_from_query(ALL, output=out, format="binary"); return 100000
        n, el, cp, _ = await timed_loop(one, secs); report(peer, "copy_out_100k", n, el, cp)
    else:
        raise SystemExit("no such case")
    await c.close()


async def run_psycopg(peer, case, secs):
    import psycopg
    from psycopg_pool import AsyncConnectionPool
    sel = SEL.replace("$1", "%s"); rnd = random.Random(1)
    if case in ("pool64", "pool_checkout"):
        async with AsyncConnectionPool("", min_size=16, max_size=16) as pool:
            await pool.wait()
            if case == "pool_checkout":
                async def one():
                    async with pool.connection():
                        return 1
                n, el, cp, lat = await timed_loop(one, secs); report(peer, case, n, el, cp, lat)
            else:
                async def w(stop):
                    n = 0
                    while time.perf_counter() < stop:
                        async with pool.connection() as c:
                            await (await c.execute(sel, (rnd.randint(1, 100000),), prepare=True, binary=True)).fetchone()
                        n += 1
                    return n
                report(peer, case, *await tasks_loop(w, 64, secs))
        return
    if case == "connect":
        async def one():
            c = await psycopg.AsyncConnection.connect(""); await c.close(); return 1
        n, el, cp, lat = await timed_loop(one, secs); report(peer, case, n, el, cp, lat); return
    c = await psycopg.AsyncConnection.connect("", autocommit=True)
    if case == "seq":
        async def one():
            await (await c.execute(sel, (rnd.randint(1, 100000),), prepare=True, binary=True)).fetchone(); return 1
        n, el, cp, lat = await timed_loop(one, secs); report(peer, "select_seq", n, el, cp, lat)
    elif case == "pipe":
        async def one():
            async with c.pipeline():
                cs = [await c.execute(sel, (rnd.randint(1, 100000),), prepare=True, binary=True) for _ in range(64)]
                for k in cs: await k.fetchone()
            return 64
        n, el, cp, _ = await timed_loop(one, secs); report(peer, "select_pipe64_sync_batch", n, el, cp)
    elif case == "insert":
        data = rows(10000); await c.execute("TRUNCATE bench_sink"); t0, c0 = time.perf_counter(), cpu()
        async with c.cursor() as k:
            await k.executemany("INSERT INTO bench_sink VALUES(%s,%s,%s,%s)", data)
        report(peer, "insert_many", len(data), time.perf_counter() - t0, cpu() - c0)
    elif case == "copyin":
        data = rows(100000); await c.execute("TRUNCATE bench_sink"); t0, c0 = time.perf_counter(), cpu()
        async with c.cursor() as k:
            async with k.copy("COPY bench_sink FROM STDIN (FORMAT BINARY)") as cp_:
                cp_.set_types(["int4", "text", "float8", "timestamptz"])
                for r in data: await cp_.write_row(r)
        report(peer, "copy_in", len(data), time.perf_counter() - t0, cpu() - c0)
    elif case == "fetchall":
        async def one():
            async with c.cursor(binary=True) as k:
                await k.execute(ALL); return len(await k.fetchall())
        n, el, cp, _ = await timed_loop(one, secs); report(peer, "fetch_all_100k", n, el, cp)
    elif case == "cursor":
        async def one():
            n = 0
            async with c.transaction():
                async with c.cursor("cur", binary=True) as k:
                    k.itersize = 1000; await k.execute(ALL)
                    async for _ in k: n += 1
            return n
        n, el, cp, _ = await timed_loop(one, secs); report(peer, "stream_cursor_100k", n, el, cp)
    else:
        raise SystemExit("no such case")
    await c.close()


peer, case, secs = sys.argv[1], sys.argv[2], float(sys.argv[3])
if peer == "asyncpg-uvloop":
    import uvloop
    uvloop.install()
asyncio.run((run_psycopg if peer == "psycopg" else run_asyncpg)(peer, case, secs))
