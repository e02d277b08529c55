"""Who speaks in a frame, and how: the table ``voices.tsv``, and what holds for every string."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from strings import TEXTS

from claimcheck.span import Attribution, Flag, Label, Slice, Span
from claimcheck.voice import Kind, Stance

TABLE = [line.split("\t") for line in Path(__file__).with_name("voices.tsv").read_text("utf-8").splitlines()]


@pytest.mark.parametrize("text, speaker, kind, stance", TABLE)
def test_the_table(text, speaker, kind, stance):
    frame = Attribution(7, 7 + len(text), text)
    found = frame.speaker
    assert (found.text if found else "", frame.kind, frame.stance) == (speaker, kind, stance)


def test_the_table_holds_every_kind_and_stance():
    assert len(TABLE) >= 60
    assert {row[2] for row in TABLE} == set(Kind)
    assert {row[3] for row in TABLE} == set(Stance)


def test_the_speaker_has_offsets_in_the_callers_text():
    text = "امروز «وزیر نیرو» گفت: باران می‌بارد."
    frame = Attribution(6, 22, text[6:22])
    assert frame.speaker == Slice(7, 16, "وزیر نیرو")
    assert text[7:16] == "وزیر نیرو"
    assert frame.to_dict() == {
        "start": 6,
        "end": 22,
        "text": "«وزیر نیرو» گفت:",
        "speaker": {"start": 7, "end": 16, "text": "وزیر نیرو"},
        "kind": "role",
        "stance": "neutral",
    }


def test_frames_are_compared_and_hashed_by_their_place():
    assert len({Attribution(0, 4, "گفت:"), Attribution(0, 4, "گفت:")}) == 1


@given(TEXTS)
def test_any_string_is_a_frame(text):
    frame = Attribution(0, len(text), text)
    speaker = frame.speaker
    if speaker:
        assert text[speaker.start : speaker.end] == speaker.text != ""
    assert frame.kind in Kind and frame.stance in Stance


@pytest.mark.parametrize("piece", ["م", "!", "\u200c", "گفت ", "وزیر ", "، ", "«", "و ", "به گفته "])
def test_a_frame_of_a_million_signs_takes_no_time(piece):
    text = piece * (1_000_000 // len(piece))
    begun = time.perf_counter()
    assert Attribution(0, len(text), text).kind in Kind
    assert time.perf_counter() - begun < 1


def test_flags_are_in_the_dict_only_where_there_are_some():
    span = Span(0, 5, "باران", Label.CLAIM, 0.9, 0.5)
    assert "flags" not in span.to_dict()
    flag = Flag("urgency", 0.5, "It presses.", Slice(0, 5, "باران"), {"id": "7"})
    flagged = Span(0, 5, "باران", Label.CLAIM, 0.9, 0.5, flags=(flag,)).to_dict()
    assert flagged.pop("flags") == [flag.to_dict()]
    assert flagged == span.to_dict()
    assert flag.to_dict() == {
        "type": "urgency",
        "score": 0.5,
        "reason": "It presses.",
        "evidence": {"start": 0, "end": 5, "text": "باران"},
        "factcheck": {"id": "7"},
    }
    assert "factcheck" not in Flag("urgency", 0.5, "It presses.").to_dict()


def test_parquet_has_a_column_for_all_that_a_frame_says():
    pytest.importorskip("pyarrow")
    from claimcheck.scoring.arrow import flat_fields, span_fields
    from claimcheck.scoring.writers import FLAT

    frame = Attribution(0, 13, "وزیر نیرو گفت:").to_dict()
    kept = span_fields()[-1].type
    assert [field.name for field in kept] == list(frame)
    assert [field.name for field in kept.field("speaker").type] == list(frame["speaker"])
    assert [field.name.removeprefix("span_") for field in flat_fields()] == [
        name.removeprefix("span_") for name in FLAT
    ]
