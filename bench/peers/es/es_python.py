"""elasticsearch-py and opensearch-py against peers/net/null_server (or a real node: give its port).

    es_python.py es-async|es-sync|os-async CASE SECONDS PORT

CASE: single, bulk100, bulk_stream (helpers.streaming_bulk of 1,000), search (one after the other), search64 (64 tasks),
complex (three filters, a range and an order), rejected (100,000 documents, of which the null server refuses one in ten;
the helper's own retries), killed (the same to three nodes, PORT,PORT,PORT, of which one dies), real (100,000 documents in, out again by the client's scan helper).
"""
import asyncio
import json
import resource
import sys
import time

peer, case, seconds, port = sys.argv[1], sys.argv[2], float(sys.argv[3]), sys.argv[4]
URLS = ["http://127.0.0.1:" + one for one in port.split(",")]
URL = URLS[0]
INDEX = "b" if case != "real" else "bench-python-" + peer
DOCUMENT = dict(name="name-1", value=1, score=0.5, tags=["a", "b", "c"], text="x" * 64)
SIMPLE = dict(query=dict(bool=dict(filter=[dict(term=dict(name="name-1")), dict(range=dict(value=dict(gte=1, lt=10)))])),
              size=10)
COMPLEX = dict(query=dict(bool=dict(filter=[dict(term=dict(name="name-1")), dict(term=dict(tags="a")),
                                            dict(term=dict(score=0.5)), dict(range=dict(value=dict(gte=1, lt=10)))])),
               sort=[dict(value="desc")], size=10)


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


class Watch:
    def __init__(self):
        self.wall, self.cpu = time.perf_counter(), cpu()

    def seconds(self):
        return time.perf_counter() - self.wall

    def report(self, name, n):
        print(json.dumps(dict(peer=peer, case="es_" + name, ops_s=round(n / self.seconds(), 1),
                              client_cpu_us_op=round((cpu() - self.cpu) / n * 1e6, 2))), flush=True)


def actions(count):
    for i in range(count):
        yield dict(_op_type="index", _index=INDEX, _id=str(i), _source=DOCUMENT)


def stored():
    import urllib.request
    with urllib.request.urlopen(URL + "/_stored") as answer:
        return json.load(answer)


def search_arguments(body):
    return dict(index=INDEX, **body) if peer.startswith("es") else dict(index=INDEX, body=body)


def sync():
    from elasticsearch import Elasticsearch, helpers
    client = Elasticsearch(URLS, request_timeout=60)
    if case != "real":
        client.index(index=INDEX, id="1", document=DOCUMENT)
    if case in ("rejected", "killed"):
        stored()
        watch = Watch()
        failed = sum(not good for good, _ in helpers.streaming_bulk(
            client, actions(100000), chunk_size=1000, max_retries=3, initial_backoff=0.05, raise_on_error=False))
        took, used, found = watch.seconds(), cpu() - watch.cpu, stored()
        print(json.dumps(dict(peer=peer, case="es_" + case, ops_s=round(1e5 / took, 1), client_cpu_us_op=round(used * 10, 2),
                              failed=failed, lost=100000 - found["ids"], twice=found["items"] - found["ids"])), flush=True)
        return
    watch, n = Watch(), 0
    if case == "real":
        helpers.bulk(client, actions(100000), refresh=True)
        watch.report("real_bulk", 100000)
        watch = Watch()
        watch.report("real_stream", sum(1 for _ in helpers.scan(client, index=INDEX, size=1000)))
        client.indices.delete(index=INDEX)
        return
    while watch.seconds() < seconds:
        if case == "single":
            client.index(index=INDEX, id="1", document=DOCUMENT)
            n += 1
        elif case == "bulk100":
            helpers.bulk(client, actions(100))
            n += 1
        elif case == "bulk_stream":
            n += sum(1 for _ in helpers.streaming_bulk(client, actions(20000), chunk_size=1000))
        else:
            client.search(**search_arguments(COMPLEX if case == "complex" else SIMPLE))
            n += 1
    watch.report(case, n)


async def asynchronous():
    if peer == "es-async":
        from elasticsearch import AsyncElasticsearch as Client, helpers
        client = Client(URL, request_timeout=60)
        index = lambda: client.index(index=INDEX, id="1", document=DOCUMENT)
    else:
        from opensearchpy import AsyncOpenSearch as Client, helpers
        client = Client(URL, timeout=60)
        index = lambda: client.index(index=INDEX, id="1", body=DOCUMENT)
    search = lambda: client.search(**search_arguments(COMPLEX if case == "complex" else SIMPLE))
    if case != "real":
        await index()
    watch, n = Watch(), 0
    if case == "real":
        await helpers.async_bulk(client, actions(100000), refresh=True)
        watch.report("real_bulk", 100000)
        watch = Watch()
        async for _ in helpers.async_scan(client, index=INDEX, size=1000):
            n += 1
        watch.report("real_stream", n)
        await client.indices.delete(index=INDEX)
        await client.close()
        return
    if case == "search64":
        async def task():
            done = 0
            while watch.seconds() < seconds:
                await search()
                done += 1
            return done
        n = sum(await asyncio.gather(*(task() for _ in range(64))))
    else:
        while watch.seconds() < seconds:
            if case == "single":
                await index()
                n += 1
            elif case == "bulk100":
                await helpers.async_bulk(client, actions(100))
                n += 1
            elif case == "bulk_stream":
                async for _ in helpers.async_streaming_bulk(client, actions(20000), chunk_size=1000):
                    n += 1
            else:
                await search()
                n += 1
    watch.report(case, n)
    await client.close()


sync() if peer == "es-sync" else asyncio.run(asynchronous())
