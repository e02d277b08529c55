"""What to label next: the unsure first, no two alike, files that annotation tools open."""

import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from claimcheck import load, tags
from claimcheck import suggest as module
from claimcheck.cli import main
from claimcheck.examples import Example, read_examples, write_examples
from claimcheck.suggest import suggest, uncertainties

SUBJECTS = ("وزیر نیرو", "این فیلم", "همسایهٔ ما", "تیم ملی", "شهردار یزد", "نویسندهٔ کتاب", "بانک مرکزی")
DEEDS = (
    "دیروز از سه کارخانه بازدید کرد",
    "به نظرم اصلاً خوب نبود",
    "باید هرچه زودتر پاسخ بدهد",
    "گفت: قیمت نان ۱۲ درصد بالا رفت",
    "امسال ۴۰ هزار نسخه فروخته است",
)
TEXTS = [f"{subject} {deed}." for subject in SUBJECTS for deed in DEEDS]


def _texts(texts):
    return [Example(str(i), text) for i, text in enumerate(texts)]


def _file(folder, texts, name="texts.txt"):
    path = folder / name
    path.write_text("\n".join(texts) + "\n", encoding="utf-8")
    return path


def _suggest(*argv):
    return main(["suggest", *map(str, argv)])


# ---- how unsure


def _said(rows):
    return np.log(np.array(rows) + 1e-12)


def test_entropy_is_0_where_the_model_is_sure_and_1_where_all_labels_are_equal():
    sure = [0, 0, 1, 0, 0, 0]
    equal = [0.2, 0.2, 0.2, 0.2, 0.1, 0.1]  # the two claims are one label
    worth = [0, 0, 0, 0, 0.5, 0.5]
    assert module._entropy(_said([sure, equal, worth])) == pytest.approx([0, 1, 0], abs=1e-6)


def test_uncertainty_is_that_of_the_words_and_of_eight_sure_ones(tiny_model):
    text = TEXTS[0]
    ((encoding, said),) = tiny_model.tag_log_probabilities([text], [[(0, len(text))]])
    words = tags.words(text, 0, len(text))
    entropy = module._entropy(tags.word_log_probabilities(said, encoding.starts, words))
    assert uncertainties(tiny_model, [text]) == pytest.approx([entropy.sum() / (len(words) + 8)])


def test_too_short_too_long_and_empty_texts_are_never_unsure(tiny_model):
    assert uncertainties(tiny_model, ["خبر تازه", TEXTS[0] * 40, "", "😀"]) == [0, 0, 0, 0]


# ---- which


def test_without_likeness_the_least_sure_come_first(tiny_model, monkeypatch):
    monkeypatch.setattr(module, "_vectors", lambda texts: np.zeros((len(texts), 1), np.float32))
    scores = uncertainties(tiny_model, TEXTS)
    assert not module.near_pairs([module.fold_text(text) for text in TEXTS])
    picked = suggest(tiny_model, _texts(TEXTS), 5)
    assert [int(example.id) for example in picked] == sorted(range(len(TEXTS)), key=lambda i: -scores[i])[:5]
    assert [example.extra["score"] for example in picked] == [
        round(score, 4) for score in sorted(scores, reverse=True)[:5]
    ]


def test_a_text_far_from_those_picked_goes_before_one_a_little_less_sure():
    texts = [TEXTS[0], TEXTS[0].replace("سه", "چند"), TEXTS[16]]
    vectors = module._vectors(texts)
    assert vectors[0] @ vectors[1] > 0.5 > vectors[0] @ vectors[2]
    assert module._spread(texts, np.array([0.5, 0.49, 0.4]), 2, []) == [0, 2]


@pytest.mark.parametrize(
    "twin",
    [
        pytest.param(lambda text: text, id="equal"),
        pytest.param(lambda text: text.replace("ی", "ي").replace("ک", "ك"), id="Arabic letters"),
        pytest.param(lambda text: text.replace(" رفته است", "\u200cرفته\u200cاست"), id="ZWNJ for blanks"),
        pytest.param(lambda text: "خب " + text, id="one word more"),
    ],
)
def test_near_duplicates_are_picked_once_and_never_again(tiny_model, twin):
    text = "شهردار یزد در نشست خبری دیروز گفت: قیمت نان در سه ماه گذشته ۱۲ درصد بالا رفته است."
    both = _texts([text, twin(text), TEXTS[1]])
    assert len(suggest(tiny_model, both, 3)) == 2
    assert [e.id for e in suggest(tiny_model, both, 3, labelled=[twin(text)])] == ["2"]


def test_it_is_the_same_whatever_is_read_at_once_and_holds_no_more_than_it_must(tiny_model, monkeypatch):
    picked = suggest(tiny_model, _texts(TEXTS), 3)
    monkeypatch.setattr(module, "_BATCH", 4)
    assert suggest(tiny_model, _texts(TEXTS), 3) == picked
    monkeypatch.setattr(module, "_POOL", 2)
    kept = module._least_sure(tiny_model, _texts(TEXTS), 6, (1, 99))
    scores = sorted(uncertainties(tiny_model, TEXTS), reverse=True)
    assert [score for score, _ in kept] == scores[:6]


def test_spans_are_the_model_s(tiny_model):
    for example in suggest(tiny_model, _texts(TEXTS), 8):
        assert [(s.start, s.end, s.label) for s in example.spans] == [
            (s.start, s.end, s.label) for s in tiny_model.segments(example.text)
        ]


def test_another_language_in_persian_letters_is_passed_over(tiny_model):
    azeri = "قارداشیم دونن آخشام کیتابخانادان اوچ دنه یئنی کیتاب گتیردی و اوخودو."
    assert uncertainties(tiny_model, [azeri])[0] > 0
    assert {e.text for e in suggest(tiny_model, _texts([azeri, *TEXTS]), 99)} == set(TEXTS)


def test_none_at_all_is_an_error(tiny_model):
    with pytest.raises(ValueError, match="at least 1"):
        suggest(tiny_model, _texts(TEXTS), 0)


# ---- the command


@pytest.mark.parametrize("name", ["doccano", "jsonl"])
def test_the_file_reads_as_labelled_data(tmp_path, tiny_folder, capsys, name):
    out = tmp_path / "next.jsonl"
    texts = _file(tmp_path, [*TEXTS, "", "تیم ملی 😀 گفت: قیمت بلیت ۳ برابر شد."])
    assert _suggest(texts, "-o", out, "--many", 6, "--model", tiny_folder, "--format", name) == 0
    assert f"{out}: 6 of 36 texts for {name}, uncertainty" in capsys.readouterr().out
    picked = list(read_examples(out, format=name))
    lines = texts.read_text(encoding="utf-8").split("\n")
    assert [lines[int(example.id.removeprefix("texts.txt:")) - 1] for example in picked] == [
        example.text for example in picked
    ]
    wanted = suggest(load(tiny_folder), _texts(filter(None, lines)), 6)
    assert [(e.text, e.spans, e.extra) for e in picked] == [(e.text, e.spans, e.extra) for e in wanted]


def test_label_studio_gets_predictions_which_are_no_labels_yet(tmp_path, tiny_folder):
    out = tmp_path / "next.json"
    assert _suggest(_file(tmp_path, TEXTS), "-o", out, "--many", 3, "--model", tiny_folder) == 0
    tasks = json.loads(out.read_text(encoding="utf-8"))
    assert len(tasks) == 3
    for task in tasks:
        assert task.keys() == {"data", "predictions"}
        assert 0 < task["data"]["score"] < 1
        for region in task["predictions"][0]["result"]:
            value = region["value"]
            assert task["data"]["text"][value["start"] : value["end"]] == value["text"]
    with pytest.raises(ValueError, match="predictions are not labels"):
        list(read_examples(out))


def test_json_lines_keep_what_stands_beside_the_text(tmp_path, tiny_folder):
    rows = [{"id": f"n{i}", "body": text, "genre": "news", "url": f"u{i}"} for i, text in enumerate(TEXTS)]
    texts = _file(tmp_path, [json.dumps(row) for row in rows], "texts.jsonl")
    out = tmp_path / "next.jsonl"
    argv = (
        texts,
        "-o",
        out,
        "--many",
        2,
        "--model",
        tiny_folder,
        "--text-field",
        "body",
        "--format",
        "jsonl",
    )
    assert _suggest(*argv) == 0
    for example in read_examples(out):
        number = int(example.id[1:])
        assert (example.text, example.genre) == (TEXTS[number], "news")
        assert example.extra["url"] == f"u{number}"


def test_what_is_labelled_is_not_offered_again(tmp_path, tiny_folder, capsys):
    labelled, out = tmp_path / "labelled.jsonl", tmp_path / "next.jsonl"
    write_examples(_texts(TEXTS[:33]), labelled)
    texts = _file(tmp_path, TEXTS)
    assert _suggest(texts, "-o", out, "--model", tiny_folder, "--labelled", labelled) == 0
    said = capsys.readouterr()
    assert "2 of 35 texts" in said.out
    assert "200 were asked for" in said.err
    assert {example.text for example in read_examples(out)} == set(TEXTS[33:])


def test_passages_can_be_cut_into_sentences(tmp_path, tiny_folder):
    out = tmp_path / "next.jsonl"
    texts = _file(tmp_path, [" ".join(TEXTS[:5]), TEXTS[5]])
    assert _suggest(texts, "-o", out, "--sentences", "--model", tiny_folder) == 0
    found = {example.text: example.id for example in read_examples(out)}
    assert set(found) == set(TEXTS[:6])
    assert found[TEXTS[4]] == "texts.txt:1#5"
    assert found[TEXTS[5]] == "texts.txt:2"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        pytest.param("a.txt", "تيم ملي ديروز باخت".encode("cp1256"), "a.txt:1: not UTF-8", id="encoding"),
        pytest.param("a.jsonl", b'{"text": 1}', "a.jsonl:1: 'text' must be a string", id="no text"),
        pytest.param("a.jsonl", b'{"body": "x"}', "there are: body", id="other field"),
        pytest.param("a.jsonl", b'{"text"', "a.jsonl:1: not JSON", id="no JSON"),
        pytest.param("a.jsonl", b"[1]", "a JSON object was wanted", id="a list"),
        pytest.param("a.txt", b"", "none of 0 texts can be suggested", id="empty"),
        pytest.param("a.txt", b"hello there, dear old world\n", "none of 1 texts", id="no Persian"),
    ],
)
def test_bad_texts_are_one_clear_error_and_no_file(tmp_path, tiny_folder, capsys, name, content, said):
    (tmp_path / name).write_bytes(content)
    out = tmp_path / "out.jsonl"
    assert _suggest(tmp_path / name, "-o", out, "--model", tiny_folder) == 1
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not out.exists()


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (("none.txt", "-o", "out.jsonl"), 1, "none.txt does not exist"),
        ((".txt", "-o", "out.jsonl"), 2, "texts are read from .txt"),
        (("texts.csv", "-o", "out.jsonl"), 2, "texts are read from .txt"),
        (("texts.txt", "-o", "texts.txt"), 2, "would be written over"),
        (("texts.txt", "-o", "nowhere/out.jsonl"), 1, "there is no folder nowhere"),
        (("texts.txt", "-o", "out.jsonl", "--many", "0"), 2, "--many must be 1 or more"),
        (("texts.txt", "-o", "out.jsonl", "--words", "9", "3"), 2, "LEAST <= MOST"),
        (("texts.txt", "-o", "out.jsonl", "--model", "nothing"), 1, "nothing"),
    ],
)
def test_a_command_that_cannot_be_done_says_why(tmp_path, monkeypatch, capsys, argv, code, said):
    monkeypatch.chdir(tmp_path)
    _file(tmp_path, TEXTS)
    assert _suggest(*argv) == code
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out.jsonl").exists()


def test_the_script_sets_what_is_picked_beside_random_draws(
    tmp_path, tiny_folder, examples, monkeypatch, capsys
):
    data, script = tmp_path / "dev.jsonl", Path(__file__).parent.parent / "scripts" / "suggestions.py"
    write_examples(examples, data)
    monkeypatch.setattr(sys, "argv", [str(script), str(data), "--many", "1", "--model", str(tiny_folder)])
    runpy.run_path(str(script), run_name="__main__")
    header, random, suggested = (line.split() for line in capsys.readouterr().out.splitlines())
    assert len(header) == len(random) - 1 == len(suggested) - 1 == 5
    words = [len(example.text.split()) for example in examples]
    assert min(words) <= int(random[1]) <= max(words)
    assert int(suggested[1]) in words
