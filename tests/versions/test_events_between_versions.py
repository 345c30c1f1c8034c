"""Events of one version read by the other: released readers meet what today writes, and the other way round."""

import copy
import gzip
import json
from collections.abc import Iterator
from typing import Any, cast

import pytest
from pydantic import ValidationError

from askpanel.contracts.envelope import Malformed, UnknownEvent, decode, encode
from askpanel.contracts.events import EVENTS
from tests.contract.samples import GOLDEN, SAMPLES, from_golden, golden_file, recorded
from tests.simulation.golden import FOLDER
from tests.versions.later import lengthened
from tests.versions.released import Schema, only_required, read, reader, reader_of, schemas

TODAY = {f"{event.TYPE}.v{event.VERSION}": event for event in EVENTS.values()}
BOTH = sorted(schemas().keys() & TODAY.keys())
"""What was released and is still written: an event of today that a released reader meets."""
Message = tuple[str, dict[str, str], bytes]


def written_today() -> Iterator[tuple[str, Message]]:
    """A sample of each event with every field, and all events of whole panels of every protocol."""
    for sample in SAMPLES:
        yield f"{sample.TYPE}.v{sample.VERSION}", encode(recorded(sample))
    for path in sorted(FOLDER.glob("*.jsonl.gz")):
        *lines, _ = gzip.decompress(path.read_bytes()).decode().splitlines()
        for line in map(json.loads, lines):
            kept = decode(line["subject"], line["headers"], line["body"].encode(), line["sequence"])
            yield f"{kept.envelope.type}.v{kept.event.VERSION}", encode(kept)


MESSAGES = tuple(written_today())


def part_of(read: Any, whole: Any) -> bool:
    """Whether everything that was read stands in the data, at its place."""
    if isinstance(read, dict) and isinstance(whole, dict):
        ours, theirs = cast(Schema, read), cast(Schema, whole)
        return all(name in theirs and part_of(value, theirs[name]) for name, value in ours.items())
    if isinstance(read, list) and isinstance(whole, list):
        mine, other = cast("list[Any]", read), cast("list[Any]", whole)
        return len(mine) == len(other) and all(map(part_of, mine, other))
    return read == whole


@pytest.mark.parametrize("key", BOTH)
def test_a_released_reader_reads_what_today_writes_and_what_a_later_version_adds(key: str) -> None:
    messages = [message for name, message in MESSAGES if name == key]
    assert messages
    for message in messages:
        data = json.loads(message[2])
        seen = read(reader(key), message[2])
        assert part_of(seen, data)
        assert set(schemas()[key].get("required", ())) <= seen.keys()
        assert read(reader(key), lengthened(message)[2]) == seen


@pytest.mark.parametrize("key", sorted(schemas()))
def test_today_reads_the_least_and_the_most_that_a_released_version_wrote(key: str) -> None:
    event_type, _, version = key.rpartition(".v")
    subject, headers, body = from_golden(golden_file(event_type, int(version)).read_bytes())
    schema = schemas()[key]
    most = read(reader(key), body)
    least = only_required(schema, json.loads(body))
    for data in (most, least):
        kept = decode(subject, headers, json.dumps(data).encode(), 1)
        assert event_type == kept.event.TYPE
        if int(version) == kept.event.VERSION:
            assert part_of(data, json.loads(encode(kept)[2]))


@pytest.mark.parametrize("key", BOTH)
def test_the_released_reader_does_refuse_what_would_break_it(key: str) -> None:
    """Otherwise its reading everything would prove nothing."""
    body = next(message[2] for name, message in MESSAGES if name == key)
    for field in schemas()[key].get("required", ()):
        data = json.loads(body)
        del data[field]
        with pytest.raises(ValidationError):
            read(reader(key), json.dumps(data).encode())
        with pytest.raises(ValidationError):
            read(reader(key), json.dumps(json.loads(body) | {field: [["of another type"]]}).encode())
    stricter = copy.deepcopy(schemas()[key])
    stricter["properties"]["new"] = {"type": "string"}
    stricter["required"] = [*stricter.get("required", ()), "new"]
    with pytest.raises(ValidationError):
        read(reader_of(stricter), body)


def test_a_version_or_a_word_of_the_future_is_refused_by_name_and_never_misread() -> None:
    """So it becomes a dead letter, which the next version takes up again: nothing passes unseen."""
    subject, headers, body = from_golden((GOLDEN / "panel.failed.v1.txt").read_bytes())
    later = headers | {"ce-dataschema": headers["ce-dataschema"].rpartition(":")[0] + ":2"}
    with pytest.raises(UnknownEvent, match="version 2; this build reads 1 to 1"):
        decode(subject, later, body, 1)
    with pytest.raises(Malformed, match="reason"):
        decode(subject, headers, json.dumps(json.loads(body) | {"reason": "of_the_future"}).encode(), 1)
