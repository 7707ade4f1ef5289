/* The floor of the PostgreSQL cases: plain libpq, one thread, nothing in between.
 * usage: libpq_floor CASE SECONDS [N [W]]     connection from PG* environment variables, tables of setup.sql
 * Prints one JSON line: ops/s, client CPU us/op, p50/p99 us where the case has a latency. */
#include <libpq-fe.h>
#include <arpa/inet.h>
#include <endian.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

/* libpq >= 17 queues a Sync without a write; used when the loaded library has it */
extern int PQsendPipelineSync(PGconn *) __attribute__((weak));
static int sync1(PGconn *c) { return PQsendPipelineSync ? PQsendPipelineSync(c) : PQpipelineSync(c); }
static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec * 1e-9; }
static double cpu(void) { struct rusage r; getrusage(RUSAGE_SELF, &r);
  return r.ru_utime.tv_sec + r.ru_stime.tv_sec + (r.ru_utime.tv_usec + r.ru_stime.tv_usec) * 1e-6; }
static void die(PGconn *c, const char *w) { fprintf(stderr, "%s: %s\n", w, PQerrorMessage(c)); exit(1); }
static int cmpd(const void *a, const void *b) { double x = *(double *)a, y = *(double *)b; return x < y ? -1 : x > y; }
static double *lat; static size_t nlat, caplat;
static void addlat(double us) { if (nlat == caplat) { caplat = caplat ? caplat * 2 : 65536; lat = realloc(lat, caplat * sizeof *lat); } lat[nlat++] = us; }
static void report(const char *name, double ops, double el, double cp) {
  double p50 = 0, p99 = 0;
  if (nlat) { qsort(lat, nlat, sizeof *lat, cmpd); p50 = lat[nlat / 2]; p99 = lat[(size_t)(nlat * .99)]; }
  printf("{\"peer\":\"libpq-C%s\",\"case\":\"%s\",\"ops_s\":%.0f,\"client_cpu_us_op\":%.3f,\"p50_us\":%.1f,\"p99_us\":%.1f}\n",
         PQsendPipelineSync ? " (17+)" : "", name, ops / el, cp / ops * 1e6, p50, p99);
}
static const char *SEL = "SELECT id, name, score, ts FROM bench_narrow WHERE id = $1";
static const Oid T_INT[1] = {23};
static PGconn *open1(void) {
  PGconn *c = PQconnectdb(""); if (PQstatus(c) != CONNECTION_OK) die(c, "connect");
  PGresult *r = PQprepare(c, "s", SEL, 1, T_INT); if (PQresultStatus(r) != PGRES_COMMAND_OK) die(c, "prepare"); PQclear(r);
  return c;
}
static uint32_t rng = 12345;
static int32_t pick(void) { rng = rng * 1664525u + 1013904223u; return (int32_t)(rng >> 8) % 100000 + 1; }
static volatile uint64_t sinkv;
static void decode(PGresult *r) {
  for (int i = 0, n = PQntuples(r); i < n; i++) {
    uint32_t a; uint64_t b; memcpy(&a, PQgetvalue(r, i, 0), 4); memcpy(&b, PQgetvalue(r, i, 2), 8);
    sinkv += ntohl(a) + be64toh(b) + PQgetlength(r, i, 1);
  }
}
static void waitfd(PGconn *c, short ev) { struct pollfd p = {PQsocket(c), ev, 0}; poll(&p, 1, -1); }

static void c_seq(double secs) {
  PGconn *c = open1(); double t0 = now(), c0 = cpu(); long n = 0;
  while (now() - t0 < secs) {
    int32_t k = htonl(pick()); const char *v[1] = {(char *)&k}; int l[1] = {4}, f[1] = {1}; double a = now();
    PGresult *r = PQexecPrepared(c, "s", 1, v, l, f, 1);
    if (PQresultStatus(r) != PGRES_TUPLES_OK || PQntuples(r) != 1) die(c, "exec");
    decode(r); PQclear(r); addlat((now() - a) * 1e6); n++;
  }
  report("select_seq", n, now() - t0, cpu() - c0);
}
/* a document by its id, its JSON left as text */
static void c_seqdoc(double secs) {
  PGconn *c = open1(); PQclear(PQprepare(c, "d", "SELECT id, fields, metadata, version FROM bench_documents WHERE id = $1", 0, NULL));
  double t0 = now(), c0 = cpu(); long n = 0;
  while (now() - t0 < secs) {
    char k[40]; snprintf(k, sizeof k, "%032x", (unsigned)pick() - 1); const char *v[1] = {k}; int l[1] = {32}, f[1] = {1};
    PGresult *r = PQexecPrepared(c, "d", 1, v, l, f, 1);
    if (PQresultStatus(r) != PGRES_TUPLES_OK || PQntuples(r) != 1) die(c, "exec");
    sinkv += PQgetlength(r, 0, 1); PQclear(r); n++;
  }
  report("read_documents", n, now() - t0, cpu() - c0);
}
/* one connection, window of depth W; sync per query (TechEmpower rule) or one sync per W */
static void c_pipe(double secs, int W, int per) {
  PGconn *c = open1(); PQsetnonblocking(c, 1); PQenterPipelineMode(c);
  double t0 = now(), c0 = cpu(); long n = 0;
  while (now() - t0 < secs) {
    for (int i = 0; i < W; i++) {
      int32_t k = htonl(pick()); const char *v[1] = {(char *)&k}; int l[1] = {4}, f[1] = {1};
      if (!PQsendQueryPrepared(c, "s", 1, v, l, f, 1)) die(c, "send");
      if (per) sync1(c);
    }
    if (!per) PQpipelineSync(c);
    int syncs = 0, want = per ? W : 1;
    while (PQflush(c) == 1) { waitfd(c, POLLOUT | POLLIN); PQconsumeInput(c); }
    while (syncs < want) {
      while (PQisBusy(c)) { waitfd(c, POLLIN); if (!PQconsumeInput(c)) die(c, "consume"); }
      PGresult *r = PQgetResult(c); if (!r) continue;
      ExecStatusType s = PQresultStatus(r);
      if (s == PGRES_TUPLES_OK) { decode(r); n++; } else if (s == PGRES_PIPELINE_SYNC) syncs++; else die(c, PQresStatus(s));
      PQclear(r);
    }
  }
  char nm[64]; snprintf(nm, sizeof nm, "select_pipe%d_%s", W, per ? "sync_each" : "sync_batch");
  report(nm, n, now() - t0, cpu() - c0);
}
/* sliding window on K connections, W outstanding each, sync per query */
static void c_slide(double secs, int K, int W) {
  PGconn **c = calloc(K, sizeof *c); struct pollfd *p = calloc(K, sizeof *p); int *out = calloc(K, sizeof *out);
  for (int i = 0; i < K; i++) { c[i] = open1(); PQsetnonblocking(c[i], 1); PQenterPipelineMode(c[i]); p[i].fd = PQsocket(c[i]); }
  double t0 = now(), c0 = cpu(); long n = 0; double t = t0;
  while ((t = now()) - t0 < secs) {
    for (int i = 0; i < K; i++) {
      while (out[i] < W) {
        int32_t k = htonl(pick()); const char *v[1] = {(char *)&k}; int l[1] = {4}, f[1] = {1};
        PQsendQueryPrepared(c[i], "s", 1, v, l, f, 1); sync1(c[i]); out[i]++;
      }
      p[i].events = POLLIN | (PQflush(c[i]) == 1 ? POLLOUT : 0);
    }
    poll(p, K, 100);
    for (int i = 0; i < K; i++) {
      if (!(p[i].revents & POLLIN)) continue;
      if (!PQconsumeInput(c[i])) die(c[i], "consume");
      while (out[i] && !PQisBusy(c[i])) {
        PGresult *r = PQgetResult(c[i]); if (!r) continue;
        ExecStatusType s = PQresultStatus(r);
        if (s == PGRES_TUPLES_OK) decode(r); else if (s == PGRES_PIPELINE_SYNC) { out[i]--; n++; } else die(c[i], PQresStatus(s));
        PQclear(r);
      }
    }
  }
  char nm[64]; snprintf(nm, sizeof nm, "select_conns%d_window%d", K, W); report(nm, n, now() - t0, cpu() - c0);
}
static void ex(PGconn *c, const char *q) { PGresult *r = PQexec(c, q); ExecStatusType s = PQresultStatus(r); if (s != PGRES_COMMAND_OK && s != PGRES_TUPLES_OK) die(c, q); PQclear(r); }
static void row(int i, int32_t *id, char *name, int *nl, uint64_t *sc, uint64_t *ts) {
  *id = htonl(i); *nl = snprintf(name, 32, "name-%011d", i); double d = i * 0.5; uint64_t u; memcpy(&u, &d, 8); *sc = htobe64(u);
  *ts = htobe64((uint64_t)((1700000000LL - 946684800LL + i) * 1000000LL));
}
/* The documents of bench_made, as a record of the library's table. */
static int doc(int i, char *id, char *fields) {
  snprintf(id, 40, "%032x", (unsigned)i); fields[0] = 1; /* jsonb's version */
  return 1 + sprintf(fields + 1, "{\"active\":%s,\"name\":\"name-%d\",\"score\":%.1f,\"tags\":[\"a\",\"b\",\"c\"],\"text\":\"%064d\",\"value\":%d}", i % 2 ? "false" : "true", i, i * 0.5, 0, i);
}
static void c_insert(int N, int docs) {
  PGconn *c = open1(); ex(c, docs ? "TRUNCATE bench_made" : "TRUNCATE bench_sink");
  static const Oid T[4] = {23, 25, 701, 1184}, TD[3] = {25, 3802, 3802};
  if (docs) PQclear(PQprepare(c, "i", "INSERT INTO bench_made(id, fields, metadata) VALUES($1,$2,$3)", 3, TD));
  else PQclear(PQprepare(c, "i", "INSERT INTO bench_sink VALUES($1,$2,$3,$4)", 4, T));
  PQsetnonblocking(c, 1); PQenterPipelineMode(c); double t0 = now(), c0 = cpu(); int done = 0, synced = 0, sent = 0, flush = 1;
  while (!synced) {
    for (int b = 0; b < 256 && sent < N; b++, sent++) {
      if (docs) {
        char id[40], fields[512]; int n = doc(sent, id, fields); const char *v[3] = {id, fields, "\1{}"}; int l[3] = {32, n, 3}, f[3] = {1, 1, 1};
        PQsendQueryPrepared(c, "i", 3, v, l, f, 1);
      } else {
        int32_t id; char nm[32]; int nl; uint64_t sc, ts; row(sent, &id, nm, &nl, &sc, &ts);
        const char *v[4] = {(char *)&id, nm, (char *)&sc, (char *)&ts}; int l[4] = {4, nl, 8, 8}, f[4] = {1, 1, 1, 1};
        PQsendQueryPrepared(c, "i", 4, v, l, f, 1);
      }
      if (sent == N - 1) PQpipelineSync(c);
    }
    flush = PQflush(c);
    struct pollfd p = {PQsocket(c), POLLIN | (flush ? POLLOUT : 0), 0};
    poll(&p, 1, sent < N ? 0 : -1);
    if (p.revents & POLLIN) PQconsumeInput(c);
    while (!PQisBusy(c)) { PGresult *r = PQgetResult(c); if (!r) { if (PQisBusy(c)) break; r = PQgetResult(c); if (!r) break; }
      if (PQresultStatus(r) == PGRES_PIPELINE_SYNC) synced = 1; else if (PQresultStatus(r) == PGRES_COMMAND_OK) done++; else die(c, "ins"); PQclear(r); if (synced) break; }
  }
  if (done != N) { fprintf(stderr, "rows %d\n", done); exit(1); }
  report(docs ? "insert_documents" : "insert_many", N, now() - t0, cpu() - c0);
}
static void c_copyin(int N, int docs) {
  PGconn *c = open1(); ex(c, docs ? "TRUNCATE bench_made" : "TRUNCATE bench_sink"); double t0 = now(), c0 = cpu();
  PGresult *r = PQexec(c, docs ? "COPY bench_made(id, fields, metadata) FROM STDIN (FORMAT binary)" : "COPY bench_sink FROM STDIN (FORMAT binary)"); if (PQresultStatus(r) != PGRES_COPY_IN) die(c, "copy"); PQclear(r);
  size_t cap = 65536, o = 0; char *b = malloc(cap + 1024);
  memcpy(b, "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19); o = 19;
  for (int i = 0; i < N; i++) {
    int32_t id; char nm[32]; int nl; uint64_t sc, ts; uint32_t L;
#define PUT(p, n) (memcpy(b + o, p, n), o += n)
#define LEN(n) (L = htonl(n), PUT(&L, 4))
    uint16_t nf = htons(docs ? 3 : 4); PUT(&nf, 2);
    if (docs) { char key[40], fields[512]; int n = doc(i, key, fields); LEN(32); PUT(key, 32); LEN(n); PUT(fields, n); LEN(3); PUT("\1{}", 3); }
    else { row(i, &id, nm, &nl, &sc, &ts); LEN(4); PUT(&id, 4); LEN(nl); PUT(nm, nl); LEN(8); PUT(&sc, 8); LEN(8); PUT(&ts, 8); }
    if (o > cap - 512) { if (PQputCopyData(c, b, o) != 1) die(c, "put"); o = 0; }
  }
  uint16_t e = 0xffff; PUT(&e, 2); PQputCopyData(c, b, o); PQputCopyEnd(c, NULL);
  while ((r = PQgetResult(c))) { if (PQresultStatus(r) != PGRES_COMMAND_OK) die(c, "end"); PQclear(r); }
  report(docs ? "copy_documents" : "copy_in", N, now() - t0, cpu() - c0);
}
static void c_fetchall(double secs) {
  PGconn *c = open1(); double t0 = now(), c0 = cpu(); long n = 0;
  do { PGresult *r = PQexecParams(c, "SELECT id, name, score, ts FROM bench_narrow", 0, 0, 0, 0, 0, 1);
    if (PQresultStatus(r) != PGRES_TUPLES_OK) die(c, "q"); decode(r); n += PQntuples(r); PQclear(r); } while (now() - t0 < secs);
  report("fetch_all_100k", n, now() - t0, cpu() - c0);
}
static void c_singlerow(double secs) {
  PGconn *c = open1(); double t0 = now(), c0 = cpu(); long n = 0;
  do { PQsendQueryParams(c, "SELECT id, name, score, ts FROM bench_narrow", 0, 0, 0, 0, 0, 1); PQsetSingleRowMode(c); PGresult *r;
    while ((r = PQgetResult(c))) { decode(r); n += PQntuples(r); PQclear(r); } } while (now() - t0 < secs);
  report("stream_singlerow_100k", n, now() - t0, cpu() - c0);
}
static void c_cursor(double secs, int B) {
  PGconn *c = open1(); double t0 = now(), c0 = cpu(); long n = 0; char q[64]; snprintf(q, sizeof q, "FETCH %d FROM cur", B);
  do { ex(c, "BEGIN"); PQclear(PQexecParams(c, "DECLARE cur NO SCROLL CURSOR FOR SELECT id, name, score, ts FROM bench_narrow", 0, 0, 0, 0, 0, 1));
    for (;;) { PGresult *r = PQexecParams(c, q, 0, 0, 0, 0, 0, 1); int k = PQntuples(r); decode(r); PQclear(r); n += k; if (k < B) break; } ex(c, "COMMIT"); } while (now() - t0 < secs);
  report("stream_cursor_100k", n, now() - t0, cpu() - c0);
}
static void c_copyout(double secs) {
  PGconn *c = open1(); double t0 = now(), c0 = cpu(); long n = 0;
  do { PGresult *r = PQexec(c, "COPY (SELECT id, name, score, ts FROM bench_narrow) TO STDOUT (FORMAT binary)"); PQclear(r);
    char *b; int l; while ((l = PQgetCopyData(c, &b, 0)) > 0) { sinkv += b[l - 1]; n++; PQfreemem(b); } while ((r = PQgetResult(c))) PQclear(r); n--; } while (now() - t0 < secs);
  report("copy_out_100k", n, now() - t0, cpu() - c0);
}
static void c_connect(double secs) {
  double t0 = now(), c0 = cpu(); long n = 0;
  while (now() - t0 < secs) { double a = now(); PGconn *c = PQconnectdb(""); if (PQstatus(c)) die(c, "connect"); PQfinish(c); addlat((now() - a) * 1e6); n++; }
  report("connect", n, now() - t0, cpu() - c0);
}
int main(int ac, char **av) {
  if (ac < 3) { fprintf(stderr, "usage: %s CASE SECONDS [N [W]]\n", av[0]); return 2; }
  const char *k = av[1]; double s = atof(av[2]); int n = ac > 3 ? atoi(av[3]) : 0, w = ac > 4 ? atoi(av[4]) : 0;
  if (!strcmp(k, "seq")) c_seq(s); else if (!strcmp(k, "pipe_each")) c_pipe(s, n ? n : 64, 1);
  else if (!strcmp(k, "pipe_batch")) c_pipe(s, n ? n : 64, 0); else if (!strcmp(k, "slide")) c_slide(s, n ? n : 16, w ? w : 4);
  else if (!strcmp(k, "insert")) c_insert(n ? n : 10000, 0); else if (!strcmp(k, "copyin")) c_copyin(n ? n : 100000, 0);
  else if (!strcmp(k, "insert_documents")) c_insert(n ? n : 10000, 1); else if (!strcmp(k, "copy_documents")) c_copyin(n ? n : 100000, 1);
  else if (!strcmp(k, "seq_documents")) c_seqdoc(s);
  else if (!strcmp(k, "fetchall")) c_fetchall(s); else if (!strcmp(k, "singlerow")) c_singlerow(s);
  else if (!strcmp(k, "cursor")) c_cursor(s, n ? n : 1000); else if (!strcmp(k, "copyout")) c_copyout(s);
  else if (!strcmp(k, "connect")) c_connect(s); else return 2;
  return 0;
}
