import re

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course.lesson import words
from course.tooling import notebooks, slides

PNG = "iVBORw0KGgo="
TEXT = (
    "# 9.1 Two\n\n**Is one and one always two, or only sometimes?**\n\n* not on the title\n\n## Why\n\n"
    "One and one is two, as was known before. It is said at length.\n\n$$1 + 1 = 2$$\n\n"
    "| a | b |\n|:--|:--|\n| 1 | 2 |\n"
)


def lesson(*cells):
    notebook = new_notebook(cells=list(cells))
    notebook.metadata["course"] = {"title": "Two"}
    return notebook


def printed(text, tags=(), source="print(x)"):
    return new_code_cell(source, outputs=[new_output("stream", text=text)], metadata={"tags": list(tags)})


def drawn(alt="A line rises from one to two."):
    picture = new_output("display_data", data={"image/png": PNG}, metadata={"image/png": {"alt": alt}})
    caption = new_output("display_data", data={"text/html": f"<p>{alt}</p>", "text/plain": alt})
    return new_code_cell("show(fig)", outputs=[picture, caption])


def kinds(slide):
    return [block.kind for block in slide.blocks]


def test_a_text_gives_titles_bold_sentences_leads_equations_and_tables_and_the_rest_to_the_speaker():
    title, why = slides.slides(lesson(new_markdown_cell(TEXT)))
    assert (title.section, kinds(title)) == ("9.1 Two", ["prose"])
    assert "<strong>Is one and one always two, or only sometimes?</strong>" in title.blocks[0].html
    assert (why.section, kinds(why)) == ("Why", ["lead", "prose", "table"])
    assert "as was known before." in why.blocks[0].html
    assert "$$1 + 1 = 2$$" in why.blocks[1].html
    assert not any("at length" in block.html for block in why.blocks)
    assert "It is said at length." in why.notes[0]


def test_a_figure_keeps_its_description_and_stands_below_a_sentence_or_two():
    [_, why] = slides.slides(
        lesson(new_markdown_cell("# T"), new_markdown_cell("## Why\n\nLook at the line as it rises."), drawn())
    )
    assert kinds(why) == ["lead", "figure"]
    assert 'alt="A line rises from one to two."' in why.blocks[1].html
    assert f"data:image/png;base64,{PNG}" in why.blocks[1].html
    assert f"*{words.CAPTION}* A line rises from one to two." in why.notes


def test_a_sentence_alone_is_left_to_the_speaker():
    tall = printed("\n".join("row" for _ in range(17)))
    lead = "It is so, and it has always been so, as far as we know " + "and think, " * 5 + "today."
    text = new_markdown_cell(f"## Why\n\n{lead}")
    [_, why] = slides.slides(lesson(new_markdown_cell("# T\n\n**A question that is long enough?**"), text, tall))
    assert kinds(why) == ["printed"]
    assert "as far as we know" in why.notes[0]


def test_a_figure_below_much_else_begins_a_screen():
    many = new_markdown_cell("# T\n\n" + "\n\n".join(["$$x$$"] * 3))
    assert [kinds(slide) for slide in slides.slides(lesson(new_markdown_cell("# 0"), many, drawn()))] == [
        [], ["prose"] * 3, ["figure"]
    ]  # fmt: skip


def test_what_was_printed_is_told_apart():
    text = (
        "9.1p1  Which of the two is it then?\n  · this\n  · that\n"
        "✓ 9.1c1  it is this · ours 2 in [1, 3] · control 5\nplain  1\n  2\n9.1p1  measured this · no prediction\n"
        "TODO 9.1a: replace the ...\nQuiz 9.1q1  Why?\n  a  So.\n  b  Not so.\n"
    )
    [first, *others] = slides.slides(lesson(new_markdown_cell("# T"), printed(text)))
    blocks = [block for slide in (first, *others) for block in slide.blocks]
    assert [block.kind for block in blocks] == ["prediction", "claim", "printed", "claim", "prediction"]
    assert blocks[0].html.count("<li>") == 2
    assert "<b>✓</b> 9.1c1  it is this<br><span>ours 2 in [1, 3] · control 5</span>" in blocks[1].html
    assert "plain  1\n  2" in blocks[2].html
    assert "Which of the two is it then?<br><span>measured this</span>" in blocks[3].html
    assert "TODO" not in "".join(block.html for block in blocks)


def test_no_answer_stands_below_its_question():
    text = "9.1p1  Which of the two is it then?\n  · this\n  · that\nmeasured already: 5\n"
    _, asked, after = slides.slides(lesson(new_markdown_cell("# T"), new_markdown_cell("## Ask"), printed(text)))
    assert (kinds(asked), kinds(after)) == (["prediction"], ["printed"])


def test_the_speaker_knows_the_answers_and_needs_no_time_for_them():
    cell = printed("Quiz 0q1  A line?\n  a  So.\n", source='quiz("0q1")\n\nexercise("0a")')
    *_, asked = slides.slides(lesson(new_markdown_cell("# T"), new_markdown_cell("## Ask"), cell))
    assert asked.answers[0].startswith("*Answer 0q1*: **b**. ")
    assert "12 * 96 * 12288**2" in asked.answers[1]
    assert asked.seconds == slides.SECONDS["prediction"]
    assert "12 * 96 * 12288**2" in slides._section_html(asked, first=False)


def test_code_keeps_its_colours_across_screens():
    source = 'def f():\n    """A text.\n' + "\n".join(f"    line {n}" for n in range(40)) + '\n    """\n    return 1'
    first, *others = slides._code_blocks(source)
    keyword = re.search(r"<span[^>]*>def", first.html)[0].removesuffix("def")
    assert f"{keyword}return</span>" in others[-1].html  # and not as a part of the text that began on another screen


def test_a_number_in_a_title_is_no_list():
    assert "<ol" not in slides._section_html(slides.Slide("10. Exercises", []), first=False)


def test_code_is_shown_where_a_tag_says_so_and_a_cell_can_be_left_out():
    hidden, shown = printed("x", source="secret = 1"), printed("y", ["slide-code"], "def open():\n    return 2")
    gone = printed("never", ["slide-skip"])
    found = "".join(
        b.html for slide in slides.slides(lesson(new_markdown_cell("# T"), hidden, shown, gone)) for b in slide.blocks
    )
    assert "secret" not in found
    assert "def" in found
    assert "never" not in found


def test_long_code_and_print_are_cut_into_parts_of_equal_length():
    long = "\n".join(f"line {n}" for n in range(45))
    shown = slides.slides(lesson(new_markdown_cell("# T"), new_markdown_cell("## Long"), printed(long)))
    parts = [block.html for slide in shown for block in slide.blocks]
    counts = [part.count("line") for part in parts]
    assert sum(counts) == 45
    assert max(counts) - min(counts) <= 1
    assert len(counts) > 1


def test_time_is_spoken_words_and_looking():
    slide = slides.Slide("s", [slides.Block("", 0, "figure")], [" ".join(["word"] * 130)])
    assert slide.seconds == 60 + slides.SECONDS["figure"]
    assert slides.Slide("s", [], []).seconds == 10


def test_the_plan_adds_up():
    notebook = notebooks.read(notebooks.find(["1.3"])[0]["path"])
    shown = slides.slides(notebook)
    plan = slides.plan(notebook)
    assert [section for section, _ in plan] == list(dict.fromkeys(slide.section for slide in shown))
    assert sum(minutes for _, minutes in plan) == pytest.approx(sum(slide.seconds for slide in shown) / 60)


@pytest.mark.parametrize("lesson", notebooks.lessons(), ids=lambda lesson: lesson["lesson"])
def test_every_lesson_gives_slides_that_need_nothing_from_outside(lesson):
    notebook = notebooks.read(lesson["path"])
    page = slides.page(notebook)
    assert 15 <= len(slides.slides(notebook)) <= 36
    without_data = re.sub(r"data:[\w/;]+;?base64,[\w+/=]+", "", page)
    assert not re.search(r"""(src|href)\s*=\s*["']?(https?:)?//""", without_data)
    assert "url(fonts" not in page
    notes = " ".join(re.findall(r'<aside class="notes">(.*?)</aside>', page, re.DOTALL))
    assert len(notes.split()) > 400
