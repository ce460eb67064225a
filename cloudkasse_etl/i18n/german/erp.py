"""German: the ERP."""

TEXTS: dict[str, str] = {
    # --- the database, as a sentence names it
    "The ERP's database file {file}": "Die Datenbankdatei {file} der Warenwirtschaft",
    "The ERP's database {name}": "Die Datenbank {name} der Warenwirtschaft",
    "The ERP's database": "Die Datenbank der Warenwirtschaft",
    "{database} on {host}": "{database} auf {host}",
    "ERP, table {table}": "Warenwirtschaft, Tabelle {table}",
    "ERP, tables {tables}": "Warenwirtschaft, Tabellen {tables}",
    "ERP": "Warenwirtschaft",
    # --- it cannot be reached or read
    "{place} could not be read ({kind}).": "{place} war nicht lesbar ({kind}).",
    "{place} answered with error {state} ({kind}).": "{place} meldet den Fehler {state} ({kind}).",
    "{place} cannot be read.": "{place} ist nicht lesbar.",
    "Look whether the disk is in order.": "Prüfen Sie, ob der Datenträger in Ordnung ist.",
    "{place} cannot be reached.": "{place} ist nicht erreichbar.",
    "Look whether server and network are up, and whether host and port in CLOUDKASSE_ERP_URL are right.": (
        "Prüfen Sie, ob Server und Netz laufen und ob Rechner und Port in CLOUDKASSE_ERP_URL stimmen."
    ),
    "{place} does not accept the login.": "{place} nimmt die Anmeldung nicht an.",
    "Correct user and password in CLOUDKASSE_ERP_URL.": "Berichtigen Sie Benutzer und Passwort in CLOUDKASSE_ERP_URL.",
    "{place} does not exist there, or the login may not open it.": (
        "{place} ist dort nicht vorhanden, oder die Anmeldung darf sie nicht öffnen."
    ),
    "Correct the database name in CLOUDKASSE_ERP_URL.": "Berichtigen Sie den Datenbanknamen in CLOUDKASSE_ERP_URL.",
    "{place} refuses the login or has no such database.": "{place} weist die Anmeldung ab oder ist nicht vorhanden.",
    "Correct user, password and database name in CLOUDKASSE_ERP_URL.": (
        "Berichtigen Sie Benutzer, Passwort und Datenbanknamen in CLOUDKASSE_ERP_URL."
    ),
    "{place} is locked by somebody else for more than {seconds} seconds.": (
        "{place} ist seit mehr als {seconds} Sekunden von jemand anderem gesperrt."
    ),
    "Synchronise again once SelectLine has finished its work.": (
        "Synchronisieren Sie erneut, wenn SelectLine mit seiner Arbeit fertig ist."
    ),
    "Synchronise again once the other program has finished.": (
        "Synchronisieren Sie erneut, wenn das andere Programm fertig ist."
    ),
    "{place} is a folder.": "{place} ist ein Ordner.",
    "Let CLOUDKASSE_ERP_URL name the file in it.": "Nennen Sie in CLOUDKASSE_ERP_URL die Datei darin.",
    "{place} does not exist.": "{place} ist nicht vorhanden.",
    "Correct CLOUDKASSE_ERP_URL, or bring the file back.": (
        "Berichtigen Sie CLOUDKASSE_ERP_URL, oder stellen Sie die Datei wieder her."
    ),
    "{place} cannot be opened.": "{place} lässt sich nicht öffnen.",
    "Let this user read the file.": "Geben Sie diesem Benutzer das Leserecht an der Datei.",
    "{place} is no SQLite database, or it is damaged.": "{place} ist keine SQLite-Datenbank oder beschädigt.",
    "Bring back a good copy of the file.": "Stellen Sie eine unbeschädigte Kopie der Datei wieder her.",
    # --- its URL
    "The URL of the ERP's database names no file.": "Die URL der Datenbank der Warenwirtschaft nennt keine Datei.",
    "Write CLOUDKASSE_ERP_URL like sqlite:///erp.db.": "Schreiben Sie CLOUDKASSE_ERP_URL wie sqlite:///erp.db.",
    "The URL of the ERP's database cannot be understood.": (
        "Die URL der Datenbank der Warenwirtschaft ist nicht zu verstehen."
    ),
    "Write CLOUDKASSE_ERP_URL like mssql+pyodbc://user:password@host:1433/SL_MNAME?driver=...; special characters in "
    "the password as %40 and so on.": (
        "Schreiben Sie CLOUDKASSE_ERP_URL wie mssql+pyodbc://benutzer:passwort@rechner:1433/SL_MNAME?driver=...; "
        "Sonderzeichen im Passwort als %40 und so weiter."
    ),
    "The driver '{name}' for {backend} is not installed.": "Der Treiber „{name}“ für {backend} ist nicht installiert.",
    "Install it: pip install 'cloudkasse-etl[{extra}]'": "Installieren Sie ihn: pip install 'cloudkasse-etl[{extra}]'",
    "Use another driver in the URL.": "Nennen Sie in der URL einen anderen Treiber.",
    "The URL of the ERP's database names a database or an option that is not supported.": (
        "Die URL der Datenbank der Warenwirtschaft nennt eine Datenbank oder Option, die nicht unterstützt wird."
    ),
    "CLOUDKASSE_ERP_URL begins with sqlite:///, postgresql+psycopg:// or mssql+pyodbc://.": (
        "CLOUDKASSE_ERP_URL beginnt mit sqlite:///, postgresql+psycopg:// oder mssql+pyodbc://."
    ),
    "{place}: the database driver that CLOUDKASSE_ERP_URL names is not installed, or an option of the URL is "
    "unknown.": (
        "{place}: Der Datenbanktreiber, den CLOUDKASSE_ERP_URL nennt, ist nicht installiert, oder eine Option der URL "
        "ist unbekannt."
    ),
    "Install the ODBC driver and name it: ?driver=ODBC+Driver+18+for+SQL+Server.": (
        "Installieren Sie den ODBC-Treiber und nennen Sie ihn: ?driver=ODBC+Driver+18+for+SQL+Server."
    ),
    # --- its tables and rights
    "table {table}": "die Tabelle {table}",
    "the tables {tables}": "die Tabellen {tables}",
    "a table": "eine Tabelle",
    "a table or its schema": "eine Tabelle oder ihr Schema",
    "such table or schema": "diese Tabelle oder dieses Schema",
    "{place}: the login may not read {what}: it lacks the right SELECT.": (
        "{place}: Die Anmeldung darf {what} nicht lesen: Ihr fehlt das Recht SELECT."
    ),
    "Let a database administrator grant it: {grant}, for the login that CLOUDKASSE_ERP_URL names.": (
        "Lassen Sie es von der Datenbankverwaltung erteilen: {grant}, für die Anmeldung aus CLOUDKASSE_ERP_URL."
    ),
    "{place} has no {what} that this login can see.": "{place}: Diese Anmeldung findet dort nicht: {what}.",
    "Look whether the URL names the right tenant database and erp.schema the right schema, and whether the login has "
    "the right SELECT.": (
        "Prüfen Sie, ob die URL die richtige Mandantendatenbank nennt und erp.schema das richtige Schema, und ob die "
        "Anmeldung das Recht SELECT hat."
    ),
    "{place}: {what} lacks a column.": "{place}: Es fehlt eine Spalte; betroffen: {what}.",
    "`cloudkasse-etl check` lists all that is missing.": "`cloudkasse-etl check` nennt alles, was fehlt.",
    "There is no column {column}.": "Die Spalte {column} fehlt.",
    "Look whether the database is one of SelectLine Auftrag, and whether a restricted view hides the column.": (
        "Prüfen Sie, ob es eine Datenbank von SelectLine Auftrag ist und ob eine eingeschränkte Sicht die Spalte "
        "verbirgt."
    ),
    "There is no column {column}, which {key} names.": "Die Spalte {column}, die {key} nennt, fehlt.",
    "Correct {key} in the settings (null where there are no open prices), or add the column in SelectLine.": (
        "Berichtigen Sie {key} in den Einstellungen (null, wo es keine offenen Preise gibt), oder legen Sie die Spalte "
        "in SelectLine an."
    ),
    "This table does not exist, or the login may not see it.": (
        "Diese Tabelle ist nicht vorhanden, oder die Anmeldung darf sie nicht sehen."
    ),
    "Look whether CLOUDKASSE_ERP_URL names the right tenant database and erp.schema the right schema, and let a "
    "database administrator give its login the right SELECT on {table}.": (
        "Prüfen Sie, ob CLOUDKASSE_ERP_URL die richtige Mandantendatenbank nennt und erp.schema das richtige Schema, "
        "und lassen Sie der Anmeldung das Recht SELECT an {table} geben."
    ),
    # --- what the settings name and it does not hold
    "none": "nichts",
    "It holds no {what} '{name}', which {key} names; it holds: {held}.": (
        "{what} „{name}“, in {key} genannt, ist nicht vorhanden; vorhanden: {held}."
    ),
    "price group": "Die Preisgruppe",
    "article group": "Die Artikelgruppe",
    "employee": "Die Mitarbeiternummer",
    "Correct {key} in the settings, or create it in SelectLine.": (
        "Berichtigen Sie {key} in den Einstellungen, oder legen Sie es in SelectLine an."
    ),
    "It holds no warehouse '{warehouse}', which register {register} sells from; it holds: {held}.": (
        "Das Lager „{warehouse}“, aus dem Kasse {register} verkauft, ist nicht vorhanden; vorhanden: {held}."
    ),
    "Correct the warehouse of register {register} in the settings, or create it in SelectLine.": (
        "Berichtigen Sie das Lager von Kasse {register} in den Einstellungen, oder legen Sie es in SelectLine an."
    ),
    "It holds {count} companies: {held}.": "Es gibt {count} Mandanten: {held}.",
    "Name one of them: company.database_name.": "Nennen Sie einen davon: company.database_name.",
    "It holds no company.": "Es gibt keinen Mandanten.",
    "Look whether CLOUDKASSE_ERP_URL names the right tenant database.": (
        "Prüfen Sie, ob CLOUDKASSE_ERP_URL die richtige Mandantendatenbank nennt."
    ),
    "It holds no company whose Datenbankname is '{name}'; it holds: {held}.": (
        "Es gibt keinen Mandanten mit dem Datenbanknamen „{name}“; vorhanden: {held}."
    ),
    "Correct company.database_name in the settings.": "Berichtigen Sie company.database_name in den Einstellungen.",
}
