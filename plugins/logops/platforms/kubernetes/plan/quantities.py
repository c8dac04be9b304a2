"""Amounts of CPU, memory and disk as Kubernetes writes them. Pure."""

from decimal import Decimal

from logops.number_text import size_text


def quantity(value: object) -> Decimal:
    """Return the number of a quantity.

    >>> quantity("250m"), quantity("1Gi"), quantity(2)
    (Decimal('0.250'), Decimal('1073741824'), Decimal('2'))
    """
    # The import takes a part of a second.
    from kubernetes.utils.quantity import parse_quantity

    return Decimal(parse_quantity(value))


def amount_text(resource: str, amount: Decimal) -> str:
    """Return an amount for people.

    >>> amount_text("cpu", Decimal("1.50")), amount_text("memory", Decimal(9830 * 2**20))
    ('1.5 CPU', '9.6 GiB')
    """
    return f"{amount.normalize():f} CPU" if resource == "cpu" else size_text(int(amount))
