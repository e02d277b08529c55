"""What the tests of the views share: spans by their text, and a page read back."""

from html.parser import HTMLParser

from claimcheck.span import Attribution, Label, Span


def span(text, piece, label=Label.CLAIM, confidence=0.9, worth=None, frame=None):
    start = text.index(piece)
    return Span(start, start + len(piece), piece, label, confidence, worth, frame)


def frame(text, piece):
    return Attribution(text.index(piece), text.index(piece) + len(piece), piece)


class Page(HTMLParser):
    """The marks of a fragment with their attributes, and the text of ``cc-text``."""

    VOID = ("meta", "br")

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.open, self.text, self.marks, self.tags = [], "", [], []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append((tag, attrs))
        if tag not in self.VOID:
            self.open.append((tag, attrs.get("class")))
        if tag == "mark" and self.inside:
            self.marks.append({**attrs, "text": ""})

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        if self.inside:
            self.text += data
            if any(tag == "mark" for tag, _ in self.open):
                self.marks[-1]["text"] += data

    @property
    def inside(self):
        return ("div", "cc-text") in self.open
