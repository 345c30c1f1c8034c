"""Every version ever released is written and read to the byte, and no change breaks a reader."""

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import BaseModel, ConfigDict, create_model

from askpanel.contracts import asyncapi, generate
from askpanel.contracts.answer import Answer, Forecast, Judgement, KeyPoint
from askpanel.contracts.compatibility import breaking_changes, without_words
from askpanel.contracts.documents import BEGIN, END, NoMarkers, with_generated
from askpanel.contracts.envelope import decode, encode
from askpanel.contracts.events import EVENTS, Event
from askpanel.contracts.schemas import Schema, event_schema, event_schemas
from askpanel.contracts.upcast import UPCASTS
from tests.contract.samples import GOLDEN, SAMPLES, from_golden, golden_file, recorded, to_golden
from tests.versions.later import lengthened

ROOT = Path(__file__).parents[2]
NAMES = [event.TYPE for event in SAMPLES]


def sample_of(event_type: str) -> Event:
    return next(sample for sample in SAMPLES if event_type == sample.TYPE)


def test_every_event_has_a_sample_and_every_version_a_golden() -> None:
    assert list(EVENTS) == NAMES
    versions = {f"{event.TYPE}.v{n}" for event in EVENTS.values() for n in range(1, event.VERSION + 1)}
    assert {file.stem for file in GOLDEN.glob("*.txt")} == versions


@pytest.mark.parametrize("event_type", NAMES)
def test_todays_code_writes_the_golden_to_the_byte(event_type: str) -> None:
    sample = sample_of(event_type)
    assert to_golden(encode(recorded(sample))) == golden_file(event_type, sample.VERSION).read_bytes()


@pytest.mark.parametrize("event_type", NAMES)
def test_todays_code_reads_the_golden_back_to_the_byte(event_type: str) -> None:
    subject, headers, body = from_golden(golden_file(event_type, EVENTS[event_type].VERSION).read_bytes())
    read = decode(subject, headers, body, 7)
    assert read == recorded(sample_of(event_type)).at(7)
    assert encode(read) == (subject, headers, body)


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.txt")), ids=lambda file: file.stem)
def test_every_version_ever_written_is_still_read(file: Path) -> None:
    event_type, _, version = file.stem.rpartition(".v")
    subject, headers, body = from_golden(file.read_bytes())
    assert event_type == decode(subject, headers, body, 1).event.TYPE
    for step in range(int(version), EVENTS[event_type].VERSION):
        assert (event_type, step) in UPCASTS


@pytest.mark.parametrize("event_type", NAMES)
def test_a_golden_uses_every_field_and_no_other(event_type: str) -> None:
    """Readers ignore unknown fields, so only this test notices a misspelt one."""
    schema = event_schema(EVENTS[event_type])
    data = json.loads(from_golden(golden_file(event_type, EVENTS[event_type].VERSION).read_bytes())[2])
    strict = Strict(schema)
    strict.check(schema, data, "")
    assert strict.unused() == set()


@pytest.mark.parametrize("event_type", NAMES)
def test_readers_ignore_fields_they_do_not_know(event_type: str) -> None:
    subject, headers, body = from_golden(golden_file(event_type, EVENTS[event_type].VERSION).read_bytes())
    read = decode(*lengthened((subject, headers, body)), 1)
    assert encode(read) == (subject, headers, body)


def test_the_strict_check_finds_unknown_fields() -> None:
    schema = event_schema(EVENTS["panel.failed"])
    with pytest.raises(AssertionError, match="detial"):
        Strict(schema).check(schema, {"reason": "cancelled", "detial": "x"}, "")


class Strict:
    """Walks data along its schema: every field must be in it; remembers which fields were used."""

    def __init__(self, schema: Schema) -> None:
        self._definitions: Schema = schema.get("$defs", {})
        self._all = {
            (name, field) for name, part in self._definitions.items() for field in part.get("properties", {})
        } | {("", field) for field in schema["properties"]}
        self._used: set[tuple[str, str]] = set()

    def unused(self) -> set[tuple[str, str]]:
        """Fields that the data did not have anywhere, with the part they belong to."""
        return self._all - self._used

    def check(self, schema: Schema, data: Any, place: str, name: str = "") -> None:
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            schema = self._definitions[name]
        choices = schema.get("oneOf") or schema.get("anyOf")
        if choices:
            schema, name = self._chosen(choices, data)
        if "properties" in schema:
            for field, value in data.items():
                assert field in schema["properties"], f"{place}/{field} is not in the contract"
                self._used.add((name, field))
                self.check(schema["properties"][field], value, f"{place}/{field}")
        elif schema.get("type") == "array":
            for item in data:
                self.check(schema.get("items", {}), item, f"{place}/*")

    def _chosen(self, choices: list[Schema], data: Any) -> tuple[Schema, str]:
        for choice in choices:
            name = choice.get("$ref", "").rpartition("/")[2]
            schema = self._definitions.get(name, choice)
            kind = schema.get("properties", {}).get("kind", {}).get("const")
            if isinstance(data, dict) and (kind is None or kind == cast(Schema, data).get("kind")):
                if "properties" in schema:
                    return schema, name
            elif not isinstance(data, dict) and "properties" not in schema:
                return schema, name
        raise AssertionError(f"{data!r} is none of the alternatives")


# ------------------------------------------------------------------------------------ compatibility


def test_nothing_released_is_broken() -> None:
    assert generate.incompatible(ROOT) == []


def test_what_is_released_stays_recorded_and_every_event_is_released() -> None:
    assert event_schemas().keys() <= generate.released(ROOT).keys()


def _with(**changes: Any) -> Schema:
    class Part(BaseModel):
        text: str

    fields: dict[str, Any] = {
        "kind": (str, ...),
        "part": (Part, ...),
        "note": (str | None, None),
        "parts": (tuple[Part, ...], ()),
    }
    fields |= changes
    model = create_model("Made", __config__=ConfigDict(), **{k: v for k, v in fields.items() if v})
    return model.model_json_schema(mode="serialization")


class Longer(BaseModel):
    text: str
    more: str


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"note": None}, "/note is gone"),
        ({"needed": (str, ...)}, "/needed is required and was not"),
        ({"kind": (int, ...)}, "/kind: type"),
        ({"kind": (str | None, None)}, "/kind was always there and may be absent"),
        ({"part": (Longer, ...)}, "/part/more is required and was not"),
        ({"parts": (tuple[Longer, ...], ())}, "/parts/*/more is required and was not"),
    ],
)
def test_a_change_that_would_break_somebody_is_named(change: dict[str, Any], complaint: str) -> None:
    assert complaint in "\n".join(breaking_changes(_with(), _with(**change)))


def test_a_new_optional_field_and_other_words_are_allowed() -> None:
    today = _with(extra=(str | None, None), flag=(bool, False))
    today["description"] = "Said better."
    assert breaking_changes(_with(), today) == []


def test_an_enum_may_grow_and_not_shrink() -> None:
    two: Schema = {"properties": {"kind": {"enum": ["a", "b"], "type": "string"}}}
    three: Schema = {"properties": {"kind": {"enum": ["a", "b", "c"], "type": "string"}}}
    free: Schema = {"properties": {"kind": {"type": "string"}}}
    assert breaking_changes(two, three) == []
    assert breaking_changes(three, two) == ["/kind: 'c' is no value any more"]
    assert breaking_changes(free, two) == ["/kind: only some values are left"]


@pytest.mark.parametrize("event_type", NAMES)
def test_removing_any_field_of_any_event_is_noticed(event_type: str) -> None:
    schema = event_schema(EVENTS[event_type])
    for field in schema["properties"]:
        today = copy.deepcopy(schema)
        del today["properties"][field]
        assert f"/{field} is gone" in breaking_changes(without_words(schema), today)


# --------------------------------------------------------------------------------- generated files


def test_no_generated_file_is_stale() -> None:
    assert generate.stale(ROOT) == []


def test_check_names_stale_files_and_exits_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "events.md").write_text(f"mine\n{BEGIN}\n{END}\nmine too\n")
    root = ["--root", str(tmp_path)]
    assert generate.main(["--check", *root]) == 1
    assert "stale: contracts/messages/asyncapi.json" in capsys.readouterr().out
    assert generate.main(root) == 0
    assert generate.main(["--check", *root]) == 0
    page = (tmp_path / "docs" / "events.md").read_text()
    assert page.startswith("mine\n")
    assert page.endswith("\nmine too\n")
    (tmp_path / generate.SCHEMAS / "panel.forgotten.v1.json").write_text("{}")
    (tmp_path / generate.MESSAGES / "typescript" / "events.ts").write_text("")
    capsys.readouterr()
    assert generate.main(["--check", *root]) == 1
    assert capsys.readouterr().out.count("stale:") == 2
    assert generate.main(root) == 0
    assert generate.main(["--check", *root]) == 0


def test_a_breaking_change_cannot_be_released(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "events.md").write_text(f"{BEGIN}{END}")
    assert generate.main(["--release", "--root", str(tmp_path)]) == 0
    file = tmp_path / generate.RELEASED
    released = json.loads(file.read_text())
    released["panel.failed.v1"]["properties"]["code"] = {"type": "string"}
    file.write_text(json.dumps(released))
    assert generate.main(["--release", "--root", str(tmp_path)]) == 1
    assert "panel.failed.v1/code is gone" in capsys.readouterr().err


def test_a_page_without_markers_is_refused() -> None:
    with pytest.raises(NoMarkers):
        with_generated("# Events\n", "| table |")


def test_every_reference_of_the_asyncapi_document_resolves() -> None:
    document = asyncapi.document()
    for reference in _references(document):
        node: Any = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
    assert set(document["channels"]) == set(EVENTS)


def _references(node: Any) -> list[str]:
    if isinstance(node, list):
        return [found for item in cast("list[Any]", node) for found in _references(item)]
    if not isinstance(node, dict):
        return []
    fields = cast(Schema, node)
    own = [fields["$ref"]] if isinstance(fields.get("$ref"), str) else []
    return own + [found for value in fields.values() for found in _references(value)]


@pytest.mark.parametrize("event_type", NAMES)
def test_the_documented_headers_are_those_that_are_written(event_type: str) -> None:
    schema = asyncapi.headers_schema(EVENTS[event_type])
    sample = recorded(sample_of(event_type))
    traced = replace(
        sample, envelope=replace(sample.envelope, tracestate="other=1")
    )  # younger than the goldens
    _, headers, _ = encode(traced)
    assert headers.keys() == schema["properties"].keys()
    for name, rule in schema["properties"].items():
        assert rule.get("const", headers[name]) == headers[name]


def test_answers_in_typescript_and_schema_have_the_same_parts() -> None:
    module = (ROOT / generate.MESSAGES / "typescript" / "events.ts").read_text()
    for part in (Answer, Forecast, Judgement, KeyPoint):
        assert f"export interface {part.__name__} {{" in module
        for field in part.model_fields:
            assert f"  {field}" in module
