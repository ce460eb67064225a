"""What a reader of the ERP reads as a whole."""

import inspect

import pandas as pd

from cloudkasse_etl.erp.selectline.reader import ErpReader


def frames_of(reader: ErpReader) -> dict[str, pd.DataFrame]:
    """Each frame by the name of its method; one that is added to the reader needs no entry here."""
    whole = [
        name
        for name, method in vars(ErpReader).items()
        if not name.startswith("_") and inspect.isfunction(method) and _reads_a_frame(method)
    ]
    frames: dict[str, pd.DataFrame] = {name: getattr(reader, name)() for name in whole}
    assert len(frames) >= 6
    return frames | {"articles": reader.articles().frame, "prices": reader.prices().frame}


def _reads_a_frame(method: object) -> bool:
    assert callable(method)
    signature = inspect.signature(method)
    return signature.return_annotation in (pd.DataFrame, "pd.DataFrame") and list(signature.parameters) == ["self"]
