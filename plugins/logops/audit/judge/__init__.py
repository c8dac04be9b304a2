"""Judge tables: join blobs with index entries, find faults, check every suspect again."""
