"""Why a receipt has no effect on books and stock: the reasons that are stored, and their words."""

from collections.abc import Mapping
from enum import StrEnum

from cloudkasse_etl.i18n.text import Text, say


class NoEffect(StrEnum):
    """A reason; those that are a kind of receipt have the code of DSFinV-K behind them."""

    TRAINING = "training"  # AVTraining
    BROKEN_OFF = "broken_off"  # AVBelegabbruch, or a receipt that is cancelled and refers to no other
    ORDER = "order"  # AVBestellung
    INVOICE = "invoice"  # AVRechnung
    VOIDED_INVOICE = "voided_invoice"  # AVBelegstorno
    TRANSFER = "transfer"  # AVTransfer
    IN_KIND = "in_kind"  # AVSachbezug, unless receipts.in_kind_moves_stock is set
    OTHER = "other"  # AVSonstige, or a kind that a later release of the contract brings
    EMPTY = "empty"  # no line that holds, and no amount
    VOID = "void"  # takes back a receipt that has no effect either


OF_KIND: Mapping[str, NoEffect] = {
    "AVTraining": NoEffect.TRAINING,
    "AVBelegabbruch": NoEffect.BROKEN_OFF,
    "AVBestellung": NoEffect.ORDER,
    "AVRechnung": NoEffect.INVOICE,
    "AVBelegstorno": NoEffect.VOIDED_INVOICE,
    "AVTransfer": NoEffect.TRANSFER,
    "AVSachbezug": NoEffect.IN_KIND,
}
"""The reason by kind of receipt; all other kinds are `NoEffect.OTHER`."""

NO_EFFECT_WORDS: Mapping[str, Text] = {
    NoEffect.TRAINING: say("training"),
    NoEffect.BROKEN_OFF: say("broken off"),
    NoEffect.ORDER: say("an order, not a sale (AVBestellung)"),
    NoEffect.INVOICE: say("an invoice, not a sale (AVRechnung)"),
    NoEffect.VOIDED_INVOICE: say("takes back an order or an invoice (AVBelegstorno)"),
    NoEffect.TRANSFER: say("moved to another receipt (AVTransfer)"),
    NoEffect.IN_KIND: say("goods taken in kind (AVSachbezug)"),
    NoEffect.OTHER: say("not a sale (AVSonstige)"),
    NoEffect.EMPTY: say("nothing on it"),
    NoEffect.VOID: say("takes back a receipt that has no effect"),
}
"""Each reason as a person reads it."""
