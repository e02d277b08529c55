"""The page in headless Chromium: with the mouse, with the keyboard, with hostile text, on a phone, in the dark."""

import json
import shutil

import pytest

pytest.importorskip("fastapi", reason="needs claimcheck[serve]")
pytest.importorskip("selenium", reason="needs claimcheck[dev]")
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait
from serving import index_in, serving
from test_serve import REPORT, RUMOUR, word_file

from claimcheck import analyze
from claimcheck.serve import Limits, Service
from claimcheck.view import View

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="needs Debian's chromium and chromium-driver"),
]
TEXT = f"😀 {REPORT}\n{RUMOUR} به نظر من این تصمیم عجولانه است."


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    index = index_in(tmp_path_factory.mktemp("factchecks"))
    with serving(Service(factchecks=index, limits=Limits(characters=5_000))) as url:
        yield url


@pytest.fixture(scope="module")
def downloads(tmp_path_factory):
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module")
def browser(downloads):
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    opened = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    yield opened
    opened.quit()


class Page:
    """The page as people use it."""

    def __init__(self, browser, address):
        self.browser = browser
        browser.get("about:blank")  # a second visit to one address may return while the first still stands
        browser.get(address)
        self.wait(lambda: self.script("return document.readyState") == "complete")

    def __getitem__(self, name):
        return self.browser.find_element(By.ID, name)

    def all(self, selector):
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def wait(self, until):
        return WebDriverWait(self.browser, 20, 0.05).until(lambda _: until())

    def script(self, code, *given):
        return self.browser.execute_script(code, *given)

    def write(self, text):
        """Also what keys cannot type: emoji, controls."""
        self.script("document.getElementById('text').value = arguments[0]", text)

    def analyze(self, text):
        self.write(text)
        self.script("document.getElementById('status').textContent = ''")
        self["text"].send_keys(Keys.CONTROL, Keys.ENTER)
        self.wait(lambda: self["status"].text not in ("در حال تحلیل…", ""))
        return self.all("#marked mark")

    def focused(self):
        return self.browser.switch_to.active_element


@pytest.fixture
def page(browser, address):
    opened = Page(browser, address)
    yield opened
    assert [entry for entry in browser.get_log("browser") if "/view" not in entry["message"]] == []


def test_marks_are_the_spans(page):
    marks = page.analyze(TEXT)
    shown = [page.script("return arguments[0].textContent", mark) for mark in marks]
    labels = [mark.get_attribute("class").split()[0] for mark in marks]
    said = [text for text, label in zip(shown, labels, strict=True) if label != "cc-attribution"]
    assert said == [span.text for span in analyze(TEXT)]
    assert page.script("return document.querySelector('#marked').textContent") == TEXT
    counts = [page.script("return arguments[0].textContent", count) for count in page.all("[data-count]")]
    assert counts == ["۲", "۱", "۱"]


def test_a_span_says_why(page):
    page.wait(lambda: page["factchecks"].is_displayed())
    page["factchecks"].click()
    marks = page.analyze(TEXT)
    rumour = next(mark for mark in marks if "نان" in mark.text)
    rumour.click()
    page.wait(lambda: "تعیین‌کننده" in page["about"].text)
    about = page["about"].text
    for word in ("ادعا", "اطمینان", "ارزش راستی‌آزمایی", "شنیده‌ها حاکی است", "تعیین‌کننده", "منبع بی‌نام"):
        assert word in about
    assert "پیش‌تر بررسی‌شده" in about and "نادرست" in about
    frame = next(mark for mark in marks if "شنیده" in mark.text)
    frame.click()
    assert "قیمت نان" in page["about"].text, "a frame shows what stands under it"


def test_keyboard_alone(page):
    page["text"].send_keys(REPORT)
    page["text"].send_keys(Keys.CONTROL, Keys.ENTER)
    page.wait(lambda: page["result"].is_displayed())
    marks = page.all("#marked mark")
    assert [mark.get_attribute("tabindex") for mark in marks] == ["0", "-1", "-1", "-1"]
    for _ in range(12):
        page.focused().send_keys(Keys.TAB)
        if page.focused() == marks[0]:
            break
    else:
        pytest.fail("Tab never comes to the marks")
    for key, at in [
        (Keys.LEFT, 1),
        (Keys.DOWN, 2),
        (Keys.RIGHT, 1),
        (Keys.END, 3),
        (Keys.LEFT, 3),
        (Keys.HOME, 0),
    ]:
        page.focused().send_keys(key)
        assert page.focused() == marks[at]
    page.focused().send_keys(Keys.LEFT, Keys.ENTER)
    assert "فراخوان به عمل" in page["about"].text
    page["download"].send_keys(Keys.ESCAPE)
    assert page.focused() == marks[1]


def test_a_screen_reader_hears_names(page):
    marks = page.analyze(REPORT)
    for mark in marks:
        assert mark.get_attribute("role") == "button"
        assert mark.accessible_name.startswith(page.script("return arguments[0].textContent", mark))
    assert "اطمینان" in marks[1].accessible_name
    for control in page.all("button, textarea, select, input:not([hidden] *)"):
        assert control.accessible_name, control.get_attribute("outerHTML")
    assert page["status"].aria_role == "status"
    assert page.script("return [document.documentElement.lang, document.documentElement.dir]") == [
        "fa",
        "rtl",
    ]


def test_filters(page):
    page.analyze(TEXT)
    page.script("document.querySelector('#labels input[value=claim]').click()")
    on = page.all("#marked mark:not(.off)")
    assert {mark.get_attribute("class").split()[0] for mark in on} == {
        "cc-attribution",
        "cc-opinion",
        "cc-call_to_action",
    }
    page.script(
        "const it = document.getElementById('least'); it.value = 1; it.dispatchEvent(new Event('input'))"
    )
    assert page.all("#marked mark:not(.off)") == []
    assert page["least-shown"].text == "۱۰۰٪"


@pytest.mark.parametrize("kind", ["json", "csv", "html", "claimreview"])
def test_downloads(page, downloads, kind):
    page.analyze(TEXT)
    page.script("document.querySelector('#labels input[value=opinion]').click()")
    Select(page["kind"]).select_by_value(kind)
    page["download"].click()
    name = {"claimreview": "claimcheck.jsonld"}.get(kind, f"claimcheck.{kind}")
    path = downloads / name
    page.wait(path.exists)
    content = path.read_text("utf-8")
    path.unlink()
    spans = [span for span in analyze(TEXT, cues=True) if span.label != "opinion"]
    if kind == "json":
        kept = [(one["start"], one["text"]) for one in json.loads(content)["spans"]]
        assert kept == [(span.start, span.text) for span in spans], "code points, whatever JavaScript counts"
    elif kind == "claimreview":
        assert [one["claimReviewed"] for one in json.loads(content)] == [
            span.text for span in spans if span.label == "claim"
        ]
    elif kind == "html":
        assert content == View(TEXT, spans).to_html()
    else:
        assert len(content.splitlines()) == 1 + len(spans)


def test_copy(page):
    page.analyze(TEXT)
    Select(page["kind"]).select_by_value("csv")
    page["copy"].click()
    page.wait(lambda: "رونوشت" in page["status"].text)
    page.write("")
    page["text"].send_keys(Keys.CONTROL, "v")
    assert page["text"].get_attribute("value").lstrip("\ufeff").startswith("start,end,label")


def test_what_to_check_first(page):
    page.analyze(TEXT)
    page["order"].click()
    page.wait(lambda: page.all("#ordered li"))
    first, _ = page.all("#ordered li")
    assert "×" in first.text
    first.find_element(By.TAG_NAME, "button").click()
    assert page.focused().tag_name == "mark" and "chosen" in page.focused().get_attribute("class")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", RUMOUR.encode("utf-16"), RUMOUR),
        ("a.docx", word_file(REPORT, RUMOUR), f"{REPORT}\n{RUMOUR}"),
        ("a.CSV", f"id,متن\n1,{REPORT}\n2,{RUMOUR}\n".encode(), f"{REPORT}\n\n{RUMOUR}"),
    ],
)
def test_files(page, tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    page["file"].send_keys(str(tmp_path / name))
    page.wait(lambda: "خوانده شد" in page["status"].text)
    assert page["text"].get_attribute("value") == said


def test_a_dropped_file(page):
    drop = """
        const given = new DataTransfer();
        given.items.add(new File([arguments[0]], "خبر.txt"));
        document.getElementById("text").dispatchEvent(
            new DragEvent("drop", {dataTransfer: given, bubbles: true, cancelable: true}));
    """
    page.script(drop, RUMOUR)
    page.wait(lambda: page["text"].get_attribute("value") == RUMOUR)


def test_what_the_server_refuses_is_said(page, browser):
    page.write("باید برویم. " * 500)
    page["text"].send_keys(Keys.CONTROL, Keys.ENTER)
    page.wait(lambda: "بلندتر" in page["status"].text)
    assert "at most 5,000" in page["status"].text
    assert not page["result"].is_displayed()
    page["clear"].click()
    page["text"].send_keys(Keys.CONTROL, Keys.ENTER)
    assert page["status"].text == "متنی ننوشته‌اید."


HOSTILE = {
    "script": "<script>document.title = 'hacked'</script> باید برویم.",
    "handler": "باید <img src=x onerror=\"document.title='hacked'\"> برویم.",
    "closing": "باید </bdi></mark></div><h1>برویم</h1>.",
    "attribute": '«" onfocus="document.title=\'hacked\'" x="» گفت: باید برویم.',
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_html_in_the_text(page, text):
    page.analyze(text)
    assert page.script("return document.querySelector('#marked').textContent") == text
    assert page.all("#marked script, #marked img, #marked h1") == []
    for mark in page.all("#marked mark"):
        mark.click()
    assert "hacked" not in page.browser.title


@pytest.mark.parametrize(
    "control", ["\u202e", "\u2066\u202e", "\u2069\u2069\u2069\u202e", "\u202d", "\u2067"]
)
def test_bidi_controls_reorder_nothing_around(page, control):
    """A control inside one span leaves the places of what stands after it as they were."""
    tails = []
    for put in ("", control):
        marks = page.analyze(f"{put}باید صرفه‌جویی کنیم، مدیر شرکت گفت. مصرف برق ۱۲ درصد رشد کرد.")
        assert len(marks) >= 2
        marks[0].click()
        places = "return ['#marked mark:last-of-type', '#about dl', '#status'].map((each) => " + (
            "document.querySelector(each).getBoundingClientRect().x)"
        )
        tails.append([*page.script(places), page["status"].text])
    assert tails[0][1:] == tails[1][1:]
    assert abs(tails[0][0] - tails[1][0]) < 30, "the last span stands elsewhere"


def test_nothing_is_loaded_from_elsewhere(browser, address):
    browser.get_log("performance")
    page = Page(browser, address)
    page.analyze(REPORT)
    asked = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    urls = [one["params"]["request"]["url"] for one in asked if one["method"] == "Network.requestWillBeSent"]
    assert len(urls) > 4
    assert all(url.startswith((address, "blob:")) for url in urls)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone(browser, address, scheme):
    size = {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    feature = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": feature})
    try:
        page = Page(browser, address)
        marks = page.analyze(TEXT)
        marks[-1].click()
        assert page.script("return document.documentElement.scrollWidth") <= 360
        small = page.script(
            "return [...document.querySelectorAll('button, .button, select')]"
            ".filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 43).map((e) => e.id)"
        )
        assert small == [], "too small for a thumb"
        ground = page.script("return getComputedStyle(document.body).backgroundColor")
        assert (ground == "rgb(255, 255, 255)") == (scheme == "light")
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_a_token_is_asked_for(browser):
    with serving(Service(token="s3cret", limits=Limits())) as url:
        page = Page(browser, url)
        page.write(REPORT)
        page["text"].send_keys(Keys.CONTROL, Keys.ENTER)
        page.wait(lambda: page["token"].is_displayed())
        assert page.focused() == page["token"]
        page["token"].send_keys("s3cret", Keys.ENTER)
        page.wait(lambda: page.all("#marked mark"))


def test_a_server_that_is_gone(browser):
    with serving(Service()) as url:
        page = Page(browser, url)
    page.write(REPORT)
    page["text"].send_keys(Keys.CONTROL, Keys.ENTER)
    page.wait(lambda: "پاسخ نمی‌دهد" in page["status"].text)
    assert page["text"].get_attribute("value") == REPORT
