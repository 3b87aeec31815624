"""What does a message show? Its tags, and its text as people read it."""

from html.parser import HTMLParser


class Reader(HTMLParser):
    """Tags and text of a message."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data
