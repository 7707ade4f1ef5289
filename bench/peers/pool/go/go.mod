module pool_peers

go 1.21

require github.com/jackc/puddle/v2 v2.2.2

require golang.org/x/sync v0.1.0 // indirect
