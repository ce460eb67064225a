"""German: our own tables."""

TEXTS: dict[str, str] = {
    # --- where they lie, as a sentence names it
    "own tables": "eigene Tabellen",
    "the database file {file}": "Datenbankdatei {file}",
    "database {name}": "Datenbank {name}",
    "the database": "Datenbank",
    "a database in memory": "Datenbank im Arbeitsspeicher",
    # --- no place for them
    "There is no folder {folder} yet; the first run makes it.": (
        "Den Ordner {folder} gibt es noch nicht; der erste Lauf legt ihn an."
    ),
    "Look whether CLOUDKASSE_STATE_URL is spelled as you mean it.": (
        "Prüfen Sie, ob CLOUDKASSE_STATE_URL so geschrieben ist, wie Sie es meinen."
    ),
    "Our own tables cannot be made in {file}: there is no folder {missing}, nor {folder}.": (
        "Die eigenen Tabellen lassen sich nicht in {file} anlegen: Es gibt weder den Ordner {missing} noch {folder}."
    ),
    "Correct CLOUDKASSE_STATE_URL, or make the folder.": (
        "Berichtigen Sie CLOUDKASSE_STATE_URL, oder legen Sie den Ordner an."
    ),
    "There is no place for our own tables: nothing can be written in {folder}.": (
        "Für die eigenen Tabellen ist kein Platz: In {folder} lässt sich nichts schreiben."
    ),
    "Let this user write there, or let CLOUDKASSE_STATE_URL name another place.": (
        "Geben Sie diesem Benutzer dort das Schreibrecht, oder nennen Sie in CLOUDKASSE_STATE_URL einen anderen Ort."
    ),
    "The database file {file} does not exist.": "Die Datenbankdatei {file} ist nicht vorhanden.",
    "No room is left for our own tables in {place}.": "Für die eigenen Tabellen ist kein Platz mehr ({place}).",
    "Make room there, then start again; what had been accepted by then counts.": (
        "Schaffen Sie dort Platz, und starten Sie erneut; was bis dahin angenommen war, zählt."
    ),
    # --- they cannot be written or reached
    "Our own tables in {place} cannot be written: it is read-only.": (
        "Die eigenen Tabellen sind schreibgeschützt ({place})."
    ),
    "Let this user write there, or let CLOUDKASSE_STATE_URL name another database.": (
        "Geben Sie diesem Benutzer dort das Schreibrecht, oder nennen Sie in CLOUDKASSE_STATE_URL eine andere "
        "Datenbank."
    ),
    "The login may not write or create our own tables in {place}.": (
        "Die Anmeldung darf die eigenen Tabellen nicht anlegen oder schreiben ({place})."
    ),
    "Let a database administrator grant it the right to create tables (in state.schema, where it is set), or let "
    "CLOUDKASSE_STATE_URL name another database.": (
        "Lassen Sie ihr das Recht geben, Tabellen anzulegen (in state.schema, wo es gesetzt ist), oder nennen Sie in "
        "CLOUDKASSE_STATE_URL eine andere Datenbank."
    ),
    "Our own tables in {place} are locked by another program for more than {seconds} seconds.": (
        "Die eigenen Tabellen sind seit mehr als {seconds} Sekunden von einem anderen Programm gesperrt ({place})."
    ),
    "{place} ended a transaction of ours, which blocked another program and was blocked by it.": (
        "Ein eigener Vorgang und ein anderes Programm blockierten einander; die Datenbank brach den eigenen ab "
        "({place})."
    ),
    "Nothing of it was stored; the next synchronisation goes on from here.": (
        "Davon wurde nichts gespeichert; die nächste Synchronisation macht hier weiter."
    ),
    "Start again once it has finished; the next synchronisation goes on from here.": (
        "Starten Sie erneut, wenn es fertig ist; die nächste Synchronisation macht hier weiter."
    ),
    "Our own tables cannot be reached: {place} does not accept the login.": (
        "Die eigenen Tabellen sind nicht erreichbar: Die Anmeldung wird nicht angenommen ({place})."
    ),
    "Correct user and password in CLOUDKASSE_STATE_URL.": (
        "Berichtigen Sie Benutzer und Passwort in CLOUDKASSE_STATE_URL."
    ),
    "Our own tables cannot be reached: there is no {place}, or the login may not open it.": (
        "Die eigenen Tabellen sind nicht erreichbar: Die Datenbank ist nicht vorhanden, oder die Anmeldung darf sie "
        "nicht öffnen ({place})."
    ),
    "Correct the database name in CLOUDKASSE_STATE_URL.": "Berichtigen Sie den Datenbanknamen in CLOUDKASSE_STATE_URL.",
    "Our own tables cannot be reached: {place} does not answer.": (
        "Die eigenen Tabellen sind nicht erreichbar: Die Datenbank antwortet nicht ({place})."
    ),
    "Look whether server and network are up, and whether host and port in CLOUDKASSE_STATE_URL are right; the next "
    "synchronisation goes on from here.": (
        "Prüfen Sie, ob Server und Netz laufen und ob Rechner und Port in CLOUDKASSE_STATE_URL stimmen; die nächste "
        "Synchronisation macht hier weiter."
    ),
    "Our own tables in {place} cannot be read or written: error {state}.": (
        "Die eigenen Tabellen sind nicht les- oder schreibbar ({place}): Fehler {state}."
    ),
    "Our own tables in {place} cannot be read or written: {reason}.": (
        "Die eigenen Tabellen sind nicht les- oder schreibbar ({place}): {reason}."
    ),
    "Look whether the database is in order; the next synchronisation goes on from here.": (
        "Prüfen Sie, ob die Datenbank in Ordnung ist; die nächste Synchronisation macht hier weiter."
    ),
    "Look whether the disk is in order; the next synchronisation goes on from here.": (
        "Prüfen Sie, ob der Datenträger in Ordnung ist; die nächste Synchronisation macht hier weiter."
    ),
    "Our own tables cannot be reached: {file} is a folder.": (
        "Die eigenen Tabellen sind nicht erreichbar: {file} ist ein Ordner."
    ),
    "Let CLOUDKASSE_STATE_URL name a file in it.": "Nennen Sie in CLOUDKASSE_STATE_URL eine Datei darin.",
    "Our own tables cannot be reached: {place} cannot be opened.": (
        "Die eigenen Tabellen sind nicht erreichbar: {place} lässt sich nicht öffnen."
    ),
    "Let this user read and write the file and its folder, or correct CLOUDKASSE_STATE_URL.": (
        "Geben Sie diesem Benutzer Lese- und Schreibrecht an Datei und Ordner, oder berichtigen Sie "
        "CLOUDKASSE_STATE_URL."
    ),
    "Our own tables cannot be read: {place} is no SQLite database, or it is damaged.": (
        "Die eigenen Tabellen sind nicht lesbar: {place} ist keine SQLite-Datenbank oder beschädigt."
    ),
    "Bring back a good copy of the file, or correct CLOUDKASSE_STATE_URL.": (
        "Stellen Sie eine unbeschädigte Kopie der Datei wieder her, oder berichtigen Sie CLOUDKASSE_STATE_URL."
    ),
    "{place} ended a transaction of ours that had stood still for too long.": (
        "Eine Transaktion dieses Programms stand zu lange still und wurde beendet ({place})."
    ),
    "Look whether this computer is overloaded or was asleep; the next synchronisation goes on from here.": (
        "Prüfen Sie, ob dieser Rechner überlastet ist oder im Ruhezustand war; die nächste Synchronisation macht hier "
        "weiter."
    ),
    # --- the lease
    "Another synchronisation is running: {run} ({kind}), started by {who} at {time}.": (
        "Es läuft schon eine Synchronisation: {run} ({kind}), gestartet von {who} um {time}."
    ),
    "Wait until it has ended, then try again.": "Warten Sie, bis sie beendet ist, und versuchen Sie es dann erneut.",
    "The run {run} lost its lease: it stood still for too long, and another one took over at {time} ({kind}, started "
    "by {who}).": (
        "Der Lauf {run} hat seine Sperre verloren: Er stand zu lange still, und ein anderer hat um {time} "
        "übernommen ({kind}, gestartet von {who})."
    ),
    "The run {run} lost its lease: somebody removed it from the database.": (
        "Der Lauf {run} hat seine Sperre verloren: Sie wurde aus der Datenbank entfernt."
    ),
    "The run {run} has given its lease back already.": "Der Lauf {run} hat seine Sperre schon zurückgegeben.",
    "Nothing more was written; the other one does the work.": (
        "Es wurde nichts mehr geschrieben; der andere erledigt die Arbeit."
    ),
    # --- their version and URL
    "SQLite has no schemas, but state.schema is set.": "SQLite hat keine Schemas, aber state.schema ist gesetzt.",
    "Remove state.schema, or use another database.": (
        "Entfernen Sie state.schema, oder verwenden Sie eine andere Datenbank."
    ),
    "Our own tables are of version {found}; this program knows them up to {known}.": (
        "Die eigenen Tabellen haben die Version {found}; dieses Programm kennt sie bis {known}."
    ),
    "Install the release that wrote them, or a newer one.": (
        "Installieren Sie die Fassung, die sie geschrieben hat, oder eine neuere."
    ),
    "The URL of our own tables cannot be understood.": "Die URL der eigenen Tabellen ist nicht zu verstehen.",
    "Correct CLOUDKASSE_STATE_URL, or CLOUDKASSE_ERP_URL where that one is used.": (
        "Berichtigen Sie CLOUDKASSE_STATE_URL, oder CLOUDKASSE_ERP_URL, wo diese verwendet wird."
    ),
    "The URL of our own tables names a database or an option that is not supported.": (
        "Die URL der eigenen Tabellen nennt eine Datenbank oder Option, die nicht unterstützt wird."
    ),
    "CLOUDKASSE_STATE_URL begins with sqlite:///, postgresql+psycopg:// or mssql+pyodbc://.": (
        "CLOUDKASSE_STATE_URL beginnt mit sqlite:///, postgresql+psycopg:// oder mssql+pyodbc://."
    ),
}
