"""Normalises articles' bar codes to the form that registers scan, and removes duplicates. Pure, vectorised.

A register that scans a code which two articles share sells one of them at random, at its price and from its stock.
So both articles lose the code and are sold by hand, with a rejection for each. The till validates the check digit.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cloudkasse_etl.entities import ARTICLES
from cloudkasse_etl.rejections.rejection import Rejection

ASSET, DUPLICATE, NO_FORM = ARTICLES.extract, "gtin_duplicate", "gtin_form_invalid"
LENGTHS = (8, 12, 13, 14)
_LONGEST = 14
_SHOWN_ARTICLES = 5


def plain(codes: "pd.Series[Any]") -> "pd.Series[str]":
    """Bar codes without blanks and hyphens where the result is a valid GTIN; else unchanged."""
    texts = codes.astype("str")
    odd = texts.str.contains("[ -]", regex=True, na=False).to_numpy(bool)
    if not odd.any():
        return texts
    bare = texts[odd].str.replace("[ -]", "", regex=True)
    return texts.mask(pd.Series(odd, index=texts.index) & is_valid(bare).reindex(texts.index, fill_value=False), bare)


def is_valid(codes: "pd.Series[Any]") -> "pd.Series[bool]":
    """Mask of codes with 8, 12, 13 or 14 digits and a valid check digit."""
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
    """Valid codes padded to 14 digits, so that 12 digits equal 13 with a leading zero; missing where not valid."""
    return codes.where(is_valid(codes)).str.zfill(_LONGEST)


def spellings(code: str) -> list[str]:
    """The ways to write a comparable code without blanks and hyphens."""
    return [code[-length:] for length in LENGTHS if not code[:-length].strip("0")]


def all_spellings(codes: Sequence[str]) -> list[str]:
    """The ways in which other articles may write the codes of these, without blanks and hyphens."""
    known = comparable(plain(pd.Series(list(codes), dtype="str"))).dropna().unique()
    return [spelling for code in known for spelling in spellings(code)]


def checked_bar_codes(articles: pd.DataFrame) -> tuple[pd.DataFrame, list[Rejection]]:
    """Normalises bar codes, and removes those that are invalid or shared by two articles.

    Args:
        articles: As ArticleExtract has them: all that are uploaded, or some and all that share a code with them.

    Returns:
        All the articles, and warnings by article number for the codes that were removed.
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
    """The given articles that have a rejection for sharing a bar code."""
    duplicates = [one for one in rejections if one.code == DUPLICATE]
    codes = {one.detail["value"] for one in duplicates if one.key in numbers}
    return {one.key for one in duplicates if one.detail["value"] in codes}
