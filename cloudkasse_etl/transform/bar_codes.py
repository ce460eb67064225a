"""Bar codes of articles: in the one form that registers scan, and never one at two articles. Pure, vectorised.

A register that scans a code which stands at two articles sells one of them at random, at its price and from its
stock. So neither gets it: both are sold by hand, and both are told by name. The check digit is CloudKasse's to judge.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cloudkasse_etl.rejections.rejection import Rejection

ASSET, DUPLICATE, NO_FORM = "selectline_articles", "gtin_duplicate", "gtin_form_invalid"
LENGTHS = (8, 12, 13, 14)
_LONGEST = 14
_SHOWN_ARTICLES = 5


def plain(codes: "pd.Series[Any]") -> "pd.Series[str]":
    """Bar codes without blanks and hyphens, where the rest is a valid GTIN; else as they are."""
    texts = codes.astype("str")
    odd = texts.str.contains("[ -]", regex=True, na=False).to_numpy(bool)
    if not odd.any():
        return texts
    bare = texts[odd].str.replace("[ -]", "", regex=True)
    return texts.mask(pd.Series(odd, index=texts.index) & is_valid(bare).reindex(texts.index, fill_value=False), bare)


def is_valid(codes: "pd.Series[Any]") -> "pd.Series[bool]":
    """Where a code has 8, 12, 13 or 14 digits and the check digit is right."""
    result = pd.Series(False, index=codes.index)
    formed = _has_form(codes)
    if formed.any():
        padded = codes[formed].str.zfill(_LONGEST)
        digits = np.frombuffer("".join(padded).encode("ascii"), dtype=np.uint8).reshape(-1, _LONGEST) - ord("0")
        weights = np.array([3, 1] * (_LONGEST // 2))
        result[formed] = (digits.astype("int64") @ weights) % 10 == 0
    return result


def _has_form(codes: "pd.Series[Any]") -> npt.NDArray[np.bool_]:
    return codes.str.fullmatch(r"[0-9]{8}|[0-9]{12,14}").fillna(False).to_numpy(bool)


def comparable(codes: "pd.Series[Any]") -> "pd.Series[str]":
    """Valid codes in 14 digits, in which one of 12 equals the same with a leading zero; missing where not valid."""
    return codes.where(is_valid(codes)).str.zfill(_LONGEST)


def spellings(code: str) -> list[str]:
    """How a comparable code may be written without blanks and hyphens."""
    return [code[-length:] for length in LENGTHS if not code[:-length].strip("0")]


def all_spellings(codes: Sequence[str]) -> list[str]:
    """How the codes of some articles may be written at others, without blanks and hyphens."""
    known = comparable(plain(pd.Series(list(codes), dtype="str"))).dropna().unique()
    return [spelling for code in known for spelling in spellings(code)]


def judge_bar_codes(articles: pd.DataFrame) -> tuple[pd.DataFrame, list[Rejection]]:
    """Brings bar codes into the form that registers scan; takes away what is none, or stands at two articles.

    Args:
        articles: As ArticleExtract has them: all that go up, or some and all that share a code with one of these.

    Returns:
        The articles, none missing, and what is told of them by number.
    """
    if articles["gtin"].isna().all():
        return articles, []
    codes = plain(articles["gtin"])
    formless = codes.notna() & ~_has_form(codes.str.replace("[ -]", "", regex=True))
    keys = comparable(codes)
    double = keys.notna() & keys.duplicated(keep=False)
    rejections = [
        Rejection(ASSET, number, NO_FORM, {"value": code, "count": str(len(code))}, content=code)
        for number, code in zip(articles.loc[formless, "number"], codes[formless], strict=True)
    ]
    for key, rows in articles[double].groupby(keys[double]):
        numbers = sorted(rows["number"])
        more = ", …" if len(numbers) > _SHOWN_ARTICLES else ""
        detail = {"value": str(key).lstrip("0"), "articles": ", ".join(numbers[:_SHOWN_ARTICLES]) + more}
        content = "\x1f".join([str(key), *numbers])
        rejections += [Rejection(ASSET, number, DUPLICATE, detail, content=content) for number in numbers]
    return articles.assign(gtin=codes.mask(formless | double)), rejections


def sharing(rejections: Iterable[Rejection], numbers: Collection[str]) -> set[str]:
    """The articles that were told to share a bar code with one of some."""
    told = [one for one in rejections if one.code == DUPLICATE]
    codes = {one.detail["value"] for one in told if one.key in numbers}
    return {one.key for one in told if one.detail["value"] in codes}
