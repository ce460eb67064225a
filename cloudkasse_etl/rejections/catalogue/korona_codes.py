"""Codes for receipts and closings of KORONA.cloud that cannot be brought into our form."""

from cloudkasse_etl.rejections.catalogue.entry import Failure


def unclear(text: str) -> Failure:
    """A receipt that only a person can decide about."""
    return Failure(
        text,
        "Look at the receipt in KORONA.cloud; once it is clear, dismiss it here with a reason and book it by hand.",
    )


TEXTS: dict[str, Failure] = {
    "korona_unreadable": Failure(
        "KORONA.cloud's record is not as its description says: {message}",
        "Run again with --retry-rejected, which fetches it anew; if it stays, report it to KORONA.cloud.",
    ),
    "korona_register_unknown": Failure(
        "No register is KORONA.cloud's point of sale '{value}' ({name}).",
        "Write till_id: '{value}' at its register below registers: in cloudkasse.yaml; it is then checked again "
        "by itself.",
    ),
    "korona_tender_unknown": Failure(
        "KORONA.cloud's payment method '{value}' ({name}) has no tender.",
        "Name it below till.korona.tenders in cloudkasse.yaml: '{value}': Bar, ECKarte, Kreditkarte, "
        "ElZahlungsdienstleister, Guthabenkarte or {{Unbar: name}}. It is then checked again by itself.",
    ),
    "korona_account_unknown": Failure(
        "KORONA.cloud's account '{value}' ({name}), on which cash was put in or taken out, has no business case.",
        "Name it below till.korona.accounts in cloudkasse.yaml: '{value}': Geldtransit, Privatentnahme and so on. The "
        "receipt is then checked again by itself.",
    ),
    "korona_voucher_unknown": Failure(
        "KORONA.cloud's voucher configuration '{value}' ({name}) has no business case.",
        "Name it below till.korona.vouchers in cloudkasse.yaml: '{value}': MehrzweckgutscheinKauf and so on. The "
        "receipt is then checked again by itself. If the receipt names no configuration (-), dismiss it with a reason "
        "and book it by hand.",
    ),
    "korona_several_rates": unclear("{value} has several tax rates: {rates}."),
    "korona_sums": unclear("{field} is {value}, the parts come to {computed}."),
}
