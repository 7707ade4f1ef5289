#include "cli/help.hpp"

namespace weir::cli::help {

const std::string_view introduction = "Reads, writes, searches, loads and copies records in any store that weir knows.";

const std::string_view footer =
    R"(A database is named by its URL: sqlite:people.db, postgresql://me@host/db?table=people,
elasticsearch+https://host:9200/people, s3://bucket/prefix, memory: (empty, gone at the end).
Passwords do not belong on a command line: put them into a file (--config FILE, then @NAME in
place of the URL) or into the environment (env:postgres reads PGPASSWORD and the like).

A first run:
  printf '{"id":"1","name":"Ann","age":34}\n{"id":"2","name":"Bob","age":27}\n' |
    weir import sqlite:people.db - --flat
  weir search sqlite:people.db --where 'age >= 30' --flat

Records are JSON lines on stdout when it is a pipe or a file, a table on a terminal; everything
for people is on stderr. A record is {"id": …, "version": …, "fields": {…}, "metadata": {…}}, or
with --flat a bare object with the id among its fields.

Exit status:
  0    done
  1    not all of it: records failed or were not found, bad input, unwritable output
  2    the command line, configuration or query makes no sense, or an input file is not there
  3    the store could not be reached, or refused
  130  interrupted (Ctrl-C): what was written is counted, --checkpoint goes on from there)";

const std::array<CommandText, 12> commands{{
    {Command::ping, "ping", "Says whether the store answers, and how fast", "URL", "The database",
     R"(Examples:
  weir ping sqlite:people.db
  weir ping --config databases.yaml @people --timeout 2s)"},
    {Command::get, "get", "Prints records by their ids", "URL ID...", "The database and one or more ids",
     R"(Ids that are not there are named on stderr, and the exit status is 1.
Examples:
  weir get sqlite:people.db 1 2
  weir get sqlite:people.db 1 --flat --format json)"},
    {Command::put, "put", "Writes a few records, and prints their ids", "URL [FILE]",
     "The database, and the records' file (default: -, standard input)",
     R"(A record that is stored already is replaced (--on-conflict changes that); without an id it gets a
new one. For many records there is import.
Examples:
  echo '{"id":"3","fields":{"name":"Cid"}}' | weir put sqlite:people.db
  weir put sqlite:people.db new.jsonl --flat --on-conflict insert)"},
    {Command::rm, "rm", "Removes records by their ids", "URL ID...", "The database and one or more ids",
     R"(Ids that are not there are named on stderr, and the exit status is 1.
Example:
  weir rm sqlite:people.db 1 2)"},
    {Command::search, "search", "Prints the records that a query finds", "URL", "The database",
     R"(Filters: age >= 30 and (name like "A%" or not exists(email)) and tag in ("a", "b")
  compare = != < <= > >=   lists in (…), not in (…)   between 1 and 5
  text    like "A_%", ilike, starts_with, contains, regex   presence exists(path), not exists(path)
  id is the record's id; address.city is inside address; an array stands for its elements.
Without --order-by the records come by id.
Examples:
  weir search sqlite:people.db -w 'age >= 30' -o age:desc -n 10
  weir search sqlite:people.db --query '{"where":{"path":"age","op":"ge","value":30}}' --flat | jq .name)"},
    {Command::count, "count", "Prints how many records a query finds", "URL", "The database",
     R"(Examples:
  weir count sqlite:people.db
  weir count sqlite:people.db --where 'not exists(email)')"},
    {Command::import, "import", "Loads a file of records, of any size", "URL FILE",
     "The database and the file; - is standard input",
     R"(Formats: JSON lines, JSON arrays (--at /data/rows for one inside a document), CSV (RFC 4180, the first
row names the columns; a.b makes nesting; types are guessed, --types says otherwise). Memory stays
small whatever the size. A bad line is named with file, line and reason, and ends the import, unless
--rejects FILE takes it. Ctrl-C finishes the chunk in hand, then says what was written.
Examples:
  weir import sqlite:people.db people.csv --types zip:string --id-field number
  weir import sqlite:people.db dump.json --at /data/rows --flat --on-conflict upsert
  weir import sqlite:people.db huge.jsonl --rejects bad.jsonl --checkpoint import.state)"},
    {Command::export_, "export", "Writes the records that a query finds to a file", "URL [FILE]",
     "The database and the file (default: -, standard output)",
     R"(What export writes, import reads back to equal records, in every format. The file appears when it is
complete. CSV looks at all records first, for the columns: that is two passes.
Examples:
  weir export sqlite:people.db people.jsonl
  weir export sqlite:people.db people.csv --where 'age >= 18' --select name,address.city
  for i in 0 1 2 3; do weir export URL part$i.jsonl --partition $i/4 & done; wait)"},
    {Command::copy, "copy", "Copies what a query finds to another database", "URL URL2", "From and to",
     R"(Memory stays small; ids are kept, so that copying again changes nothing. With --checkpoint, the same
command goes on where an interrupted one ended.
Examples:
  weir copy sqlite:people.db postgresql://me@host/db?table=people --partitions 4 --verify
  weir copy --config databases.yaml @old @new --where 'year < 2020' --checkpoint copy.state)"},
    {Command::archive, "archive",
     "Packs what a query finds into an archive in a bucket, and removes it from the source", "URL URL2",
     "The source, and where the archive is to be: s3://bucket/prefix",
     R"(An archive is some objects of compressed JSON lines (zstd, or ?archive_compression=gzip) and a manifest,
which is written when everything has been read back. With --remove the source then loses what the
archive holds, except for records that were changed meanwhile; after an interruption the same command
goes on. The archive is read by its URL with layout=archive, the parts by zstdcat or zcat.
Examples:
  weir archive sqlite:people.db s3://attic/2019 --where 'year < 2020' --remove
  weir search 's3://attic/2019?layout=archive' --where 'name = "Ann"'
  weir copy 's3://attic/2019?layout=archive' sqlite:people.db)"},
    {Command::explain, "explain", "Prints what would run on the store for a query, and with which index", "URL",
     "The database",
     R"(Example:
  weir explain sqlite:people.db --where 'age >= 30' --order-by name)"},
    {Command::stats, "stats", "Prints the health of the store and the figures of the connection pool", "URL",
     "The database",
     R"(Examples:
  weir stats sqlite:people.db
  weir stats --config databases.yaml @people --watch --interval 5s)"},
}};

}  // namespace weir::cli::help
