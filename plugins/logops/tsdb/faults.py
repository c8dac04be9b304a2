"""Faults of an index file, as numbers: compiled functions return a number and an offset, and cannot raise messages."""

NONE = 0
OUTSIDE = 1
CHECKSUM = 2
VARINT = 3
ORDER = 4
KEYS = 5
COUNT = 6
SYMBOL = 7
LENGTH = 8
NO_TENANT = 9

WORDS = {
    OUTSIDE: "extends beyond the end of its section",
    CHECKSUM: "does not match its checksum",
    VARINT: "has a number with more than 64 bits",
    ORDER: "starts before the end of the previous one",
    KEYS: "has an entry with a wrong number of keys",
    COUNT: "has a wrong number of entries for its length",
    SYMBOL: "has a label that is not in the symbol table",
    LENGTH: "has unexpected bytes after its last chunk",
    NO_TENANT: "has no label __loki_tenant__, which names the tenant in an ingester's file",
}
