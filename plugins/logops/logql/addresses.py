"""The addresses, ranges and networks of ip() (Loki's pkg/logql/log/ip.go, Go's net/netip)."""

import ipaddress


def is_address(text: str) -> bool:
    """Whether the text is `10.0.0.1`, `10.0.0.1-10.0.0.9` or `10.0.0.0/8`."""
    try:
        if "%" in text:
            # Everything after % is the zone.
            address, _, zone = text.partition("%")
            return zone != "" and ipaddress.ip_address(address).version == 6
        if "/" in text:
            address, _, bits = text.rpartition("/")
            # netip accepts no netmask, no sign and no leading 0.
            if not (bits.isascii() and bits.isdigit()) or (bits[0] == "0" and bits != "0"):
                return False
            return int(bits) <= ipaddress.ip_address(address).max_prefixlen
        if "-" in text:
            first, _, last = text.partition("-")
            from_, to = ipaddress.ip_address(first), ipaddress.ip_address(last)
            return from_.version == to.version and int(from_) <= int(to)
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
