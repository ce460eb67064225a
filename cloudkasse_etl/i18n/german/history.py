"""German: history and protocols, and the folder where they lie."""

TEXTS: dict[str, str] = {
    # --- the folder
    "history": "Verlauf",
    "There is no dagster.yaml in this folder.": "In diesem Ordner gibt es keine dagster.yaml.",
    "Copy it there from the project, or let {variable} name the folder where it lies.": (
        "Kopieren Sie sie aus dem Projekt dorthin, oder nennen Sie in {variable} den Ordner, in dem sie liegt."
    ),
    "The history in {folder} cannot be written: {reason}.": "Der Verlauf in {folder} ist nicht schreibbar: {reason}.",
    "Let this user write there, or let {variable} name another folder.": (
        "Geben Sie diesem Benutzer dort das Schreibrecht, oder nennen Sie in {variable} einen anderen Ordner."
    ),
    "No room is left for the history in {folder}.": "Für den Verlauf in {folder} ist kein Platz mehr.",
    "Make room there, or let {variable} name another folder; what had been accepted by then counts.": (
        "Schaffen Sie dort Platz, oder nennen Sie in {variable} einen anderen Ordner; was bis dahin angenommen war, "
        "zählt."
    ),
    "The history in {folder} is damaged.": "Der Verlauf in {folder} ist beschädigt.",
    "Bring back a good copy of the folder, or let {variable} name another one: a new history begins there. Receipts, "
    "postings and open rejections do not lie in it.": (
        "Stellen Sie eine unbeschädigte Kopie des Ordners wieder her, oder nennen Sie in {variable} einen anderen: "
        "Dort beginnt ein neuer Verlauf. Bons, Buchungen und offene Ablehnungen liegen nicht darin."
    ),
    "The history in {folder} cannot be read or written: {reason}.": (
        "Der Verlauf in {folder} ist nicht les- oder schreibbar: {reason}."
    ),
    "{folder} is a file, not a folder.": "{folder} ist eine Datei, kein Ordner.",
    "Let {variable} name a folder that this user can write.": (
        "Nennen Sie in {variable} einen Ordner, in den dieser Benutzer schreiben darf."
    ),
    "Nothing can be written in {folder}.": "In {folder} lässt sich nichts schreiben.",
    "Only {megabytes:,.1f} MB are left on the disk of {folder}.": (
        "Auf dem Datenträger von {folder} sind nur noch {megabytes:,.1f} MB frei."
    ),
    "Make room there, or let {variable} name another folder.": (
        "Schaffen Sie dort Platz, oder nennen Sie in {variable} einen anderen Ordner."
    ),
    # --- runs and protocols
    "See: cloudkasse-etl history.": "Siehe: cloudkasse-etl history.",
    "'{run}' is no run id.": "„{run}“ ist keine Nummer eines Laufs.",
    "There is no run '{run}'.": "Es gibt keinen Lauf „{run}“.",
    "There is no protocol of a run '{run}'.": "Es gibt kein Protokoll eines Laufs „{run}“.",
    "See: cloudkasse-etl history. A run that was killed leaves none; the next one's has what is open.": (
        "Siehe: cloudkasse-etl history. Ein gewaltsam beendeter Lauf hinterlässt keines; das des nächsten enthält, was "
        "offen ist."
    ),
    "{count} runs begin with '{run}'.": "{count} Läufe beginnen mit „{run}“.",
    "Give more of the run id.": "Geben Sie mehr von der Nummer an.",
    "No run has ended yet.": "Es ist noch kein Lauf beendet.",
    "The first one: cloudkasse-etl sync.": "Der erste: cloudkasse-etl sync.",
    "{count:,} rejections written to {file}.": "{count:,} Ablehnungen in {file} geschrieben.",
    # --- files that commands write
    "The file {path} cannot be written: {reason}.": "Die Datei {path} ist nicht schreibbar: {reason}.",
    "Name another file, or close the program that has it open.": (
        "Nennen Sie eine andere Datei, oder schließen Sie das Programm, das sie geöffnet hat."
    ),
}
