"""Faults that a loop over an index's bytes reports, as numbers with an offset."""

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
    OUTSIDE: "goes past the end of what holds it",
    CHECKSUM: "has another checksum than its content",
    VARINT: "has a number of more than 64 bits",
    ORDER: "lies before the end of the one before it",
    KEYS: "has an entry with another number of keys than Loki writes",
    COUNT: "says another number of entries than it has room for",
    SYMBOL: "has a label that is not in the symbol table",
    LENGTH: "has other bytes after its last chunk",
    NO_TENANT: "has no label __loki_tenant__, in a file that is nobody's own",
}
