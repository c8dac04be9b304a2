"""The write-ahead log: what a later process replays, and what it says about damage."""

from collections import deque
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.shipping.counters import Counters
from logops.shipping.errors import ShippingError
from logops.shipping.wal.frame import decode_record, encode_record
from logops.shipping.wal.log import SMALLEST_LIMIT_BYTES, WriteAheadLog
from logops.wire import Record

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
PAIRS = st.lists(st.tuples(TEXTS, TEXTS), max_size=4).map(tuple)
MAGIC = b"LOGOPSW2"
LIMIT = SMALLEST_LIMIT_BYTES
SEGMENT = LIMIT // 8


class Log:
    """A write-ahead log with its counters and its messages."""

    def __init__(self, directory: Path, max_bytes: int = LIMIT) -> None:
        self.counters = Counters()
        self.messages: deque[str] = deque()
        self.store = WriteAheadLog(directory, max_bytes, self.counters, self.messages.append)

    def append(self, *numbers: int, characters: int = 100) -> int:
        """Append records with these numbers. Return how many were accepted."""
        accepted = 0
        for number in numbers:
            record = Record(number, f"{number}".ljust(characters, "."), (("service", "shop"),), ())
            accepted += self.store.append(*self.store.prepare(record))
        return accepted

    def read(self, max_bytes: int = LIMIT) -> list[int]:
        """Send everything. Return the numbers of the records."""
        return [record.time_ns for record in self.read_records(max_bytes)]

    def read_records(self, max_bytes: int = LIMIT) -> list[Record]:
        """Send everything. Return the records."""
        records: list[Record] = []
        while batch := self.store.claim(max_bytes):
            records += batch.read()
            self.store.release(batch)
        return records

    def die(self) -> None:
        """Release the folder as the operating system does after `kill -9`."""
        self.store.forget()


def segments(directory: Path) -> list[Path]:
    return sorted(directory.glob("*/*.segment"))


@given(st.integers(0, 2**62), TEXTS, PAIRS, PAIRS)
def test_record_that_is_written_is_read_unchanged(
    time_ns: int, line: str, labels: tuple[tuple[str, str], ...], metadata: tuple[tuple[str, str], ...]
) -> None:
    record = Record(time_ns, line, labels, metadata)
    assert decode_record(encode_record(record)) == record


def test_records_of_a_dead_process_are_replayed_in_order(tmp_path: Path) -> None:
    dead = Log(tmp_path)
    assert dead.append(*range(3000)) == 3000
    dead.die()
    log = Log(tmp_path)
    assert log.read() == list(range(3000))
    assert log.counters.replayed == 3000


def test_records_that_were_sent_are_not_replayed(tmp_path: Path) -> None:
    dead = Log(tmp_path)
    dead.append(*range(10))
    batch = dead.store.claim(5 * 130)
    assert batch is not None
    sent = [record.time_ns for record in batch.read()]
    dead.store.release(batch)
    dead.die()
    assert sent + Log(tmp_path).read() == list(range(10))


def test_records_that_were_being_sent_are_replayed(tmp_path: Path) -> None:
    dead = Log(tmp_path)
    dead.append(*range(10))
    batch = dead.store.claim(LIMIT)
    assert batch is not None
    batch.read()
    dead.die()
    assert Log(tmp_path).read() == list(range(10))


def test_segments_are_deleted_when_their_records_are_sent(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.append(*range(3000))
    assert len(segments(tmp_path)) > 2
    log.read()
    log.store.close()
    assert segments(tmp_path) == []


def test_files_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    Log(tmp_path / "wal").append(1)
    (segment,) = segments(tmp_path / "wal")
    assert [path.stat().st_mode & 0o777 for path in (segment, segment.parent, tmp_path / "wal")] == [
        0o600,
        0o700,
        0o700,
    ]


def test_log_on_disk_never_exceeds_its_limit(tmp_path: Path) -> None:
    log = Log(tmp_path)
    accepted = log.append(*range(20_000))
    assert 5000 < accepted < 20_000
    assert sum(file.stat().st_size for file in segments(tmp_path)) <= LIMIT
    assert log.read() == list(range(accepted))


def test_full_log_drops_its_oldest_segment_and_returns_the_count(tmp_path: Path) -> None:
    log = Log(tmp_path)
    accepted = log.append(*range(20_000))
    dropped = log.store.drop_oldest()
    assert dropped > 0
    assert log.append(20_000) == 1
    assert log.read() == [*range(dropped, accepted), 20_000]


def test_segment_that_is_being_sent_is_not_dropped(tmp_path: Path) -> None:
    log = Log(tmp_path)
    accepted = log.append(*range(20_000))
    batch = log.store.claim(LIMIT)
    assert batch is not None
    dropped = log.store.drop_oldest()
    first = [record.time_ns for record in batch.read()]
    log.store.release(batch)
    assert first[0] == 0
    assert first + log.read() == [*range(len(first)), *range(len(first) + dropped, accepted)]


def test_record_larger_than_a_segment_is_kept(tmp_path: Path) -> None:
    log = Log(tmp_path)
    assert log.append(1, characters=SEGMENT * 2) == 1
    assert log.append(2) == 1
    assert log.read() == [1, 2]


def test_record_larger_than_the_limit_is_not_accepted(tmp_path: Path) -> None:
    assert Log(tmp_path).append(1, characters=LIMIT) == 0


def test_torn_record_at_the_end_is_said_and_the_others_are_replayed(tmp_path: Path) -> None:
    dead = Log(tmp_path)
    dead.append(*range(10))
    dead.die()
    (file,) = segments(tmp_path)
    content = file.read_bytes()
    end = len(content.rstrip(b"\0"))
    file.write_bytes(content[: end - 20] + bytes(len(content) - end + 20))
    log = Log(tmp_path)
    assert log.read() == list(range(9))
    assert log.counters.torn == 1
    assert len(log.messages) == 1
    assert ": a checksum does not match, at offset " in log.messages[0]
    assert "The records before it are sent; what follows in this file cannot be read." in log.messages[0]


def test_payload_without_its_header_is_said_and_the_others_are_replayed(tmp_path: Path) -> None:
    """The header is written last: a process that is killed in between leaves this."""
    dead = Log(tmp_path)
    dead.append(*range(10))
    dead.die()
    (file,) = segments(tmp_path)
    content = bytearray(file.read_bytes())
    end = len(content.rstrip(b"\0"))
    content[end + 8 : end + 28] = b"x" * 20
    file.write_bytes(content)
    log = Log(tmp_path)
    assert log.read() == list(range(10))
    assert ": a record was being written when the process ended, at offset " in log.messages[0]


RECORDS = 10


class DeadLog:
    """A segment of ten records that a dead process left, to be damaged."""

    def __init__(self, directory: Path, sent: int) -> None:
        """
        sent   how many of the records were sent
        """
        self._directory = directory
        dead = Log(directory)
        sizes = [dead.store.waiting_bytes for number in range(RECORDS) if dead.append(number)]
        if sent:
            batch = dead.store.claim(sizes[sent - 1])
            assert batch is not None
            batch.read()
            dead.store.release(batch)
        dead.die()
        (self.file,) = segments(directory)
        self.content = bytearray(self.file.read_bytes())
        end = len(self.content.rstrip(b"\0"))
        self.ends = [end - sizes[-1] + size for size in sizes]
        """Offset after each record."""
        self.start = end - sizes[-1]
        """Offset of the first record."""

    def replayed(self) -> list[int]:
        """Write the content, and return the numbers of the records that the next process sends."""
        self.file.write_bytes(self.content)
        log = Log(self._directory)
        records = log.read_records()
        self.messages = log.messages
        numbers = [record.time_ns for record in records]
        assert [record.line for record in records] == [f"{number}".ljust(100, ".") for number in numbers]
        return numbers

    def whole(self, offset: int) -> int:
        """Return the number of records that end before an offset, or at it."""
        return sum(end <= offset for end in self.ends)


BIT_CHANGES = st.integers(1, 255)
SENT = st.integers(0, RECORDS - 1)


@given(SENT, BIT_CHANGES, st.data())
def test_segment_with_a_changed_byte_gives_every_record_before_it_and_no_wrong_one(
    sent: int, change: int, data: st.DataObject
) -> None:
    with TemporaryDirectory() as directory:
        dead = DeadLog(Path(directory), sent)
        offset = data.draw(st.integers(dead.start, dead.ends[-1] - 1))
        dead.content[offset] ^= change
        damaged = dead.whole(offset)
        is_sent = damaged < sent
        assert dead.replayed() == list(range(sent, RECORDS if is_sent else damaged))
        assert len(dead.messages) == (0 if is_sent else 1)


@given(SENT, st.data())
def test_segment_that_is_cut_gives_every_record_before_the_cut_and_no_wrong_one(sent: int, data: st.DataObject) -> None:
    with TemporaryDirectory() as directory:
        dead = DeadLog(Path(directory), sent)
        offset = data.draw(st.integers(dead.start, dead.ends[-1]))
        del dead.content[offset:]
        assert dead.replayed() == list(range(sent, dead.whole(offset)))


@given(SENT, BIT_CHANGES, st.data())
def test_segment_whose_position_is_damaged_gives_all_its_records_again(
    sent: int, change: int, data: st.DataObject
) -> None:
    """Loki keeps one of two equal lines."""
    with TemporaryDirectory() as directory:
        dead = DeadLog(Path(directory), sent)
        dead.content[data.draw(st.integers(len(MAGIC), dead.start - 1))] ^= change
        assert dead.replayed() == list(range(RECORDS))


def test_damaged_segment_does_not_stop_the_next_ones(tmp_path: Path) -> None:
    dead = Log(tmp_path)
    dead.append(*range(3000))
    dead.die()
    file = segments(tmp_path)[0]
    content = bytearray(file.read_bytes())
    content[200] ^= 1
    file.write_bytes(content)
    log = Log(tmp_path)
    before, *after = log.read()
    assert before == 0
    assert after == list(range(after[0], 3000))
    assert log.counters.torn == 1


def test_file_that_is_no_segment_is_said_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "000").mkdir(parents=True)
    foreign = tmp_path / "000/1.segment"
    foreign.write_bytes(b"something else".ljust(100))
    log = Log(tmp_path)
    log.append(1)
    assert log.read() == [1]
    assert foreign.exists()
    assert log.messages[0].startswith(f"Opening the segment {foreign} of the write-ahead log: it does not start with")


def test_two_processes_never_share_a_folder(tmp_path: Path) -> None:
    first, second = Log(tmp_path), Log(tmp_path)
    first.append(1)
    second.append(2)
    assert (first.read(), second.read()) == ([1], [2])


def test_running_process_keeps_its_records_when_another_starts(tmp_path: Path) -> None:
    first = Log(tmp_path)
    first.append(1)
    assert Log(tmp_path).read() == []
    assert first.read() == [1]


def test_one_process_replays_what_several_dead_processes_left(tmp_path: Path) -> None:
    dead = [Log(tmp_path) for _ in range(3)]
    for number, log in enumerate(dead):
        log.append(number * 10, number * 10 + 1)
    for log in dead:
        log.die()
    assert Log(tmp_path).read() == [0, 1, 10, 11, 20, 21]


def test_directory_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "wal").write_text("")
    with pytest.raises(ShippingError, match=r"Opening the write-ahead log .*/wal: .* Give a directory"):
        Log(tmp_path / "wal")


def test_limit_below_a_megabyte_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ShippingError, match=r"The limit of the .* is 1\.0 KiB\. Give at least 1\.0 MiB"):
        Log(tmp_path, 1024)


def test_records_that_a_killed_process_dropped_are_counted_by_the_next(tmp_path: Path) -> None:
    dead = [Log(tmp_path), Log(tmp_path)]
    for log in dead:
        log.append(*range(20_000))
    dropped = dead[0].store.drop_oldest()
    dead[1].store.note_dropped(7)
    for log in dead:
        log.die()
    assert Log(tmp_path).counters.dropped_before == dropped + 7


def test_records_that_two_killed_processes_dropped_are_both_counted_by_the_third(tmp_path: Path) -> None:
    """The second one was killed too, perhaps before it reported the first one's."""
    for dropped in (3, 4):
        dead = Log(tmp_path)
        dead.store.note_dropped(dropped)
        dead.die()
    assert Log(tmp_path).counters.dropped_before == 7


def test_process_that_ends_by_itself_leaves_no_count_of_dropped_records(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.store.note_dropped(7)
    log.store.close()
    assert Log(tmp_path).counters.dropped_before == 0
