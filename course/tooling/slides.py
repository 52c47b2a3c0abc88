"""Slides of a lesson: one file of HTML with everything inside, made from the notebook as it is stored.

What stands on a slide follows from what a cell is: of prose its headings, displayed equations, lists and tables, of
code what it showed. The prose itself goes into the speaker's notes. Two tags say more: SHOW_CODE shows a cell's code,
SKIP leaves a cell out.
"""

import base64
import copy
import html
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby, pairwise

from nbformat import NotebookNode

from course.lesson import exercises, words
from course.recipes.web import WEB

SHOW_CODE, SKIP = "slide-code", "slide-skip"
ANSWER = "→ "  # begins the line that answers a question
SOURCES = "Sources"  # a section that is not for the screen
SCORED = re.compile(rf"^(\S+p\d+)  ({words.MEASURED.split('{')[0]}[^·\n]+?) · .*$", re.MULTILINE)
WORDS_PER_MINUTE = 130  # of a lecturer who explains
SECONDS = {"figure": 30, "prediction": 60, "exercise": 45, "code": 30}  # to look, to vote, to read
ROOM, GAP = 590, 10  # pixels below a slide's title, and between its blocks
LINE = {
    "prose": (38, 78),
    "small": (31, 92),
    "claim": (34, 82),
    "row": (30, 75),
    "code": (29, 84),
}  # a line's height in pixels, and its characters
ROW = 12  # above and below a line of a table
FIGURE = 420  # what a figure needs at least
SENTENCES = 140  # what may stand above a figure or a question
TEXT = ("lead", "prose")
OWN_SCREEN = ("figure", "prediction", "exercise")
LEAD, LONGEST_TABLE = (25, 170), 11  # characters, rows


@dataclass
class Block:
    """A part of a slide that is not divided: its HTML, and the height in pixels that it needs."""

    html: str
    height: float
    kind: str = "prose"


@dataclass
class Slide:
    """One screen: the section that it belongs to, its blocks, what the speaker says, and knows, in Markdown."""

    section: str
    blocks: list[Block]
    notes: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)  # to the quizzes and exercises on it; not said, so without time

    @property
    def seconds(self) -> int:
        """How long it takes: the notes at a lecturer's pace, and time to look, to vote or to read."""
        spoken = 60 * len(" ".join(self.notes).split()) / WORDS_PER_MINUTE
        return round(max(10, spoken + sum(SECONDS.get(block.kind, 0) for block in self.blocks)))


def page(notebook: NotebookNode) -> str:
    """The slides of the lesson as one HTML file that needs nothing else."""
    shown = slides(notebook)
    sections = "\n".join(_section_html(slide, first=number == 0) for number, slide in enumerate(shown))
    title = html.escape(notebook.metadata["course"]["title"])
    parts = {"title": title, "style": styles(), "slides": sections, "script": scripts()}
    return (WEB / "slides.html").read_text(encoding="utf-8").format_map(parts)


def plan(notebook: NotebookNode) -> list[tuple[str, float]]:
    """(section, minutes) of the lesson's slides, in order."""
    by_section = groupby(slides(notebook), key=lambda slide: slide.section)
    return [(section, sum(slide.seconds for slide in group) / 60) for section, group in by_section]


def slides(notebook: NotebookNode) -> list[Slide]:
    """The slides, in the lesson's order."""
    shown: list[Slide] = []
    section = ""
    for cell in _with_answers(notebook).cells:
        if SKIP not in cell.metadata.get("tags", []):
            for part in _by_heading(cell):
                section, notes = _said(part, section)
                shown += _shown(part, section, notes)
    shown[0].blocks = [block for block in shown[0].blocks if block.kind in TEXT]
    return _without_lone_leads(_joined(shown))


def _with_answers(notebook: NotebookNode) -> NotebookNode:
    """A copy in which the line that scores a prediction says again what was asked."""
    notebook = copy.deepcopy(notebook)
    streams = [output for cell in notebook.cells for output in cell.get("outputs", []) if "text" in output]
    printed = "\n".join(output.text for output in streams)
    asked = dict(reversed(re.findall(r"^(\S+p\d+)  (.+)$", printed, re.MULTILINE)))  # the first line of an id asks
    for output in streams:
        output.text = re.sub(SCORED, lambda line: f"{ANSWER}{asked[line[1]]} · {line[2]}", output.text)
    return notebook


def _by_heading(cell: NotebookNode) -> list[NotebookNode]:
    """The cell; one of text is cut before each of its headings."""
    if cell.cell_type == "code":
        return [cell]
    return [NotebookNode(cell | {"source": text}) for text in re.split(r"\n(?=#+\s)", cell.source)]


def _shown(cell: NotebookNode, section: str, notes: list[str]) -> list[Slide]:
    """The cell's slides, at least one; the first has its notes."""
    made = [Slide(section, blocks) for blocks in _screens(_blocks(cell))] or [Slide(section, [])]
    made[0].notes += notes
    made[-1].answers += _solutions(cell)
    return made


def _solutions(cell: NotebookNode) -> Iterator[str]:
    """The right answers to what a cell of code asks, for the speaker alone."""
    source = cell.source if cell.cell_type == "code" else ""
    for kind, id in re.findall(r"""^(quiz|exercise)\(["'](\S+?)["']\)""", source, re.MULTILINE):
        if kind == "exercise" and (task := exercises.find("EXERCISES", id)):
            yield f"*Answer {id}*:\n\n```\n{task.solution}\n```"
        if kind == "quiz" and (asked := exercises.find("QUIZZES", id)):
            yield f"*Answer {id}*: **{asked.right}**. {asked.options['abcdefgh'.index(asked.right)][1]}"


def _joined(shown: list[Slide]) -> list[Slide]:
    """The slides, those being one that are neighbours in a section and fit on one screen; none is empty."""
    kept: list[Slide] = []
    for slide in shown:
        last = kept[-1] if kept else Slide("", [])
        together = last.section == slide.section and len(list(_screens(last.blocks + slide.blocks))) < 2
        if kept and (together or not slide.blocks):
            last.blocks += slide.blocks
            last.notes += slide.notes
            last.answers += slide.answers
        else:
            kept.append(slide)
    return kept


def _without_lone_leads(shown: list[Slide]) -> list[Slide]:
    """The slides; a first sentence that found no room beside what it leads to is left to the speaker."""
    kept: list[Slide] = []
    waiting: list[str] = []
    for slide, following in zip(shown, [*shown[1:], Slide("", [])], strict=True):
        slide.notes, waiting = waiting + slide.notes, []
        if [block.kind for block in slide.blocks] == ["lead"] and following.section == slide.section:
            waiting = slide.notes
        else:
            kept.append(slide)
    return kept


def _said(cell: NotebookNode, section: str) -> tuple[str, list[str]]:
    """(the section from here on, what the speaker says): a text's heading, and the text."""
    if cell.cell_type != "markdown":
        captions = [output.data["text/plain"] for output in cell.outputs if "text/html" in output.get("data", {})]
        return section, [f"*{words.CAPTION}* {caption}" for caption in captions]
    heading = re.match(r"#+\s+(.+)", cell.source)
    text = re.sub(r"^#+\s+.+\n*|<!--.*?-->", "", cell.source)
    return heading[1] if heading else section, [text.strip()] if text.strip() else []


def _screens(blocks: list[Block]) -> Iterator[list[Block]]:
    """The blocks, as many on a screen as fit; a figure and a question have nothing above them but a sentence or two."""
    screen: list[Block] = []
    for block in blocks:
        above = sum(other.height + GAP for other in screen)
        crowded = block.kind in OWN_SCREEN and (above > SENTENCES or any(other.kind not in TEXT for other in screen))
        asked = bool(screen) and screen[-1].kind == "prediction"  # nothing that could be its answer stands below it
        if screen and (crowded or asked or above + block.height > ROOM):
            yield screen
            screen = []
        screen.append(block)
    if screen:
        yield screen


def _blocks(cell: NotebookNode) -> list[Block]:
    if cell.cell_type == "markdown":
        return list(_text_blocks(cell.source))
    code = list(_code_blocks(cell.source)) if SHOW_CODE in cell.metadata.get("tags", []) else []
    return code + [block for output in cell.outputs for block in _output_blocks(output)]


def _text_blocks(markdown: str) -> Iterator[Block]:
    """What of a text stands on the slide; below a heading also the first sentence."""
    text = re.sub(r"<!--.*?-->", "", markdown)
    if re.match(rf"#+ {SOURCES}\b", text):
        return
    parts = [part.strip() for part in re.split(r"\n\s*\n|\n(?=\$\$)|(?<=\$\$)\n", text) if part.strip()]
    if parts and parts[0].startswith("#"):
        parts = [*parts[0].split("\n", 1)[1:], *parts[1:]]
        if parts and (lead := _lead(parts[0])):
            yield Block(_markdown(lead), _height(lead), "lead")
    for part in parts:
        if block := _prose_block(part):
            yield block


def _lead(part: str) -> str:
    """The paragraph's first sentence; empty for what is no paragraph, and for a sentence too short or too long."""
    if re.match(r"\$\$|\||[*-]\s|\d+\.\s|\*\*", part):
        return ""
    sentence = re.match(r"(?:[^.?!$`]|\$[^$]*\$|`[^`]*`|[.?!](?!\s|$))+[.?!]", part)
    fits = sentence and LEAD[0] <= len(sentence[0]) <= LEAD[1] and not re.search("arXiv|et al", sentence[0])
    return sentence[0] if fits else ""


def _prose_block(part: str) -> Block | None:
    """Of a paragraph what stands on the slide: equations, lists, tables, and sentences in bold; else None."""
    if part.startswith("$$"):
        return Block(_markdown(part), 110)
    if part.startswith("|"):
        return _table_block(part)
    if re.match(r"[*-]\s|\d+\.\s", part):
        items = re.split(r"\n(?=[*-]\s|\d+\.\s)", part)
        block = Block(_markdown(part), sum(8 + _height(item, "small") for item in items), "list")
        return block if block.height <= ROOM else None
    if part.startswith("**"):
        bold = part.split("**")[1]
        return None if len(bold) < LEAD[0] else Block(_markdown(f"**{bold}**"), 8 + _height(bold))
    return None


def _table_block(text: str) -> Block | None:
    """The table, unless it is too long or too wide to be read from the back row."""
    rows = text.strip().splitlines()
    if len(rows) > LONGEST_TABLE or max(map(len, rows)) > 100:
        return None
    return Block(_markdown(text), sum(ROW + _height(row, "row") for row in rows) - ROW, "table")


def _output_blocks(output: NotebookNode) -> Iterator[Block]:
    """A figure, a table, an exercise, or what was printed."""
    data = output.get("data", {})
    if "image/png" in data:
        yield _figure_block(data["image/png"], output.metadata["image/png"]["alt"])
    elif "text/markdown" in data:
        yield from _markdown_blocks(data["text/markdown"])
    elif output.output_type == "stream":
        yield from _printed_blocks(output.text)


def _figure_block(png: str, alt: str) -> Block:
    source = f"data:image/png;base64,{''.join(png.split())}"
    return Block(f'<img src="{source}" alt="{html.escape(alt)}">', FIGURE, "figure")


def _markdown_blocks(text: str) -> Iterator[Block]:
    """An exercise's statement, a function's source, or a table; what is too long is left to the notebook."""
    if text.startswith("**Exercise"):
        yield Block(_markdown(text), 10 + _height(text), "exercise")
    elif text.startswith("```"):
        yield from _code_blocks(text.strip("`").removeprefix("python").strip())
    elif text.startswith("|") and (table := _table_block(text)):
        yield table


def _printed_blocks(text: str) -> Iterator[Block]:
    """Questions, their answers, claims, and other lines as they were printed; what waits for a reader is left out."""
    for kind, group in groupby(re.split(r"\n(?! )", text.strip("\n")), key=_kind_of_print):
        paragraphs = list(group)
        if kind == "question":
            yield from (_question_block(paragraph.splitlines()) for paragraph in paragraphs)
        elif kind == "claim":
            yield from map(_claim_block, paragraphs)
        elif kind == "printed":
            yield from map(_printed_block, _in_parts("\n".join(paragraphs)))


def _kind_of_print(paragraph: str) -> str:
    if re.match(rf"{words.TODO}|\S+p\d+  {words.MEASURED.split('{')[0]}", paragraph):
        return "left out"
    if re.match(r"Quiz |\S+p\d+  ", paragraph):
        return "question"
    return "claim" if paragraph.startswith((words.RIGHT, words.WRONG, ANSWER)) else "printed"


def _question_block(lines: list[str]) -> Block:
    """A question with its options, as the room sees it before anything is measured."""
    question = re.sub(r"^(Quiz )?\S+  ", "", lines[0])
    options = "".join(f"<li>{html.escape(line.strip(' ·'))}</li>" for line in lines[1:])
    height = 1.5 * _height(question) + sum(30 + _height(line) for line in lines[1:])
    return Block(f'<p class="question">{html.escape(question)}</p><ul>{options}</ul>', height, "prediction")


def _claim_block(line: str) -> Block:
    """A claim, or a question that was answered: what is claimed or was asked, below it the numbers."""
    what, *numbers = line.split(" · ")
    mark, rest = what[0], what[1:]
    below = html.escape(" · ".join(numbers))
    text = f"<p><b>{mark}</b>{html.escape(rest)}<br><span>{below}</span></p>"
    return Block(text, 8 + _height(what, "claim") + _height(below, "claim"), "claim")


def _printed_block(text: str) -> Block:
    return Block(f"<pre>{html.escape(text)}</pre>", 12 + _height(text, "code"), "printed")


def _code_blocks(source: str) -> Iterator[Block]:
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    coloured = highlight(source, PythonLexer(stripnl=False), HtmlFormatter(nowrap=True, noclasses=True, style="xcode"))
    lines = coloured.splitlines()  # as a whole, for a part may begin inside a string
    for begin, end in _spans(source):
        part = "\n".join(source.splitlines()[begin:end])
        shown = "\n".join(lines[begin:end])
        yield Block(f'<div class="highlight"><pre>{shown}</pre></div>', 12 + _height(part, "code"), "code")


def _in_parts(text: str) -> Iterator[str]:
    """The lines of a print, in as many parts of equal length as it takes screens."""
    return ("\n".join(text.splitlines()[begin:end]) for begin, end in _spans(text))


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """(begin, end) of the lines that stand on each screen."""
    count, screens = len(text.splitlines()), math.ceil(_height(text, "code") / (ROOM - 60))
    return pairwise(round(k * count / screens) for k in range(screens + 1))


def _height(text: str, kind: str = "prose") -> float:
    """The height of the text in pixels, its lines being folded."""
    height, characters = LINE[kind]
    return height * sum(math.ceil(max(1, len(line)) / characters) for line in text.splitlines())


def _markdown(text: str) -> str:
    from nbconvert.filters import markdown2html

    return str(markdown2html(text))


def _section_html(slide: Slide, first: bool) -> str:
    heading = "h1" if first else "h2"
    title = _markdown(re.sub(r"^(\d+)\.", r"\1\\.", slide.section)).replace("<p>", "").replace("</p>", "").strip()
    body = "\n".join(f'<div class="{block.kind}">{block.html}</div>' for block in slide.blocks)
    notes = _markdown("\n\n".join(slide.notes + slide.answers))
    return (
        f'<section data-timing="{slide.seconds}"><div class="screen"><{heading}>{title}</{heading}>{body}</div>'
        f'<aside class="notes">{notes}</aside></section>'
    )


def styles() -> str:
    """The style sheets, the fonts inside."""
    katex = (WEB / "katex" / "katex.min.css").read_text(encoding="utf-8")
    katex = re.sub(r"src:url\(fonts/(\S+?\.woff2)\)[^}]*?(?=[};])", _font, katex)
    return "\n".join([_asset("reveal/reveal.css"), katex, _asset("slides.css")])


def scripts() -> str:
    """The scripts; none of them holds the end of a script element."""
    names = ("reveal/reveal.js", "katex/katex.min.js", "katex/auto-render.min.js", "slides.js")
    return "\n".join(_asset(name).replace("</script", "<\\/script") for name in names)


def _font(found: re.Match) -> str:
    encoded = base64.b64encode((WEB / "katex" / "fonts" / found[1]).read_bytes()).decode()
    return f"src:url(data:font/woff2;base64,{encoded}) format('woff2')"


def _asset(name: str) -> str:
    return (WEB / name).read_text(encoding="utf-8")
